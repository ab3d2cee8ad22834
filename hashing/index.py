"""A searchable, immutable set of codes. The only module that imports faiss.

On disk an index is a folder of three files: `codes.faiss` (memory-mapped when
loaded, so its pages are shared between processes), `ids.npy` and `index.json`,
which names the format and the digests of the other two.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeGuard

import faiss
import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming
from hashing.disk import digest_of, sync
from hashing.errors import IndexFileError

Ids = npt.NDArray[np.int64]  # (n,)
Bitmap = npt.NDArray[np.bool_]  # one entry per row of the index
Allowed = Bitmap | npt.NDArray[np.integer]  # or numbers of rows, ascending

FORMAT = "semblance-index-1"
GATHER_BELOW = 0.1  # share allowed under which copying the rows is quicker
SPARE = 32  # asked for beyond k, to see past ties at the last distance


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: an id and how many bits its code differs from the query's."""

    id: int
    distance: int


@dataclass(frozen=True)
class Found:
    """The answers to one query: rows of the index and distances, both (found,)."""

    rows: Ids
    distances: npt.NDArray[np.int32]


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
        """Open what `save` wrote, with the codes memory-mapped.

        Raises IndexFileError if something is missing, damaged or of another format.
        Every byte is read once to compare digests.
        """
        expected = _read_contents(folder)
        for name, digest in expected["files"].items():
            if digest_of(folder / name) != digest:
                raise IndexFileError(f"{folder / name} is damaged: its digest differs")
        try:
            ids = np.load(folder / "ids.npy", allow_pickle=False)
            # Mapped is immutable: add or remove_ids would kill the process.
            flat = faiss.read_index_binary(
                str(folder / "codes.faiss"), faiss.IO_FLAG_MMAP_IFC
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise IndexFileError(f"{folder} cannot be read: {error}") from error
        found = (len(ids), flat.ntotal, flat.d)
        if found != (expected["n"], expected["n"], expected["n_bits"]):
            raise IndexFileError(f"{folder} holds {found}, index.json says {expected}")
        return cls(ids, flat)

    def save(self, folder: Path) -> None:
        """Write the index into `folder`, made if missing, down to the disk.

        Never save over a folder that may be mapped by somebody: publish a new one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index_binary(self._flat, str(folder / "codes.faiss"))
        np.save(folder / "ids.npy", self._ids)
        names = ("codes.faiss", "ids.npy")
        contents = {
            "format": FORMAT,
            "n": len(self),
            "n_bits": self.n_bits,
            "files": {name: digest_of(folder / name) for name in names},
        }
        (folder / "index.json").write_text(json.dumps(contents, indent=2) + "\n")
        for path in (*(folder / name for name in names), folder / "index.json", folder):
            sync(path)

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
        or are allowed. `allowed` is a bitmap with one entry per row, or the numbers of
        the rows, ascending.
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
        self._check(queries, k, allowed)
        queries = np.ascontiguousarray(queries)
        # OpenMP counts threads per calling thread, so this must be said in each. One is
        # right for a server: requests are the parallelism, each calling thread would
        # bring a pool of its own, and a pool does not survive a fork (a child hangs).
        faiss.omp_set_num_threads(1)
        return [self._nearest(query[np.newaxis], k, allowed) for query in queries]

    def _check(self, queries: Codes, k: int, allowed: Allowed | None) -> None:
        _check_codes(queries)
        if queries.shape[1] * 8 != self.n_bits:
            raise ValueError(f"query of {queries.shape[1] * 8} bits, not {self.n_bits}")
        if k < 0:
            raise ValueError(f"k is {k}")
        if allowed is None:
            return
        is_list = np.issubdtype(allowed.dtype, np.integer) and allowed.ndim == 1
        if not is_list and not (_is_bitmap(allowed) and len(allowed) == len(self)):
            raise ValueError(
                f"allowed is {allowed.dtype} {allowed.shape}, neither bool "
                f"({len(self)},) nor numbers of rows"
            )
        if (
            is_list
            and len(allowed)
            and not 0 <= allowed.min() <= allowed.max() < len(self)
        ):
            raise ValueError(f"allowed rows beyond the {len(self)} there are")

    def _nearest(self, query: Codes, k: int, allowed: Allowed | None) -> Found:
        """Of one query (1, n_bits // 8)."""
        if _is_bitmap(allowed):
            found = self._nearest_dropping(query, k, allowed)
            if found is not None:
                return found
        rows: Ids | None = None
        if allowed is None:
            search = partial(self._flat.search, query)
        else:
            rows = _numbers(allowed)
            search = partial(faiss.knn_hamming, query, self._codes[rows])
        n = len(self) if rows is None else len(rows)
        k = min(k, n)
        if k == 0:
            return Found(np.empty(0, np.int64), np.empty(0, np.int32))
        distances, at = (array[0] for array in search(min(n, k + SPARE)))
        found = self._first(k, distances, at if rows is None else rows[at], n)
        return found or self._nearest_by_scan(query, k, rows)

    def _nearest_dropping(self, query: Codes, k: int, allowed: Bitmap) -> Found | None:
        """Ask for more than k and drop what is not allowed; None if that is too few.

        Where most are allowed this is quicker than asking a selector for every row.
        """
        n_allowed = int(np.count_nonzero(allowed))
        if n_allowed == len(self):
            return self._nearest(query, k, None)
        if n_allowed < GATHER_BELOW * len(self):
            return None
        wanted = min(len(self), int(1.2 * k * len(self) / n_allowed) + SPARE)
        if wanted == 0:
            return None
        distances, rows = (array[0] for array in self._flat.search(query, wanted))
        is_allowed = allowed[rows]
        return self._first(
            min(k, n_allowed), distances[is_allowed], rows[is_allowed], n_allowed
        )

    def _first(
        self, k: int, distances: npt.NDArray[np.int32], rows: Ids, n: int
    ) -> Found | None:
        """The first k of these, if none that ties with them can be missing.

        faiss may take any of the rows at the last distance, but ties go by id: so the
        answer must go beyond the k-th distance, or hold all n.
        """
        if len(rows) < n and (len(rows) <= k or distances[-1] == distances[k - 1]):
            return None
        order = np.lexsort((self._ids[rows], distances))[:k]
        return Found(rows[order], distances[order])

    def _nearest_by_scan(self, query: Codes, k: int, rows: Ids | None) -> Found:
        """Every distance in numpy: for ties without end, as of a picture used often."""
        codes = self._codes if rows is None else self._codes[rows]
        distances = hamming(query, codes)[0]
        last = np.partition(distances, k - 1)[k - 1]
        at = np.flatnonzero(distances <= last)
        found = at if rows is None else rows[at]
        order = np.lexsort((self._ids[found], distances[at]))[:k]
        return Found(found[order], distances[at][order])


def _is_bitmap(allowed: Allowed | None) -> TypeGuard[Bitmap]:
    return allowed is not None and allowed.dtype == np.bool_ and allowed.ndim == 1


def _numbers(allowed: Allowed) -> Ids:
    if _is_bitmap(allowed):
        return np.flatnonzero(allowed)
    return allowed.astype(np.int64, copy=False)


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


def _read_contents(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    try:
        contents = json.loads(path.read_bytes())
        names, sizes = set(contents["files"]), (contents["n"], contents["n_bits"])
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise IndexFileError(f"{path} is damaged: {error!r}") from error
    if contents.get("format") != FORMAT or names != {"codes.faiss", "ids.npy"}:
        raise IndexFileError(f"{path} is not of format {FORMAT}")
    if not all(type(size) is int for size in sizes):
        raise IndexFileError(f"{path} is damaged: sizes {sizes}")
    return dict(contents)
