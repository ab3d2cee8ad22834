"""Which rows of an index may be answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hashing.arrays import BoolArray, IntArray

SHARE_SAMPLE_ROWS = 512  # rows whose predicate is read to estimate a share

RowNumbers = IntArray  # (n,)
Bitmap = BoolArray  # one entry per row of the index
RowRange = tuple[int, int]  # start, stop
Predicate = Callable[[RowNumbers | slice], Bitmap]


@dataclass(frozen=True)
class RowFilter:
    """Rows within `ranges` (None: all) for which `predicate` holds (None: always).

    ranges: ascending, without overlaps. predicate: takes row numbers or a slice and
    returns a bool for each; it may be asked about any row, so that a search which needs
    few rows reads few.
    """

    ranges: Sequence[RowRange] | None = None
    predicate: Predicate | None = None

    @property
    def allows_all(self) -> bool:
        """Whether no row is excluded."""
        return self.ranges is None and self.predicate is None

    def ranges_within(self, n_rows: int) -> list[RowRange]:
        """Return the ranges for an index of n rows, joining those that touch.

        Raises ValueError for ranges that overlap, descend or lie outside.
        """
        if self.ranges is None:
            return [(0, n_rows)] if n_rows else []
        joined: list[RowRange] = []
        for start, stop in self.ranges:
            if joined and joined[-1][1] == start:
                start = joined.pop()[0]
            if start != stop:
                joined.append((start, stop))
        edges = [0, *(edge for row_range in joined for edge in row_range), n_rows]
        if any(later < earlier for earlier, later in pairwise(edges)):
            raise ValueError(f"ranges are not ascending within {n_rows} rows")
        return joined

    def estimate_share(self, ranges: Sequence[RowRange]) -> float:
        """Estimate from a sample which share of the rows in `ranges` is allowed."""
        n_rows = count_rows(ranges)
        if self.predicate is None or n_rows == 0:
            return 1.0
        step = max(1, n_rows // SHARE_SAMPLE_ROWS)
        parts = [np.arange(*each, step) for each in ranges[:SHARE_SAMPLE_ROWS]]
        return float(self.predicate(np.concatenate(parts)).mean())

    def allowed_rows(self, ranges: Sequence[RowRange]) -> RowNumbers:
        """Return the allowed rows in `ranges`, ascending; reads the whole predicate."""
        parts = list(self._allowed_rows(ranges))
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _allowed_rows(self, ranges: Sequence[RowRange]) -> Iterator[RowNumbers]:
        for start, stop in ranges:
            if self.predicate is None:
                yield np.arange(start, stop)
            else:
                yield start + np.flatnonzero(self.predicate(slice(start, stop)))


ALL_ROWS = RowFilter()


def count_rows(ranges: Sequence[RowRange]) -> int:
    """Count the rows in some ranges."""
    return sum(stop - start for start, stop in ranges)
