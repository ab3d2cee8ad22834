"""All codes of an index in one array, scanned whole or in part; exact."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np

from hashing.arrays import IntArray
from hashing.codes import Codes
from hashing.errors import IndexFileError
from hashing.index.candidates import NO_HITS, Candidates, RowHits, nearest_with_ties
from hashing.index.row_filter import RowNumbers, RowRange
from hashing.index.scan import k_nearest, overfetched, sample_codes, scan_ranges


class FlatCodes:
    """Codes row by row. Immutable, hence safe to scan from several threads."""

    def __init__(self, flat: Any) -> None:
        """Use `build` or `load`. `flat` is a faiss.IndexBinaryFlat."""
        self._flat = flat
        self.codes = _view_codes(flat)  # (n, n_bits // 8)
        self._sample = sample_codes(self.codes, [(0, len(self))])

    @classmethod
    def build(cls, codes: Codes) -> Self:
        """Copy codes (n, n_bits // 8); n may be 0."""
        flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        flat.add(np.ascontiguousarray(codes))
        return cls(flat)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open what `save` wrote, memory-mapped. Raises IndexFileError."""
        try:
            # A mapped index is immutable: add or remove_ids would kill the process.
            flat = faiss.read_index_binary(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexFileError(f"{path} cannot be read: {error}") from error
        return cls(flat)

    def save(self, path: Path) -> None:
        """Write the codes to one file."""
        faiss.write_index_binary(self._flat, str(path))

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return int(self._flat.d)

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    def scan(self, query: Codes, k: int, ranges: Sequence[RowRange]) -> Candidates:
        """Scan some ranges for about the k nearest to a query (1, n_bits // 8)."""
        is_whole = ranges == [(0, len(self))]
        sample = self._sample if is_whole else sample_codes(self.codes, ranges)
        return scan_ranges(query, self.codes, k, ranges, sample)

    def nearest_among(
        self, query: Codes, k: int, rows: RowNumbers, ids: IntArray
    ) -> RowHits:
        """Return the k nearest of some rows, which are copied for it; ties by id."""
        k = min(k, len(rows))
        if k == 0:
            return NO_HITS
        codes = self.codes.take(rows, axis=0)  # 60 times as fast as self.codes[rows]
        hits = k_nearest(query, codes, overfetched(k), rows).top_k(k, ids)
        if hits is None:
            ties = nearest_with_ties(query, codes, k)
            hits = RowHits(rows[ties.rows], ties.distances).top_k(k, ids)
        return hits


class _FlatIndexBuffer:
    """The memory of a faiss.IndexBinaryFlat, in the protocol that numpy reads.

    An array made from this keeps it alive, and with it the index.
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


def _view_codes(flat: Any) -> Codes:
    """View the codes (n, n_bits // 8) of a faiss.IndexBinaryFlat without copying."""
    if flat.ntotal == 0:
        return np.empty((0, flat.d // 8), dtype=np.uint8)
    return np.asarray(_FlatIndexBuffer(flat), dtype=np.uint8)
