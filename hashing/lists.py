"""Codes in lists by the centre nearest to them: a search reads but some of the lists.

Inverted lists after Sivic and Zisserman, "Video Google" (ICCV 2003), as faiss keeps
them for binary codes. What lies in a list that is not read is not found; how many are
read is settled when the lists are made, by the recall that it gives on a sample.
"""

from collections.abc import Iterator
from math import log2
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from hashing.codes import Codes
from hashing.errors import IndexFileError, RecallTooLow
from hashing.near import Near
from hashing.scan import SPARE, TIMES

LEAST_RECALL = 0.99
RECALL_AT = 100  # neighbours by which recall is measured
SAMPLED = 200  # queries
FLIPPED = 0.1  # share of their bits: a photo's code is none of the gallery's
FEWEST_PROBES = 4
MOST_PROBED = 0.25  # share of the lists above which a scan of all serves as well
TRAINED_ON = 64  # codes a list
ROUNDS = 8
SEED = 0


class Lists:
    """Immutable, hence safe to search from several threads at once."""

    def __init__(self, ivf: Any, *, probes: int, recall: float) -> None:
        """Use `build` or `load`. `ivf` is a faiss.IndexBinaryIVF, ids as rows."""
        self._ivf = ivf
        self.probes = probes
        self.recall = recall

    @classmethod
    def build(
        cls,
        codes: Codes,
        *,
        least_recall: float = LEAST_RECALL,
        probes: int | None = None,
    ) -> Self:
        """Put codes (n, n_bits // 8) into about sqrt(n) lists.

        So many are read as give the recall; or `probes`, whatever that finds. Raises
        RecallTooLow if a quarter of the lists is not enough.
        """
        n_lists = 2 ** int(log2(max(1, len(codes))) / 2 + 0.25)
        faiss.omp_set_num_threads(1)  # see CodeIndex.search_rows
        ivf = _filled(codes, n_lists)
        queries = _queries(codes)
        k = min(RECALL_AT, len(codes))
        nearest, _ = faiss.knn_hamming(queries, codes, k, variant="hc")
        made = cls(ivf, probes=n_lists, recall=1.0)
        for number in [probes] if probes else _tries(n_lists):
            made = cls(ivf, probes=min(number, n_lists), recall=1.0)
            made.recall = made._recall(queries, nearest[:, -1])
            if probes or made.recall >= least_recall:
                return made
        raise RecallTooLow(
            f"{made.probes} of {n_lists} lists hold {made.recall:.3f} of the nearest "
            f"{k}, less than {least_recall}: search all codes instead (flat)"
        )

    @classmethod
    def load(cls, path: Path, *, probes: int, recall: float) -> Self:
        """Open what `save` wrote, memory-mapped. Raises IndexFileError."""
        try:
            ivf = faiss.read_index_binary(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise IndexFileError(f"{path} cannot be read: {error}") from error
        if not isinstance(ivf, faiss.IndexBinaryIVF):
            raise IndexFileError(f"{path} holds no lists")
        on_disk = faiss.downcast_InvertedLists(ivf.invlists)
        if isinstance(on_disk, faiss.OnDiskInvertedLists):
            on_disk.prefetch_nthread = 0  # else each search starts 32 threads
        return cls(ivf, probes=probes, recall=recall)

    def save(self, path: Path) -> None:
        faiss.write_index_binary(self._ivf, str(path))

    @property
    def n_lists(self) -> int:
        return int(self._ivf.nlist)

    def __len__(self) -> int:
        return int(self._ivf.ntotal)

    def scan(self, query: Codes, k: int) -> Near:
        """About the k nearest to one query (1, n_bits // 8) in the lists it reads."""
        k = min(int(TIMES * k) + SPARE, len(self))
        # Made anew each time: two threads must not share one.
        parameters = faiss.IVFSearchParameters()
        parameters.nprobe = self.probes
        distances, rows = self._ivf.search(query, k, params=parameters)
        n_found = int((rows[0] >= 0).sum())  # the rest is padding
        near = rows[0, :n_found], distances[0, :n_found]
        if n_found < k:  # fewer lie in these lists than there are
            return Near.unsure(*near)
        return Near.of(*near, is_all=k == len(self))

    def _recall(self, queries: Codes, farthest: npt.NDArray[np.int32]) -> float:
        """Share of the nearest that is found; others as near as the last do as well."""
        k = min(RECALL_AT, len(self))
        shares = [
            (self.scan(query[np.newaxis], k).found.distances[:k] <= last).sum() / k
            for query, last in zip(queries, farthest, strict=True)
        ]
        return float(np.mean(shares))


def _filled(codes: Codes, n_lists: int) -> Any:
    n_bits = codes.shape[1] * 8
    quantizer: Any = faiss.IndexBinaryFlat(n_bits)
    ivf = faiss.IndexBinaryIVF(quantizer, n_bits, n_lists)
    quantizer.this.disown()  # freed with the index, which outlives this function
    ivf.own_fields = True
    ivf.cp.niter, ivf.cp.seed = ROUNDS, SEED
    ivf.cp.min_points_per_centroid = 1  # of few codes it would warn
    rng = np.random.default_rng(SEED)
    n_trained = min(len(codes), TRAINED_ON * n_lists)
    ivf.cp.max_points_per_centroid = TRAINED_ON
    ivf.train(codes[np.sort(rng.choice(len(codes), n_trained, replace=False))])
    ivf.add(np.ascontiguousarray(codes))
    return ivf


def _tries(n_lists: int) -> Iterator[int]:
    probes = FEWEST_PROBES
    while probes < MOST_PROBED * n_lists:
        yield probes
        probes *= 2
    yield max(1, int(MOST_PROBED * n_lists))


def _queries(codes: Codes) -> Codes:
    """Codes of a sample, each with some bits flipped (SAMPLED, n_bits // 8)."""
    rng = np.random.default_rng(SEED)
    some = codes[rng.integers(0, len(codes), SAMPLED)]
    flips = rng.random((SAMPLED, codes.shape[1] * 8)) < FLIPPED
    return some ^ np.packbits(flips, axis=1)
