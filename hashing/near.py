"""What a scan brought back, and the answer that it allows: ties go by id.

A scan returns the nearest rows, but of several at its last distance it may return
any. So an answer is only taken from it where no row that ties can be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, hamming
from hashing.where import Bitmap, Ids

Distances = npt.NDArray[np.int32]  # (n,)


@dataclass(frozen=True)
class Found:
    """The answers to one query: rows of the index and distances, both (found,)."""

    rows: Ids
    distances: Distances

    def first(self, k: int, ids: Ids) -> "Found":
        """The k nearest, equal distances by ascending id."""
        order = np.lexsort((ids[self.rows], self.distances))[:k]
        return Found(self.rows[order], self.distances[order])


NOTHING = Found(np.empty(0, np.int64), np.empty(0, np.int32))


@dataclass(frozen=True)
class Near:
    """Rows, nearest first, with ties in any order.

    beyond: no row that is missing is nearer than this; None if none is missing.
    """

    found: Found
    beyond: int | None

    @classmethod
    def of(cls, rows: Ids, distances: Distances, *, is_all: bool) -> Self:
        return cls(Found(rows, distances), None if is_all else int(distances[-1]))

    @classmethod
    def merged(cls, parts: Sequence[Self], k: int) -> Self:
        """The k nearest of all parts, each of which was asked for k."""
        rows = np.concatenate([part.found.rows for part in parts])
        distances = np.concatenate([part.found.distances for part in parts])
        order = np.argsort(distances, kind="stable")[:k]
        is_all = len(rows) <= k and all(part.beyond is None for part in parts)
        return cls.of(rows[order], distances[order], is_all=is_all)

    @classmethod
    def inside(cls, radius: int, rows: Ids, distances: Distances) -> Self:
        """All that are nearer than the radius, given in any order."""
        order = np.argsort(distances, kind="stable")
        return cls(Found(rows[order], distances[order]), radius)

    @classmethod
    def unsure(cls, rows: Ids, distances: Distances) -> Self:
        """Some of the nearest: any other row may be nearer."""
        return cls(Found(rows, distances), 0)

    def only(self, keep: Bitmap) -> Self:
        """Without the rows that a bitmap over them leaves out."""
        found = Found(self.found.rows[keep], self.found.distances[keep])
        return replace(self, found=found)

    def first(self, k: int, ids: Ids) -> Found | None:
        """The first k by (distance, id); None if one of them can be missing."""
        distances = self.found.distances
        if self.beyond is not None and (
            len(distances) < k or distances[k - 1] >= self.beyond
        ):
            return None
        if len(distances) > k:  # those beyond the k-th are no answers
            upto = int(np.searchsorted(distances, distances[k - 1], side="right"))
            return Found(self.found.rows[:upto], distances[:upto]).first(k, ids)
        return self.found.first(k, ids)


def by_counting(query: Codes, codes: Codes, k: int) -> Found:
    """The k nearest with all that tie with the last: every distance, in numpy.

    For ties without end, as of a picture used often. `rows` are those of `codes`.
    """
    distances = hamming(query, codes)[0]
    last = np.partition(distances, k - 1)[k - 1]
    rows = np.flatnonzero(distances <= last)
    return Found(rows, distances[rows])
