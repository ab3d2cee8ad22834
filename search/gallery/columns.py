"""The words of a product that shoppers filter by: one line of WORD_COLUMNS each.

A new one is a field of Product, a line here, and a field of the same name in FilterForm
and in the template. Rows, snapshots, Milvus, facets, the API and the words of a query
follow this table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf

Ints = npt.NDArray[np.signedinteger[Any]]  # (n,), as narrow as what they hold


def _shown_colour(product: str) -> Coalesce:
    """Return the colour staff names, else the one seen on the main picture."""
    named = NullIf(f"{product}colour", Value(""))
    return Coalesce(named, f"{product}text__seen", Value(""))


# By name: the expression to read, given the lookup that leads to the product.
WORD_COLUMNS: dict[str, Callable[[str], Any]] = {
    "colour": _shown_colour,
    "brand": lambda product: F(f"{product}brand"),
}


@dataclass(frozen=True)
class WordColumn:
    """A word of each of n rows, as numbers (n,) into the sorted words."""

    numbers: Ints
    vocabulary: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """Return the column of these words, in this order."""
        listed = list(words)
        return cls._numbered(listed, tuple(sorted(set(listed))))

    @classmethod
    def _numbered(cls, words: Iterable[str], vocabulary: tuple[str, ...]) -> Self:
        number = {word: position for position, word in enumerate(vocabulary)}
        return cls(narrow([number[word] for word in words]), vocabulary)

    def take(self, rows: npt.NDArray[np.int64]) -> Self:
        """Return the column of these rows alone."""
        return type(self)(self.numbers.take(rows), self.vocabulary)

    def words(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """Return the words of these rows."""
        return [self.vocabulary[number] for number in self.numbers.take(rows).tolist()]

    def with_vocabulary(self, vocabulary: tuple[str, ...]) -> Self:
        """Return the same words, numbered by a vocabulary that has them all."""
        renumbered = self._numbered(self.vocabulary, vocabulary).numbers
        return type(self)(renumbered[self.numbers], vocabulary)


def merged_columns(first: WordColumn, second: WordColumn) -> WordColumn:
    """Return both columns, one after the other."""
    vocabulary = tuple(sorted({*first.vocabulary, *second.vocabulary}))
    both = [each.with_vocabulary(vocabulary).numbers for each in (first, second)]
    return WordColumn(np.concatenate(both), vocabulary)


def narrow(numbers: Iterable[int]) -> Ints:
    """Return the numbers in the narrowest type that holds them.

    A filter reads the whole column.
    """
    wide = np.array(list(numbers), np.int64)
    largest = int(np.abs(wide).max(initial=0))
    types = (np.int8, np.int16, np.int32, np.int64)
    return wide.astype(next(t for t in types if largest <= np.iinfo(t).max))
