"""Products as words find them, in memory: what filters read, terms, and meanings.

Immutable. A gallery of words is two of these: the catalogue as it was read, and beside
it what changed since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from hashing import CodeIndex
from search.filters import Filters
from search.rows import Bools, Int64s, Rows, narrow, numbered, price_in_hundredths
from search.words import sentences
from search.words.sentences import DIM
from search.words.terms import Scores, Terms, indexed
from search.words.texts import Written


@dataclass(frozen=True)
class Shelf:
    """n products. In `rows` the picture's id is the product's: a text is its own.

    sentences: of products whose meaning is not known yet, by row.
    """

    rows: Rows
    index: CodeIndex
    terms: Terms
    sentences: dict[int, str]

    @classmethod
    def of(cls, written: Sequence[Written]) -> Self:
        """Products of a category must lie together (see search.rows)."""
        zeros = bytes(DIM)
        stored = b"".join(each.embedding or zeros for each in written)
        vectors = np.frombuffer(stored, np.int8).reshape(-1, DIM)
        brands = tuple(sorted({each.brand for each in written}))
        colours = tuple(sorted({each.colour for each in written}))
        ids = np.array([each.product_id for each in written], np.int64)
        rows = Rows(
            image_id=ids,
            product_id=ids,
            category_id=np.array([each.category_id for each in written], np.int64),
            price=narrow([price_in_hundredths(each.price) for each in written]),
            in_stock=np.array([each.in_stock for each in written], np.bool_),
            brand=numbered((each.brand for each in written), brands),
            colour=numbered((each.colour for each in written), colours),
            codes=sentences.codes(vectors),
            embeddings=vectors,
            brands=brands,
            colours=colours,
        )
        return cls(
            rows=rows,
            index=CodeIndex.build(ids, rows.codes),
            terms=indexed(each.text for each in written),
            sentences={
                row: each.sentence
                for row, each in enumerate(written)
                if each.embedding is None
            },
        )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def row_of(self) -> dict[int, int]:
        """Each product's row."""
        return {pk: row for row, pk in enumerate(self.rows.product_id.tolist())}

    def allowed(self, filters: Filters, live: Bools | None) -> Int64s:
        """The rows that may be answers, ascending."""
        where = filters.allowed(self.rows)
        rows = np.sort(where.numbers(where.within(len(self))))
        return rows if live is None else rows[live[rows]]

    def of_categories(self, weights: dict[int, float]) -> Scores:
        """For each product (n,) the weight of its category; 0 where it has none."""
        found = np.zeros(len(self), np.float32)
        for category, weight in weights.items():
            for start, stop in self.rows.stretches.get(category, ()):
                found[start:stop] = weight
        return found
