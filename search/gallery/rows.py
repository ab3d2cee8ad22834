"""The rows of a gallery: for each findable picture its code and what filters need."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from search.gallery.columns import Ints, WordColumn, merged_columns

Int64s = npt.NDArray[np.int64]  # (n,)
Bools = npt.NDArray[np.bool_]  # (n,)

# The fields of Rows that are arrays of one entry a row.
ARRAYS = (
    *("image_id", "product_id", "category_id", "price", "in_stock"),
    *("codes", "embeddings"),
)


@dataclass(frozen=True)
class Rows:
    """Columns of n pictures. All arrays are read only.

    Pictures of a category lie together, and so do those of its subtree, as the tree
    was when they were read: a filter by category is a few ranges of rows.
    words: by the names of WORD_COLUMNS.
    """

    image_id: Int64s
    product_id: Int64s
    category_id: Int64s
    price: Ints  # hundredths of the shop's currency
    in_stock: Bools
    codes: npt.NDArray[np.uint8]  # (n, n_bits // 8)
    embeddings: npt.NDArray[np.int8]  # (n, dim)
    words: Mapping[str, WordColumn]

    def __len__(self) -> int:
        return len(self.image_id)

    @cached_property
    def category_ranges(self) -> dict[int, list[tuple[int, int]]]:
        """The ranges of rows, as (start, stop), of each category."""
        edges = np.flatnonzero(np.diff(self.category_id)) + 1
        bounds = [0, *edges.tolist(), len(self)] if len(self) else []
        ranges: dict[int, list[tuple[int, int]]] = {}
        for start, stop in pairwise(bounds):
            category = int(self.category_id[start])
            ranges.setdefault(category, []).append((start, stop))
        return ranges

    def take(self, numbers: Int64s) -> Self:
        """Return only these rows, by their numbers."""
        arrays = {name: getattr(self, name).take(numbers, axis=0) for name in ARRAYS}
        words = {name: column.take(numbers) for name, column in self.words.items()}
        return replace(self, **arrays, words=words)


def merged(first: Rows, second: Rows) -> Rows:
    """Return both, one after the other. An image may not be in both."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ARRAYS
    }
    words = {
        name: merged_columns(column, second.words[name])
        for name, column in first.words.items()
    }
    return Rows(**arrays, words=words)


def same(first: Rows, second: Rows) -> bool:
    """Return whether both are the same pictures and columns, in any order."""
    if len(first) != len(second):
        return False
    one, other = (each.take(np.argsort(each.image_id)) for each in (first, second))
    every = np.arange(len(one))
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS
    ) and all(
        column.words(every) == other.words[name].words(every)
        for name, column in one.words.items()
    )


def price_in_hundredths(price: Decimal) -> int:
    """Return the price in hundredths of the shop's currency, rounded half to even."""
    return int((price * 100).to_integral_value())
