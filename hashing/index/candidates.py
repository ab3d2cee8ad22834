"""Candidates that a scan returned, and the exact answer that can be taken from them.

A scan returns the nearest rows, but an arbitrary choice of those that tie at its last
distance. An answer, in which ties are ordered by id, is therefore only taken where no
tying row can be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from hashing.arrays import IntArray
from hashing.codes import Codes, hamming
from hashing.index.row_filter import Bitmap, RowNumbers

Distances = npt.NDArray[np.int32]  # (n,), in bits


@dataclass(frozen=True)
class RowHits:
    """Rows of an index and their distances to one query, both (n,)."""

    rows: RowNumbers
    distances: Distances

    def top_k(self, k: int, ids: IntArray) -> "RowHits":
        """Return the k nearest, equal distances by ascending id."""
        order = np.lexsort((ids[self.rows], self.distances))[:k]
        return RowHits(self.rows[order], self.distances[order])


NO_HITS = RowHits(np.empty(0, np.int64), np.empty(0, np.int32))


@dataclass(frozen=True)
class Candidates:
    """Rows sorted by distance, ties in arbitrary order.

    complete_below: every row nearer than this distance is among them; None if every
    row of the index is.
    """

    hits: RowHits
    complete_below: int | None

    @classmethod
    def nearest(cls, rows: RowNumbers, distances: Distances, *, is_all: bool) -> Self:
        """Wrap the nearest rows, sorted; complete below the distance of the last."""
        return cls(RowHits(rows, distances), None if is_all else int(distances[-1]))

    @classmethod
    def merged(cls, parts: Sequence[Self], k: int) -> Self:
        """Merge the candidates of parts of an index, each of which was asked for k."""
        rows = np.concatenate([part.hits.rows for part in parts])
        distances = np.concatenate([part.hits.distances for part in parts])
        order = np.argsort(distances, kind="stable")[:k]
        is_all = len(rows) <= k and all(part.complete_below is None for part in parts)
        return cls.nearest(rows[order], distances[order], is_all=is_all)

    @classmethod
    def within_radius(cls, radius: int, rows: RowNumbers, distances: Distances) -> Self:
        """Wrap all rows nearer than a radius, given in any order."""
        order = np.argsort(distances, kind="stable")
        return cls(RowHits(rows[order], distances[order]), radius)

    @classmethod
    def incomplete(cls, rows: RowNumbers, distances: Distances) -> Self:
        """Wrap some of the nearest rows, where any other row may be nearer."""
        return cls(RowHits(rows, distances), 0)

    def filtered(self, keep: Bitmap) -> Self:
        """Keep the candidates for which a bitmap over them is true."""
        hits = RowHits(self.hits.rows[keep], self.hits.distances[keep])
        return replace(self, hits=hits)

    def top_k(self, k: int, ids: IntArray) -> RowHits | None:
        """Return the first k by (distance, id); None if one of them may be missing."""
        distances = self.hits.distances
        if self.complete_below is not None and (
            len(distances) < k or distances[k - 1] >= self.complete_below
        ):
            return None
        if len(distances) > k:  # sort only up to the last tie with the k-th
            stop = int(np.searchsorted(distances, distances[k - 1], side="right"))
            return RowHits(self.hits.rows[:stop], distances[:stop]).top_k(k, ids)
        return self.hits.top_k(k, ids)


def nearest_with_ties(query: Codes, codes: Codes, k: int) -> RowHits:
    """Return the k nearest codes and all that tie with the last, in numpy.

    For galleries where very many codes tie, such as copies of one picture.
    """
    distances = hamming(query, codes)[0]
    last = np.partition(distances, k - 1)[k - 1]
    rows = np.flatnonzero(distances <= last)
    return RowHits(rows, distances[rows])
