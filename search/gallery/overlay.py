"""What changed since a table was read: the one rule that keeps answers current.

A base (a snapshot, a collection in Milvus, the table of words) is right up to a
position in the changes, and never edited. The rows of a product that changed since are
masked in the base, and its rows as they are now are held here. So

    base overlaid by changes = a base read from the database at this moment
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from search import changes
from search.changes import Position
from search.gallery.rows import Bools, Int64s


class Table(Protocol):
    """Rows of products in memory; small where it is an overlay's."""

    def replaced(self, products: Int64s, current: Self) -> Self:
        """Return the table with `current` in place of these products' rows.

        Returns this very table where nothing differs.
        """
        ...


AnyTable = TypeVar("AnyTable", bound=Table)


@dataclass(frozen=True)
class Overlay(Generic[AnyTable]):
    """What changed since the base was read, up to a position in the changes.

    products: those that changed; live: (n,) which rows of the base still hold;
    table: the rows of the changed products as they are now.
    """

    position: Position
    products: frozenset[int]
    live: Bools
    n_live: int
    table: AnyTable
    # False if changes were forgotten before they were read: read the base again.
    is_complete: bool = True

    @classmethod
    def empty(cls, n_base: int, position: Position, table: AnyTable) -> Self:
        """Return the overlay of a base of n rows just read; `table` has no rows."""
        return cls(position, frozenset(), np.ones(n_base, np.bool_), n_base, table)

    @property
    def is_masking(self) -> bool:
        """Whether any row of the base no longer holds."""
        return self.n_live < len(self.live)

    def refreshed(
        self,
        base_rows: Callable[[Int64s], Int64s],
        read: Callable[[Sequence[int]], AnyTable],
    ) -> Self:
        """Return the overlay with every change committed before this call.

        base_rows: finds the rows of products in the base; read: reads products as they
        are now.
        """
        seen = changes.since(self.position)
        changed = self
        if seen.products:
            products = sorted(seen.products)
            changed = self.changed(base_rows, products, read(products))
        return replace(changed, position=seen.position, is_complete=seen.is_complete)

    def changed(
        self,
        base_rows: Callable[[Int64s], Int64s],
        products: Sequence[int],
        current: AnyTable,
    ) -> Self:
        """Return the overlay with these products' rows as they are in `current`."""
        ids = np.array(products, np.int64)
        table = self.table.replaced(ids, current)
        if table is self.table and self.products.issuperset(products):
            # A sweep has products read again and again (search.engines.verification).
            return self
        live = self.live.copy()
        live[base_rows(ids)] = False
        return replace(
            self,
            products=self.products.union(products),
            live=live,
            n_live=int(np.count_nonzero(live)),
            table=table,
        )


class Overlaid:
    """What a base and its overlay derive from the overlay alone."""

    overlay: Overlay[Any]

    @property
    def position(self) -> Position:
        """Up to where in the changes it is right."""
        return self.overlay.position

    @property
    def changed_products(self) -> frozenset[int]:
        """The products that changed since the base was read."""
        return self.overlay.products

    @property
    def pending(self) -> int:
        """How many products changed since the base was read."""
        return len(self.overlay.products)


def rows_of_products(column: Int64s, order: Int64s, products: Int64s) -> Int64s:
    """Return the rows whose product is among these.

    column: (n,) the product of each row; order: (n,) the rows sorted by product.
    """
    starts = np.searchsorted(column, products, side="left", sorter=order)
    ends = np.searchsorted(column, products, side="right", sorter=order)
    ranges = [np.arange(*bounds) for bounds in zip(starts, ends, strict=True)]
    places = np.concatenate([np.empty(0, np.int64), *ranges])
    rows: Int64s = order[places].astype(np.int64)
    return rows
