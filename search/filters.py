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

    def allowed(self, rows: Rows) -> Bools | Int64s | None:
        """Which rows may be answers: their numbers, a bitmap (n,), or None for all.

        By category first, which costs nothing but what it leaves; the other columns
        are then read only there.
        """
        if self.categories is None:
            return self._by_columns(rows)
        numbers = self._by_category(rows)
        rest = self._by_columns(rows, numbers)
        return numbers if rest is None else numbers[rest]

    def _by_category(self, rows: Rows) -> Int64s:
        stretches = sorted(
            stretch
            for category in self.categories or ()
            for stretch in rows.stretches.get(category, ())
        )
        numbers = [np.arange(start, stop) for start, stop in stretches]
        return np.concatenate(numbers) if numbers else np.empty(0, np.int64)

    def _by_columns(self, rows: Rows, at: Int64s | slice = slice(None)) -> Bools | None:
        """Of the rows `at`: which fit by everything but their category."""
        conditions = []
        if self.min_price is not None:
            conditions.append(rows.price[at] >= price_in_hundredths(self.min_price))
        if self.max_price is not None:
            conditions.append(rows.price[at] <= price_in_hundredths(self.max_price))
        if self.brands:
            conditions.append(_by_word(self.brands, rows.brand[at], rows.brands))
        if self.colours:
            conditions.append(_by_word(self.colours, rows.colour[at], rows.colours))
        if self.in_stock:
            conditions.append(rows.in_stock[at])
        return np.logical_and.reduce(conditions) if conditions else None


NO_FILTERS = Filters()


def _by_word(wanted: frozenset[str], numbers: Int64s, words: tuple[str, ...]) -> Bools:
    folded = {word.casefold() for word in wanted}
    fitting = np.array([word.casefold() in folded for word in words], np.bool_)
    return fitting[numbers] if len(words) else np.zeros(len(numbers), np.bool_)
