"""Filters of a search, and the rows of a gallery that they allow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Self

import numpy as np

from hashing import RowFilter
from hashing.index.row_filter import RowRange
from search.gallery.columns import WordColumn
from search.gallery.rows import Bools, Int64s, Rows, price_in_hundredths

# Returns for row numbers, or a slice of rows, whether each is allowed.
Condition = Callable[[Int64s | slice], Bools]

MAX_COMPARED_WORDS = 6  # above, a lookup table of the vocabulary is quicker


@dataclass(frozen=True)
class Filters:
    """All must hold.

    categories: ids, the subtree included; None allows all, an empty set nothing.
    Prices are inclusive. words: of columns in WORD_COLUMNS, the words of which a
    product has one; they compare without case.
    """

    categories: frozenset[int] | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool = False
    words: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def chosen_words(self) -> dict[str, frozenset[str]]:
        """The words that are chosen, by column."""
        return dict(self.words)

    def with_words(self, **words: Iterable[str]) -> Self:
        """Return the filters with other words in these columns; none allow all."""
        chosen = {name: frozenset(column) for name, column in words.items()}
        both = {**self.chosen_words, **chosen}
        kept = {name: column for name, column in both.items() if column}
        return replace(self, words=tuple(sorted(kept.items())))

    def allowed(self, rows: Rows) -> RowFilter:
        """Return which rows are allowed.

        A category costs nothing but what it leaves, since its rows lie together; the
        other columns are read only where the search asks for them.
        """
        conditions = list(self._conditions(rows))
        keep = partial(_all, conditions) if conditions else None
        return RowFilter(self._stretches(rows), keep)

    def _stretches(self, rows: Rows) -> list[RowRange] | None:
        if self.categories is None:
            return None
        return sorted(
            stretch
            for category in self.categories
            for stretch in rows.category_ranges.get(category, ())
        )

    def _conditions(self, rows: Rows) -> Iterator[Condition]:
        if self.in_stock:
            yield rows.in_stock.__getitem__
        if self.min_price is not None:
            least = price_in_hundredths(self.min_price)
            yield lambda at: rows.price[at] >= least
        if self.max_price is not None:
            most = price_in_hundredths(self.max_price)
            yield lambda at: rows.price[at] <= most
        for name, words in self.chosen_words.items():
            yield _by_word(words, rows.words[name])


NO_FILTERS = Filters()


def _all(conditions: Sequence[Condition], at: Int64s | slice) -> Bools:
    first, *others = conditions
    kept = first(at)
    for condition in others:
        kept = kept & condition(at)
    return kept


def _by_word(wanted: frozenset[str], column: WordColumn) -> Condition:
    folded = {word.casefold() for word in wanted}
    numbers, vocabulary = column.numbers, column.vocabulary
    fitting = [at for at, word in enumerate(vocabulary) if word.casefold() in folded]
    if len(fitting) > MAX_COMPARED_WORDS:
        table = np.zeros(len(vocabulary), np.bool_)
        table[fitting] = True
        return lambda at: table.take(numbers[at])
    return lambda at: np.logical_or.reduce(
        [np.zeros(numbers[at].shape, np.bool_), *(numbers[at] == n for n in fitting)]
    )
