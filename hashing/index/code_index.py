"""A searchable, immutable set of codes.

On disk an index is a folder: `codes.faiss`, `ids.npy`, with inverted lists also
`lists.faiss`, and `index.json` with the format and the others' checksums. All but the
last are memory-mapped when loaded, so that processes share their pages.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from hashing.arrays import IntArray
from hashing.codes import Codes, check_codes
from hashing.errors import IndexFileError
from hashing.index.candidates import NO_HITS, Candidates, RowHits
from hashing.index.flat import FlatCodes
from hashing.index.index_files import INDEX_JSON, read_index_json, write_index_json
from hashing.index.inverted_lists import MIN_RECALL, InvertedLists
from hashing.index.row_filter import ALL_ROWS, Bitmap, RowFilter, RowRange

Allowed = Bitmap | RowFilter

CODES_FILE, IDS_FILE, LISTS_FILE = "codes.faiss", "ids.npy", "lists.faiss"
FLAT_FILES = {CODES_FILE, IDS_FILE}
# Copying the allowed rows is quicker than scanning and filtering where they are less
# than this share of the rows in the ranges, or where there are more ranges than this.
MIN_SCAN_SHARE = 0.1
MAX_SCAN_RANGES = 8
# Multiples of k that are asked for under a filter, before all allowed rows are read.
OVERFETCH_FACTORS = (1, 8)


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: an id and the number of bits in which its code differs."""

    id: int
    distance: int


class IndexKind(StrEnum):
    """flat reads all codes and is exact; ivf reads some lists (see InvertedLists)."""

    FLAT = "flat"
    IVF = "ivf"


class CodeIndex:
    """Codes by id, searched by Hamming distance.

    Answers come nearest first, equal distances by ascending id. Under a filter every
    kind is exact; among all rows, `ivf` has the recall it was built with. Rows keep the
    order in which they were given, so give those together that are often searched
    together. Immutable, hence safe to search from several threads.
    """

    def __init__(
        self, ids: IntArray, flat: FlatCodes, lists: InvertedLists | None = None
    ) -> None:
        """Use `build` or `load`."""
        self._ids = ids
        self._flat = flat
        self._lists = lists

    @classmethod
    def build(
        cls,
        ids: npt.ArrayLike,
        codes: Codes,
        *,
        kind: str = IndexKind.FLAT,
        min_recall: float = MIN_RECALL,
        probes: int | None = None,
    ) -> Self:
        """Index codes (n, n_bits // 8) under ids (n,); n may be 0.

        An index of kind ivf reads as few lists as reach `min_recall`, or `probes` of
        them. Raises ValueError if an id comes twice or shapes do not fit, RecallTooLow
        if ivf does not reach `min_recall`.
        """
        id_array = np.array(ids, dtype=np.int64).reshape(-1)
        _check_index_codes(codes)
        if len(id_array) != len(codes):
            raise ValueError(f"{len(id_array)} ids for {len(codes)} codes")
        ordered = np.sort(id_array)
        repeated = ordered[1:][np.diff(ordered) == 0]
        if len(repeated):
            raise ValueError(f"id {repeated[0]} comes more than once")
        flat = FlatCodes.build(codes)
        if IndexKind(kind) == IndexKind.FLAT or len(codes) == 0:
            return cls(id_array, flat)
        lists = InvertedLists.build(codes, min_recall=min_recall, probes=probes)
        return cls(id_array, flat, lists)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped.

        Reads every byte once to verify checksums. Raises IndexFileError if something is
        missing, damaged or of another format.
        """
        contents = read_index_json(folder, FLAT_FILES, optional=LISTS_FILE)
        mode: Any = "r" if contents["n"] else None  # an empty file cannot be mapped
        try:
            ids = np.load(folder / IDS_FILE, mmap_mode=mode, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise IndexFileError(f"{folder} cannot be read: {error}") from error
        flat = FlatCodes.load(folder / CODES_FILE)
        sizes = (len(ids), len(flat), flat.n_bits)
        if sizes != (contents["n"], contents["n"], contents["n_bits"]):
            raise IndexFileError(
                f"{folder} holds {sizes}, {INDEX_JSON} says {contents}"
            )
        return cls(np.asarray(ids), flat, _load_lists(folder, contents))

    def save(self, folder: Path) -> None:
        """Write the index into `folder`, created if missing, and flush it to the disk.

        Never save over a folder that a process may have mapped: write a new one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._flat.save(folder / CODES_FILE)
        np.save(folder / IDS_FILE, self._ids)
        facts: dict[str, Any] = {"n": len(self), "n_bits": self.n_bits}
        if self._lists is None:
            write_index_json(folder, sorted(FLAT_FILES), facts)
            return
        self._lists.save(folder / LISTS_FILE)
        facts |= {"probes": self._lists.probes, "recall": self._lists.recall}
        write_index_json(folder, sorted({*FLAT_FILES, LISTS_FILE}), facts)

    @property
    def ids(self) -> IntArray:
        """Ids (n,): row i of `codes` belongs to ids[i]. Do not write to it."""
        return self._ids

    @property
    def codes(self) -> Codes:
        """View of the codes (n, n_bits // 8), memory-mapped after `load`."""
        return self._flat.codes

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return self._flat.n_bits

    @property
    def kind(self) -> IndexKind:
        """Whether it has inverted lists."""
        return IndexKind.FLAT if self._lists is None else IndexKind.IVF

    @property
    def recall(self) -> float:
        """Recall of a search without filter, measured when the index was built."""
        return 1.0 if self._lists is None else self._lists.recall

    @property
    def probes(self) -> tuple[int, int] | None:
        """Number of lists that a search reads, and of all; None without lists."""
        lists = self._lists
        return None if lists is None else (lists.probes, lists.n_lists)

    def __len__(self) -> int:
        return len(self._ids)

    def search(
        self, queries: Codes, k: int, *, allowed: Allowed | None = None
    ) -> list[list[Hit]]:
        """Return the k nearest allowed rows of each query (q, n_bits // 8).

        Nearest first, equal distances by ascending id; fewer than k where fewer rows
        exist or are allowed. `allowed` is a RowFilter, or a bitmap with an entry per
        row. Raises ValueError for queries, bitmaps or ranges that do not fit.
        """
        return [
            [
                Hit(*hit)
                for hit in zip(
                    self._ids[hits.rows].tolist(), hits.distances.tolist(), strict=True
                )
            ]
            for hits in self.search_rows(queries, k, allowed=allowed)
        ]

    def search_rows(
        self,
        queries: Codes,
        k: int,
        *,
        allowed: Allowed | None = None,
        live: Bitmap | None = None,
    ) -> list[RowHits]:
        """Search as `search` does, returning row numbers instead of ids.

        live: an entry per row, false for rows that are no longer valid. It excludes
        rows as `allowed` does, but leaves an ivf as approximate as it is.
        """
        _check_index_codes(queries)
        if queries.shape[1] * 8 != self.n_bits:
            raise ValueError(f"query of {queries.shape[1] * 8} bits, not {self.n_bits}")
        if k < 0:
            raise ValueError(f"k is {k}")
        row_filter = self._row_filter(allowed)
        if live is not None:
            self._check_bitmap(live)
        ranges = row_filter.ranges_within(len(self))
        queries = np.ascontiguousarray(queries)
        # OpenMP counts threads per calling thread, so this must be set in each. One is
        # right for a server: requests are the parallelism, each calling thread would
        # bring a pool of its own, and a pool does not survive a fork (a child hangs).
        faiss.omp_set_num_threads(1)
        return [
            self._search_one(query[np.newaxis], k, row_filter, ranges, live)
            for query in queries
        ]

    def _row_filter(self, allowed: Allowed | None) -> RowFilter:
        if allowed is None:
            return ALL_ROWS
        if isinstance(allowed, RowFilter):
            return allowed
        self._check_bitmap(allowed)
        return RowFilter(predicate=allowed.__getitem__)

    def _check_bitmap(self, bitmap: Bitmap) -> None:
        if bitmap.dtype != np.bool_ or bitmap.shape != (len(self),):
            raise ValueError(
                f"a bitmap is {bitmap.dtype} {bitmap.shape}, not bool ({len(self)},)"
            )

    def _search_one(
        self,
        query: Codes,
        k: int,
        row_filter: RowFilter,
        ranges: list[RowRange],
        live: Bitmap | None,
    ) -> RowHits:
        """Search for one query (1, n_bits // 8).

        Where a good share is allowed, asks for more than k and drops the rest: the
        predicate is then read for few rows. Otherwise copies the allowed rows.
        """
        if k == 0 or not ranges:
            return NO_HITS
        share = row_filter.estimate_share(ranges)
        if share >= MIN_SCAN_SHARE and len(ranges) <= MAX_SCAN_RANGES:
            for factor in OVERFETCH_FACTORS:
                n_wanted = ceil(factor * k / share)
                candidates = self._scan(query, n_wanted, row_filter, ranges)
                if live is not None:
                    candidates = candidates.filtered(live.take(candidates.hits.rows))
                if row_filter.predicate is not None:
                    keep = row_filter.predicate(candidates.hits.rows)
                    candidates = candidates.filtered(keep)
                hits = candidates.top_k(k, self._ids)
                if hits is not None:
                    return hits
        rows = row_filter.allowed_rows(ranges)
        rows = rows if live is None else rows[live.take(rows)]
        return self._flat.nearest_among(query, k, rows, self._ids)

    def _scan(
        self, query: Codes, k: int, row_filter: RowFilter, ranges: list[RowRange]
    ) -> Candidates:
        if self._lists is not None and row_filter.allows_all:
            return self._lists.scan(query, k)
        return self._flat.scan(query, k, ranges)


def _load_lists(folder: Path, contents: dict[str, Any]) -> InvertedLists | None:
    if LISTS_FILE not in contents["files"]:
        return None
    probes, recall = contents.get("probes"), contents.get("recall")
    if type(probes) is not int or type(recall) is not float:
        raise IndexFileError(f"{folder / INDEX_JSON} is damaged: probes, recall")
    lists = InvertedLists.load(folder / LISTS_FILE, probes=probes, recall=recall)
    if len(lists) != contents["n"]:
        raise IndexFileError(f"{folder / LISTS_FILE} holds {len(lists)} codes")
    return lists


def _check_index_codes(codes: Codes) -> None:
    check_codes(codes)
    if codes.shape[1] == 0:
        raise ValueError("codes have no bytes")
