"""What a shopper limits a search to, and which rows that allows."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from search.rows import Bools, Int64s, Rows, price_in_hundredths


@dataclass(frozen=True)
class Filters:
    """All must hold. Within brands and within colours one is enough.

    categories: ids, the subtree included; None allows all, an empty set nothing.
    Prices are inclusive. Brands and colours compare without case.
    """

    categories: frozenset[int] | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    brands: frozenset[str] = frozenset()
    colours: frozenset[str] = frozenset()
    in_stock: bool = False

    def allowed(self, rows: Rows) -> Bools | None:
        """Which rows (n,) may be answers; None where all may."""
        conditions = [
            condition
            for condition in (
                self._by_category(rows),
                None
                if self.min_price is None
                else rows.price >= price_in_hundredths(self.min_price),
                None
                if self.max_price is None
                else rows.price <= price_in_hundredths(self.max_price),
                _by_word(self.brands, rows.brand, rows.brands),
                _by_word(self.colours, rows.colour, rows.colours),
                rows.in_stock if self.in_stock else None,
            )
            if condition is not None
        ]
        return np.logical_and.reduce(conditions) if conditions else None

    def _by_category(self, rows: Rows) -> Bools | None:
        if self.categories is None:
            return None
        return np.isin(rows.category_id, list(self.categories))


NO_FILTERS = Filters()


def _by_word(
    wanted: frozenset[str], numbers: Int64s, words: tuple[str, ...]
) -> Bools | None:
    if not wanted:
        return None
    folded = {word.casefold() for word in wanted}
    fitting = np.array([word.casefold() in folded for word in words], np.bool_)
    return fitting[numbers] if len(words) else np.zeros(len(numbers), np.bool_)
