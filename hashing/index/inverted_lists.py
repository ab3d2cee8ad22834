"""Codes grouped into lists by their nearest centre, of which a search reads only some.

Inverted lists after Sivic and Zisserman, "Video Google" (ICCV 2003), as faiss keeps
them for binary codes. Codes in lists that are not read are not found; how many lists
are read (`probes`) is chosen when the lists are built, by the recall on a sample.
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
from hashing.index.candidates import Candidates
from hashing.index.scan import overfetched

MIN_RECALL = 0.99
RECALL_AT = 100  # neighbours by which recall is measured
N_RECALL_QUERIES = 200
# Share of a query's bits that are flipped: a photo's code is in no gallery.
FLIPPED_BITS_SHARE = 0.1
MIN_PROBES = 4
MAX_PROBED_SHARE = 0.25  # of the lists; above, a scan of all codes serves as well
TRAINING_CODES_PER_LIST = 64
KMEANS_ITERATIONS = 8
SEED = 0


class InvertedLists:
    """Codes in inverted lists. Immutable, hence safe to search from several threads."""

    def __init__(self, ivf: Any, *, probes: int, recall: float) -> None:
        """Use `build` or `load`. `ivf` is a faiss.IndexBinaryIVF, ids as rows."""
        self._ivf = ivf
        self.probes = probes  # lists that a search reads
        self.recall = recall

    @classmethod
    def build(
        cls,
        codes: Codes,
        *,
        min_recall: float = MIN_RECALL,
        probes: int | None = None,
    ) -> Self:
        """Group codes (n, n_bits // 8) into about sqrt(n) lists.

        Reads as few lists as reach `min_recall`, or `probes` of them whatever recall
        that gives. Raises RecallTooLow if a quarter of the lists is not enough.
        """
        n_lists = 2 ** int(log2(max(1, len(codes))) / 2 + 0.25)
        faiss.omp_set_num_threads(1)  # see CodeIndex.search_rows
        ivf = _train_ivf(codes, n_lists)
        queries = _recall_queries(codes)
        k = min(RECALL_AT, len(codes))
        nearest, _ = faiss.knn_hamming(queries, codes, k, variant="hc")
        lists = cls(ivf, probes=n_lists, recall=1.0)
        for number in [probes] if probes else _probe_counts(n_lists):
            lists = cls(ivf, probes=min(number, n_lists), recall=1.0)
            lists.recall = lists._measure_recall(queries, nearest[:, -1])
            if probes or lists.recall >= min_recall:
                return lists
        raise RecallTooLow(
            f"{lists.probes} of {n_lists} lists hold {lists.recall:.3f} of the nearest "
            f"{k}, less than {min_recall}: search all codes instead (flat)"
        )

    @classmethod
    def load(cls, path: Path, *, probes: int, recall: float) -> Self:
        """Open what `save` wrote, memory-mapped. Raises IndexFileError."""
        try:
            ivf = faiss.read_index_binary(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise IndexFileError(f"{path} cannot be read: {error}") from error
        if not isinstance(ivf, faiss.IndexBinaryIVF):
            raise IndexFileError(f"{path} holds no inverted lists")
        on_disk = faiss.downcast_InvertedLists(ivf.invlists)
        if isinstance(on_disk, faiss.OnDiskInvertedLists):
            on_disk.prefetch_nthread = 0  # else each search starts 32 threads
        return cls(ivf, probes=probes, recall=recall)

    def save(self, path: Path) -> None:
        """Write the lists to one file."""
        faiss.write_index_binary(self._ivf, str(path))

    @property
    def n_lists(self) -> int:
        """Number of lists."""
        return int(self._ivf.nlist)

    def __len__(self) -> int:
        return int(self._ivf.ntotal)

    def scan(self, query: Codes, k: int) -> Candidates:
        """Scan `probes` lists for the k nearest to one query (1, n_bits // 8)."""
        k = min(overfetched(k), len(self))
        # A fresh object for each call: two threads must not share one.
        parameters = faiss.IVFSearchParameters()
        parameters.nprobe = self.probes
        distances, rows = self._ivf.search(query, k, params=parameters)
        n_hits = int((rows[0] >= 0).sum())  # faiss pads with -1
        hits = rows[0, :n_hits], distances[0, :n_hits]
        if n_hits < k:  # the lists that were read hold fewer than k codes
            return Candidates.incomplete(*hits)
        return Candidates.nearest(*hits, is_all=k == len(self))

    def _measure_recall(self, queries: Codes, farthest: npt.NDArray[np.int32]) -> float:
        """Return the share of the k nearest that is found.

        farthest: each query's distance to its k-th nearest (queries,). Any code as near
        as that counts as found.
        """
        k = min(RECALL_AT, len(self))
        shares = [
            (self.scan(query[np.newaxis], k).hits.distances[:k] <= last).sum() / k
            for query, last in zip(queries, farthest, strict=True)
        ]
        return float(np.mean(shares))


def _train_ivf(codes: Codes, n_lists: int) -> Any:
    """Cluster a sample of the codes and add all of them to a faiss.IndexBinaryIVF."""
    n_bits = codes.shape[1] * 8
    quantizer: Any = faiss.IndexBinaryFlat(n_bits)
    ivf = faiss.IndexBinaryIVF(quantizer, n_bits, n_lists)
    quantizer.this.disown()  # freed with the index, which outlives this function
    ivf.own_fields = True
    ivf.cp.niter, ivf.cp.seed = KMEANS_ITERATIONS, SEED
    ivf.cp.min_points_per_centroid = 1  # silences a warning about few codes
    rng = np.random.default_rng(SEED)
    n_training = min(len(codes), TRAINING_CODES_PER_LIST * n_lists)
    ivf.cp.max_points_per_centroid = TRAINING_CODES_PER_LIST
    ivf.train(codes[np.sort(rng.choice(len(codes), n_training, replace=False))])
    ivf.add(np.ascontiguousarray(codes))
    return ivf


def _probe_counts(n_lists: int) -> Iterator[int]:
    """Yield numbers of lists to try: doubling, up to a quarter of all."""
    probes = MIN_PROBES
    while probes < MAX_PROBED_SHARE * n_lists:
        yield probes
        probes *= 2
    yield max(1, int(MAX_PROBED_SHARE * n_lists))


def _recall_queries(codes: Codes) -> Codes:
    """Draw codes and flip some bits of each: (N_RECALL_QUERIES, n_bits // 8)."""
    rng = np.random.default_rng(SEED)
    drawn = codes[rng.integers(0, len(codes), N_RECALL_QUERIES)]
    flips = rng.random((N_RECALL_QUERIES, codes.shape[1] * 8)) < FLIPPED_BITS_SHARE
    return drawn ^ np.packbits(flips, axis=1)
