"""A searchable, immutable set of codes. The only module that imports faiss.

On disk an index is a folder of three files: `codes.faiss` and `ids.npy`, both
memory-mapped when loaded, so that their pages are shared between processes, and
`index.json`, which names the format and the digests of the other two.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from hashing.codes import Codes
from hashing.errors import IndexFileError
from hashing.indexfiles import read_contents, write_contents
from hashing.near import NOTHING, Found, Near, by_counting
from hashing.where import EVERYWHERE, Bitmap, Ids, Stretch, Where

Allowed = Bitmap | Where

FILES = {"codes.faiss", "ids.npy"}
GATHER_BELOW = 0.1  # share allowed under which copying the rows is quicker
MOST_STRETCHES = 8  # above which it is, too
# Asked for, k times and over, to see past ties at the last distance: among uniform
# codes a third of the nearest 200 of a million tie with the last. Seldom more do.
TRIES = (1.75, 12)
SPARE = 32
HEAP_ABOVE = 2500  # codes for each asked neighbour; below, counting beats a heap


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: an id and how many bits its code differs from the query's."""

    id: int
    distance: int


class CodeIndex:
    """Codes by id, searched exactly.

    Nearest first, equal distances by ascending id. Rows keep the order in which they
    were given: what is often asked for together should lie together. Immutable, hence
    safe to search from several threads at once.
    """

    def __init__(self, ids: Ids, flat: Any) -> None:
        """Use `build` or `load`. `flat` is a faiss.IndexBinaryFlat, rows as `ids`."""
        self._ids = ids
        self._flat = flat
        self._codes = _view(flat)

    @classmethod
    def build(cls, ids: npt.ArrayLike, codes: Codes) -> Self:
        """Index `codes` (n, n_bits // 8) under `ids` (n,).

        n may be 0. Raises ValueError if an id comes twice or shapes do not fit.
        """
        id_array = np.array(ids, dtype=np.int64).reshape(-1)
        _check_codes(codes)
        if len(id_array) != len(codes):
            raise ValueError(f"{len(id_array)} ids for {len(codes)} codes")
        ordered = np.sort(id_array)
        twice = ordered[1:][np.diff(ordered) == 0]
        if len(twice):
            raise ValueError(f"id {twice[0]} comes more than once")
        flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        flat.add(np.ascontiguousarray(codes))
        return cls(id_array, flat)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped.

        Raises IndexFileError if something is missing, damaged or of another format.
        Every byte is read once to compare digests.
        """
        expected = read_contents(folder, FILES)
        # An empty file cannot be mapped.
        mode: Any = "r" if expected["n"] else None
        try:
            ids = np.load(folder / "ids.npy", mmap_mode=mode, allow_pickle=False)
            # Mapped is immutable: add or remove_ids would kill the process.
            flat = faiss.read_index_binary(
                str(folder / "codes.faiss"), faiss.IO_FLAG_MMAP_IFC
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise IndexFileError(f"{folder} cannot be read: {error}") from error
        found = (len(ids), flat.ntotal, flat.d)
        if found != (expected["n"], expected["n"], expected["n_bits"]):
            raise IndexFileError(f"{folder} holds {found}, index.json says {expected}")
        return cls(np.asarray(ids), flat)

    def save(self, folder: Path) -> None:
        """Write the index into `folder`, made if missing, down to the disk.

        Never save over a folder that may be mapped by somebody: publish a new one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index_binary(self._flat, str(folder / "codes.faiss"))
        np.save(folder / "ids.npy", self._ids)
        write_contents(folder, sorted(FILES), {"n": len(self), "n_bits": self.n_bits})

    @property
    def ids(self) -> Ids:
        """Ids (n,); row i of `codes` belongs to ids[i]. Do not write to it."""
        return self._ids

    @property
    def codes(self) -> Codes:
        """A view of the codes (n, n_bits // 8), memory-mapped after `load`."""
        return self._codes

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return int(self._flat.d)

    def __len__(self) -> int:
        return len(self._ids)

    def search(
        self, queries: Codes, k: int, *, allowed: Allowed | None = None
    ) -> list[list[Hit]]:
        """The k nearest of each query (q, n_bits // 8), among the allowed rows.

        Nearest first, equal distances by ascending id; fewer than k where fewer exist
        or are allowed. `allowed` is a Where, or a bitmap with one entry per row.
        """
        return [
            [
                Hit(*hit)
                for hit in zip(
                    self._ids[found.rows].tolist(),
                    found.distances.tolist(),
                    strict=True,
                )
            ]
            for found in self.search_rows(queries, k, allowed=allowed)
        ]

    def search_rows(
        self, queries: Codes, k: int, *, allowed: Allowed | None = None
    ) -> list[Found]:
        """As `search`, by the rows of the index instead of ids."""
        _check_codes(queries)
        if queries.shape[1] * 8 != self.n_bits:
            raise ValueError(f"query of {queries.shape[1] * 8} bits, not {self.n_bits}")
        if k < 0:
            raise ValueError(f"k is {k}")
        where = self._where(allowed)
        stretches = where.within(len(self))
        queries = np.ascontiguousarray(queries)
        # OpenMP counts threads per calling thread, so this must be said in each. One is
        # right for a server: requests are the parallelism, each calling thread would
        # bring a pool of its own, and a pool does not survive a fork (a child hangs).
        faiss.omp_set_num_threads(1)
        return [
            self._nearest(query[np.newaxis], k, where, stretches) for query in queries
        ]

    def _where(self, allowed: Allowed | None) -> Where:
        if allowed is None:
            return EVERYWHERE
        if isinstance(allowed, Where):
            return allowed
        if allowed.dtype != np.bool_ or allowed.shape != (len(self),):
            raise ValueError(
                f"allowed is {allowed.dtype} {allowed.shape}, not bool ({len(self)},)"
            )
        return Where(keep=allowed.__getitem__)

    def _nearest(
        self, query: Codes, k: int, where: Where, stretches: list[Stretch]
    ) -> Found:
        """Of one query (1, n_bits // 8).

        Where a good share is allowed, ask for more than k and drop what is not: the
        condition is then read for few rows. Else copy the rows that are allowed.
        """
        if k == 0 or not stretches:
            return NOTHING
        share = where.share(stretches)
        if share >= GATHER_BELOW and len(stretches) <= MOST_STRETCHES:
            for times in TRIES:
                near = self._scanned(query, int(times * k / share) + SPARE, stretches)
                if where.keep is not None:
                    near = near.only(where.keep(near.found.rows))
                found = near.first(k, self._ids)
                if found is not None:
                    return found
        return self._among(query, k, where.numbers(stretches))

    def _scanned(self, query: Codes, k: int, stretches: list[Stretch]) -> Near:
        parts = [
            _scan(query, self._codes[start:stop], k, np.int64(start))
            for start, stop in stretches
        ]
        return parts[0] if len(parts) == 1 else Near.merged(parts, k)

    def _among(self, query: Codes, k: int, rows: Ids) -> Found:
        """The k nearest of these rows."""
        k = min(k, len(rows))
        if k == 0:
            return NOTHING
        codes = self._codes.take(rows, axis=0)  # 60 times as fast as self._codes[rows]
        near = _scan(query, codes, int(TRIES[0] * k) + SPARE, rows)
        found = near.first(k, self._ids)
        if found is None:
            ties = by_counting(query, codes, k)
            found = Found(rows[ties.rows], ties.distances).first(k, self._ids)
        return found


def _scan(query: Codes, codes: Codes, k: int, rows: Ids | np.int64) -> Near:
    """The k nearest codes; `rows` are their rows, or the row of the first."""
    k = min(k, len(codes))
    variant = "hc" if len(codes) > HEAP_ABOVE * k else "mc"
    distances, at = faiss.knn_hamming(query, codes, k, variant=variant)
    found = rows + at[0] if isinstance(rows, np.int64) else rows[at[0]]
    return Near.of(found, distances[0], is_all=k == len(codes))


class _Rows:
    """The codes inside a faiss index, as numpy asks for them.

    An array made from this holds on to it, and so keeps the index alive.
    """

    def __init__(self, flat: Any) -> None:
        n_bytes = flat.d // 8
        data = faiss.rev_swig_ptr(flat.xb.data(), flat.ntotal * n_bytes)
        address, _ = data.__array_interface__["data"]
        self._flat = flat
        self.__array_interface__ = {
            "version": 3,
            "shape": (flat.ntotal, n_bytes),
            "typestr": "|u1",
            "data": (address, True),  # read-only: mapped pages cannot be written
        }


def _view(flat: Any) -> Codes:
    if flat.ntotal == 0:
        return np.empty((0, flat.d // 8), dtype=np.uint8)
    return np.asarray(_Rows(flat), dtype=np.uint8)


def _check_codes(codes: Codes) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0:
        raise ValueError(f"codes are uint8 (n, bytes), got {codes.dtype} {codes.shape}")
