"""A snapshot overlaid by what changed since: what can be found at one moment.

A change is a product that was touched. Its rows in the snapshot are masked, and its
rows as they are now are held beside.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self

import numpy as np

from hashing import CodeIndex
from search import changes
from search.answers.query import Query
from search.changes import Position
from search.errors import ForeignEncoder
from search.gallery.calibration import Curves
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.neighbours import Shortlist
from search.gallery.reading import By, read_products
from search.gallery.rows import Bools, Int64s, Ints, Rows, merged, same
from search.gallery.snapshots import LoadedSnapshot


class Findable(Protocol):
    """A gallery as of the last commit, whichever engine holds its codes."""

    @property
    def name(self) -> str: ...
    @property
    def encoder(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def position(self) -> Position: ...
    @property
    def changed_products(self) -> frozenset[int]: ...
    @property
    def pending(self) -> int: ...
    @property
    def curves(self) -> Curves | None: ...
    def __len__(self) -> int: ...
    def search(
        self, query: Query, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist: ...


@dataclass(frozen=True)
class Overlay:
    """What changed since the snapshot, up to a position in the changes."""

    position: Position
    products: frozenset[int]
    live: Bools  # which rows of the snapshot still hold
    n_live: int
    rows: Rows
    index: CodeIndex


@dataclass(frozen=True)
class Gallery:
    """Immutable: a search that has begun is not disturbed by the next change."""

    snapshot: LoadedSnapshot
    overlay: Overlay
    by_product: Ints  # the snapshot's rows, ordered by product id

    @classmethod
    def of(cls, snapshot: LoadedSnapshot) -> Self:
        """The snapshot alone; `refreshed` brings it up to now."""
        n = len(snapshot.rows)
        nothing = snapshot.rows.take(np.empty(0, np.int64))
        overlay = Overlay(
            position=Position(snapshot.position),
            products=frozenset(),
            live=np.ones(n, np.bool_),
            n_live=n,
            rows=nothing,
            index=CodeIndex.build(nothing.image_id, nothing.codes),
        )
        by_product = np.argsort(snapshot.rows.product_id, kind="stable")
        return cls(snapshot, overlay, by_product.astype(np.min_scalar_type(-n)))

    def __len__(self) -> int:
        """How many pictures can be found."""
        return self.overlay.n_live + len(self.overlay.rows)

    @property
    def name(self) -> str:
        return self.snapshot.name

    @property
    def encoder(self) -> str:
        return self.snapshot.encoder

    @property
    def as_of(self) -> datetime:
        return self.snapshot.as_of

    @property
    def position(self) -> Position:
        return self.overlay.position

    @property
    def changed_products(self) -> frozenset[int]:
        return self.overlay.products

    @property
    def curves(self) -> Curves | None:
        return self.snapshot.curves

    @property
    def pending(self) -> int:
        """How many products changed since the snapshot."""
        return len(self.overlay.products)

    def refreshed(self) -> "Gallery":
        """With every change committed before this call."""
        seen = changes.since(self.overlay.position)
        if not seen.products:
            return self._at(seen.position)
        rows = self.snapshot.rows
        by = By(self.encoder, rows.codes.shape[1] * 8, rows.embeddings.shape[1])
        now = read_products(by, sorted(seen.products))
        if self._holds(seen.products, now):
            return self._at(seen.position)
        return self.changed(seen.products, now)._at(seen.position)

    def changed(self, products: Set[int], now: Rows) -> Self:
        """With these products' rows as they are `now`, instead of what they were."""
        wanted = np.fromiter(products, np.int64)
        untouched = np.flatnonzero(~np.isin(self.overlay.rows.product_id, wanted))
        beside = merged(self.overlay.rows.take(untouched), now)
        live = self.overlay.live.copy()
        live[self._rows_of(wanted)] = False
        overlay = replace(
            self.overlay,
            products=self.overlay.products | products,
            live=live,
            n_live=int(np.count_nonzero(live)),
            rows=beside,
            index=CodeIndex.build(beside.image_id, beside.codes),
        )
        return replace(self, overlay=overlay)

    def search(
        self, query: Query, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """The k nearest pictures among the allowed: exact, whatever is allowed.

        By distance, then image id; fewer than k only where fewer are allowed. Without
        filters, a snapshot with an index of kind `ivf` has the recall it was built
        with. Raises ForeignEncoder for a query of another encoder.
        """
        if query.encoder != self.snapshot.encoder:
            raise ForeignEncoder(query.encoder)
        base, overlay, codes = self.snapshot, self.overlay, query.codes
        (found,) = base.index.search_rows(
            codes,
            k,
            allowed=filters.allowed(base.rows),
            live=overlay.live if overlay.n_live < len(base.rows) else None,
        )
        (beside,) = overlay.index.search_rows(
            codes, k, allowed=filters.allowed(overlay.rows)
        )
        both = [(base.rows, found), (overlay.rows, beside)]
        return Shortlist.of(both, k)

    def _holds(self, products: Set[int], now: Rows) -> bool:
        """Whether these products are held as they are `now`: a sweep reads them again
        and again (search.engines.verification), and the overlay need not be made anew.
        """
        if not products <= self.overlay.products:
            return False
        wanted = np.fromiter(products, np.int64)
        ours = np.flatnonzero(np.isin(self.overlay.rows.product_id, wanted))
        return same(self.overlay.rows.take(ours), now)

    def with_curves(self, curves: Curves | None) -> Self:
        return replace(self, snapshot=replace(self.snapshot, curves=curves))

    def _at(self, position: Position) -> Self:
        return replace(self, overlay=replace(self.overlay, position=position))

    def _rows_of(self, products: Int64s) -> Int64s:
        """The snapshot's rows of these products."""
        column, order = self.snapshot.rows.product_id, self.by_product
        starts = np.searchsorted(column, products, side="left", sorter=order)
        ends = np.searchsorted(column, products, side="right", sorter=order)
        found = [np.arange(*bounds) for bounds in zip(starts, ends, strict=True)]
        rows: Int64s = order[np.concatenate(found)].astype(np.int64)
        return rows
