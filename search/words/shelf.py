"""Products as words find them, in memory: what filters read, terms, and meanings.

Immutable. A gallery of words is two of these: the catalogue as it was read, and beside
it what changed since. Of a meaning it holds the signs alone; of the few products that
are compared more closely the database tells the numbers.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hashing import Codes
from search.gallery.columns import WORD_COLUMNS, WordColumn, narrow
from search.gallery.filters import Filters
from search.gallery.overlay import rows_of_products
from search.gallery.rows import Bools, Int64s, Rows, price_in_hundredths
from search.models import ProductText
from search.words.language import sentences
from search.words.language.sentences import DIM, Vectors
from search.words.terms import Collector, Scores, Terms
from search.words.texts import Written

A_PIECE = 2000  # vectors that are packed at a time


@dataclass(frozen=True)
class Shelf:
    """n products, those of a category together, in ascending order of their ids.

    In `rows` the picture's id is the product's: a text is its own; embeddings are
    empty. meant: whose meaning is known; own: vectors that the database lacks still.
    """

    rows: Rows
    meant: Bools
    terms: Terms
    by_product: Int64s  # its rows, ordered by product id
    own: Mapping[int, bytes]

    @classmethod
    def of(
        cls, written: Iterable[Written], own: Mapping[int, bytes] | None = None
    ) -> "Shelf":
        """Products in any order; read once, and not kept."""
        read = _Columns()
        for each in written:
            read.add(each)
        return read.shelf(own or {})

    def __len__(self) -> int:
        return len(self.rows)

    def rows_of(self, products: Int64s) -> Int64s:
        """Return the rows of these products, of those that are here."""
        return rows_of_products(self.rows.product_id, self.by_product, products)

    def allowed(self, filters: Filters, live: Bools | None) -> Int64s:
        """The rows that may be answers, ascending."""
        allowed = filters.allowed(self.rows)
        rows = np.sort(allowed.allowed_rows(allowed.ranges_within(len(self))))
        return rows if live is None else rows[live[rows]]

    def of_categories(self, weights: dict[int, float]) -> Scores:
        """For each product (n,) the weight of its category; 0 where it has none."""
        found = np.zeros(len(self), np.float32)
        for category, weight in weights.items():
            for start, stop in self.rows.category_ranges.get(category, ()):
                found[start:stop] = weight
        return found

    def vectors(self, rows: Int64s) -> Vectors:
        """What these products mean (n, DIM), as the database has it now.

        Zeros where it is not known.
        """
        ids = self.rows.product_id[rows].tolist()
        known = [pk for pk in ids if pk not in self.own]
        stored = ProductText.objects.filter(product__in=known)
        found = dict(stored.values_list("product", "embedding")) | dict(self.own)
        vectors = np.zeros((len(ids), DIM), np.int8)
        for at, (pk, is_meant) in enumerate(
            zip(ids, self.meant[rows].tolist(), strict=True)
        ):
            if is_meant and pk in found:
                vectors[at] = np.frombuffer(found[pk], np.int8)
        return vectors


class _Columns:
    """What is kept of products, as they come."""

    def __init__(self) -> None:
        self.collected = Collector()
        self.product, self.category, self.price = array("q"), array("q"), array("q")
        self.in_stock, self.meant = bytearray(), bytearray()
        self.words = {name: _Words() for name in WORD_COLUMNS}
        self.vectors: list[bytes] = []
        self.codes: list[Codes] = []

    def add(self, each: Written) -> None:
        self.collected.add(each.text)
        self.product.append(each.product_id)
        self.category.append(each.category_id)
        self.price.append(price_in_hundredths(each.price))
        self.in_stock.append(each.in_stock)
        self.meant.append(each.embedding is not None)
        for name, words in self.words.items():
            words.add(each.words[name])
        self.vectors.append(each.embedding or bytes(DIM))
        if len(self.vectors) == A_PIECE:
            self._pack()

    def shelf(self, own: Mapping[int, bytes]) -> Shelf:
        self._pack()
        products = np.frombuffer(self.product, np.int64)
        categories = np.frombuffer(self.category, np.int64)
        order = np.lexsort((products, categories))
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        ids = products[order]
        rows = Rows(
            image_id=ids,
            product_id=ids,
            category_id=categories[order],
            price=narrow(self.price)[order],
            in_stock=np.frombuffer(self.in_stock, np.bool_)[order],
            codes=np.concatenate(self.codes)[order],
            embeddings=np.empty((len(ids), 0), np.int8),
            words={name: words.column(order) for name, words in self.words.items()},
        )
        return Shelf(
            rows=rows,
            meant=np.frombuffer(self.meant, np.bool_)[order],
            terms=self.collected.terms(places),
            by_product=np.argsort(ids, kind="stable"),
            own=own,
        )

    def _pack(self) -> None:
        stored = np.frombuffer(b"".join(self.vectors), np.int8).reshape(-1, DIM)
        self.codes.append(sentences.codes(stored))
        self.vectors.clear()


class _Words:
    """A column of words that come again and again."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.column_of = array("i")

    def add(self, word: str) -> None:
        self.column_of.append(self.numbers.setdefault(word, len(self.numbers)))

    def column(self, order: Int64s) -> WordColumn:
        """Return the words in this order."""
        ordered: Sequence[str] = sorted(self.numbers)
        rank = np.empty(len(ordered), np.int64)
        rank[[self.numbers[word] for word in ordered]] = np.arange(len(ordered))
        came = np.frombuffer(self.column_of, np.int32)
        return WordColumn(narrow(rank[came[order]]), tuple(ordered))
