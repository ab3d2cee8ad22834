"""A searchable, immutable set of codes. The only module that imports faiss.

On disk an index is a folder of three files: `codes.faiss` (memory-mapped when
loaded, so its pages are shared between processes), `ids.npy` and `index.json`,
which names the format and the digests of the other two.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from hashing.codes import Codes
from hashing.errors import IndexFileError

Ids = npt.NDArray[np.int64]  # (n,)
Bitmap = npt.NDArray[np.bool_]  # one entry per row of the index, by ascending id

FORMAT = "semblance-index-1"
GATHER_BELOW = 0.1  # share allowed under which copying the rows beats a selector
DROP_UP_TO = 3  # times k asked for, over which a selector beats dropping


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: an id and how many bits its code differs from the query's."""

    id: int
    distance: int


class CodeIndex:
    """Codes by id, searched exactly.

    Nearest first, equal distances by ascending id. Immutable, hence safe to search
    from several threads at once.
    """

    def __init__(self, ids: Ids, flat: Any) -> None:
        """Use `build` or `load`. `flat` is a faiss.IndexBinaryFlat, rows as `ids`."""
        self._ids = ids
        self._flat = flat
        self._codes = _view(flat)

    @classmethod
    def build(cls, ids: npt.ArrayLike, codes: Codes) -> Self:
        """Index `codes` (n, n_bits // 8) under `ids` (n,), which come in any order.

        n may be 0. Raises ValueError if an id comes twice or shapes do not fit.
        """
        id_array = np.asarray(ids, dtype=np.int64).reshape(-1)
        _check_codes(codes)
        if len(id_array) != len(codes):
            raise ValueError(f"{len(id_array)} ids for {len(codes)} codes")
        order = np.argsort(id_array, kind="stable")
        id_array = id_array[order]
        twice = id_array[1:][np.diff(id_array) == 0]
        if len(twice):
            raise ValueError(f"id {twice[0]} comes more than once")
        flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        # faiss keeps the first of two equal distances, so add in id order.
        flat.add(np.ascontiguousarray(codes[order]))
        return cls(id_array, flat)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, with the codes memory-mapped.

        Raises IndexFileError if something is missing, damaged or of another format.
        Every byte is read once to compare digests.
        """
        expected = _read_contents(folder)
        for name, digest in expected["files"].items():
            if _digest(folder / name) != digest:
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
            "files": {name: _digest(folder / name) for name in names},
        }
        (folder / "index.json").write_text(json.dumps(contents, indent=2) + "\n")
        for path in (*(folder / name for name in names), folder / "index.json", folder):
            _fsync(path)

    @property
    def ids(self) -> Ids:
        """Ids (n,), ascending; row i of `codes` belongs to ids[i]. Do not write to."""
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
        self, queries: Codes, k: int, *, allowed: Bitmap | None = None
    ) -> list[list[Hit]]:
        """The k nearest of each query (q, n_bits // 8), among the allowed rows.

        Nearest first, equal distances by ascending id; fewer than k where fewer exist
        or are allowed. `allowed` has one entry per row, in the order of `ids`.
        """
        _check_codes(queries)
        if queries.shape[1] * 8 != self.n_bits:
            raise ValueError(f"query of {queries.shape[1] * 8} bits, not {self.n_bits}")
        if k < 0:
            raise ValueError(f"k is {k}")
        n_allowed = self._count(allowed)
        k = min(k, n_allowed)
        if k == 0 or len(queries) == 0:
            return [[] for _ in queries]
        distances, rows = self._nearest(
            np.ascontiguousarray(queries), k, allowed, n_allowed
        )
        return [
            [Hit(*hit) for hit in zip(ids, ds, strict=True)]
            for ids, ds in zip(
                self._ids[rows].tolist(), distances.tolist(), strict=True
            )
        ]

    def _count(self, allowed: Bitmap | None) -> int:
        if allowed is None:
            return len(self)
        if allowed.dtype != np.bool_ or allowed.shape != (len(self),):
            raise ValueError(
                f"allowed is {allowed.dtype} {allowed.shape}, not bool ({len(self)},)"
            )
        return int(np.count_nonzero(allowed))

    def _nearest(
        self, queries: Codes, k: int, allowed: Bitmap | None, n_allowed: int
    ) -> Any:  # distances int32 and rows int64, both (q, k)
        # OpenMP counts threads per calling thread, so this must be said in each. One is
        # right for a server: requests are the parallelism, each calling thread would
        # bring a pool of its own, and a pool does not survive a fork (a child hangs).
        faiss.omp_set_num_threads(1)
        if allowed is None or n_allowed == len(self):
            return self._flat.search(queries, k)
        if n_allowed < GATHER_BELOW * len(self):
            rows = np.flatnonzero(allowed)
            distances, positions = _flat_of(self._codes[rows]).search(queries, k)
            return distances, rows[positions]
        # Where most are allowed, a few more than k and then without the others is
        # quicker than asking a selector for every row.
        found = self._nearest_dropping(queries, k, allowed, n_allowed)
        return found or self._nearest_selected(queries, k, allowed)

    def _nearest_dropping(
        self, queries: Codes, k: int, allowed: Bitmap, n_allowed: int
    ) -> Any:  # as _nearest, or None if too few of the nearest are allowed
        wanted = int(1.2 * k * len(self) / n_allowed) + 16
        if wanted > DROP_UP_TO * k:
            return None
        distances, rows = self._flat.search(queries, min(wanted, len(self)))
        is_allowed = allowed[rows]
        if is_allowed.sum(axis=1).min() < k:
            return None
        # Stable, so those that stay keep their order.
        kept = np.argsort(~is_allowed, axis=1, kind="stable")[:, :k]
        return (
            np.take_along_axis(distances, kept, axis=1),
            np.take_along_axis(rows, kept, axis=1),
        )

    def _nearest_selected(self, queries: Codes, k: int, allowed: Bitmap) -> Any:
        bitmap = np.packbits(allowed, bitorder="little")  # faiss reads it that way
        selector = faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bitmap))
        # Fresh on every call: shared between threads these crash the process.
        params = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        return self._flat.search(queries, k, params=params)


def _flat_of(codes: Codes) -> Any:
    flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    flat.add(np.ascontiguousarray(codes))
    return flat


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


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
