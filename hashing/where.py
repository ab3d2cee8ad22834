"""Which rows of an index may be answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]  # (n,)
Bitmap = npt.NDArray[np.bool_]  # one entry per row of the index
Stretch = tuple[int, int]  # of rows: from, up to but without

SAMPLE = 512  # rows by which a share is estimated


@dataclass(frozen=True)
class Where:
    """Rows in the stretches (None: in all) for which `keep` says yes (None: always).

    stretches: ascending and apart. keep: given numbers of rows or a slice of them, a
    bool for each; it may be asked of any rows, so that whoever needs few reads few.
    """

    stretches: Sequence[Stretch] | None = None
    keep: Callable[[Ids | slice], Bitmap] | None = None

    @property
    def is_everywhere(self) -> bool:
        return self.stretches is None and self.keep is None

    def within(self, n: int) -> list[Stretch]:
        """The stretches of an index of n rows, neighbours joined. Raises ValueError."""
        if self.stretches is None:
            return [(0, n)] if n else []
        joined: list[Stretch] = []
        for start, stop in self.stretches:
            if joined and joined[-1][1] == start:
                start = joined.pop()[0]
            if start != stop:
                joined.append((start, stop))
        edges = [0, *(edge for stretch in joined for edge in stretch), n]
        if any(later < earlier for earlier, later in pairwise(edges)):
            raise ValueError(f"stretches are not ascending rows of the {n} there are")
        return joined

    def share(self, stretches: Sequence[Stretch]) -> float:
        """About how many of these rows `keep` keeps, by a sample of them."""
        total = size(stretches)
        if self.keep is None or total == 0:
            return 1.0
        step = max(1, total // SAMPLE)
        parts = [np.arange(*stretch, step) for stretch in stretches[:SAMPLE]]
        return float(self.keep(np.concatenate(parts)).mean())

    def numbers(self, stretches: Sequence[Stretch]) -> Ids:
        """The rows in these stretches that are kept, ascending: reads them all."""
        parts = list(self._numbers(stretches))
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _numbers(self, stretches: Sequence[Stretch]) -> Iterator[Ids]:
        for start, stop in stretches:
            if self.keep is None:
                yield np.arange(start, stop)
            else:
                yield start + np.flatnonzero(self.keep(slice(start, stop)))


EVERYWHERE = Where()


def size(stretches: Sequence[Stretch]) -> int:
    """How many rows these are."""
    return sum(stop - start for start, stop in stretches)
