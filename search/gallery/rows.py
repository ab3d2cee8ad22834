"""The rows of a gallery: for each findable picture its code and what filters need."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]  # (n,)
Ints = npt.NDArray[np.signedinteger[Any]]  # (n,), as narrow as what they hold
Bools = npt.NDArray[np.bool_]  # (n,)


@dataclass(frozen=True)
class Rows:
    """Columns of n pictures. All arrays are read only.

    Pictures of a category lie together, and so do those of its subtree, as the tree
    was when they were read: a filter by category is a few stretches of rows.
    `brand` and `colour` are numbers into the sorted words beside them.
    """

    image_id: Int64s
    product_id: Int64s
    category_id: Int64s
    price: Ints  # hundredths of the shop's currency
    in_stock: Bools
    brand: Ints
    colour: Ints
    codes: npt.NDArray[np.uint8]  # (n, n_bits // 8)
    embeddings: npt.NDArray[np.int8]  # (n, dim)
    brands: tuple[str, ...]
    colours: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.image_id)

    @cached_property
    def stretches(self) -> dict[int, list[tuple[int, int]]]:
        """Where each category's rows are: from, up to but without."""
        edges = np.flatnonzero(np.diff(self.category_id)) + 1
        bounds = [0, *edges.tolist(), len(self)] if len(self) else []
        found: dict[int, list[tuple[int, int]]] = {}
        for start, stop in pairwise(bounds):
            found.setdefault(int(self.category_id[start]), []).append((start, stop))
        return found

    def take(self, numbers: Int64s) -> Self:
        """Only these rows, by their numbers."""
        columns = {name: getattr(self, name).take(numbers, axis=0) for name in COLUMNS}
        return replace(self, **columns)


COLUMNS = tuple(field.name for field in fields(Rows))[:-2]


def merged(first: Rows, second: Rows) -> Rows:
    """Both, one after the other. An image may not be in both."""
    brands, colours = _words(first, second)
    one, other = (_reworded(rows, brands, colours) for rows in (first, second))
    columns = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in COLUMNS
    }
    return Rows(**columns, brands=brands, colours=colours)


def same(first: Rows, second: Rows) -> bool:
    """Whether both are the same pictures with the same columns, in any order."""
    if len(first) != len(second):
        return False
    one, other = (each.take(np.argsort(each.image_id)) for each in (first, second))
    both = [_reworded(each, *_words(one, other)) for each in (one, other)]
    return all(
        np.array_equal(getattr(both[0], name), getattr(both[1], name))
        for name in COLUMNS
    )


def narrow(numbers: Iterable[int]) -> Ints:
    """In the narrowest type that holds them: a filter reads the whole column."""
    wide = np.array(list(numbers), np.int64)
    largest = int(np.abs(wide).max(initial=0))
    types = (np.int8, np.int16, np.int32, np.int64)
    return wide.astype(next(t for t in types if largest <= np.iinfo(t).max))


def price_in_hundredths(price: Decimal) -> int:
    return int((price * 100).to_integral_value())


def numbered(words: Iterable[str], vocabulary: tuple[str, ...]) -> Ints:
    number = {word: position for position, word in enumerate(vocabulary)}
    return narrow([number[word] for word in words])


def _words(first: Rows, second: Rows) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(sorted({*first.brands, *second.brands})),
        tuple(sorted({*first.colours, *second.colours})),
    )


def _reworded(rows: Rows, brands: tuple[str, ...], colours: tuple[str, ...]) -> Rows:
    brand_numbers = numbered(rows.brands, brands)
    colour_numbers = numbered(rows.colours, colours)
    return replace(
        rows,
        brand=brand_numbers[rows.brand],
        colour=colour_numbers[rows.colour],
        brands=brands,
        colours=colours,
    )
