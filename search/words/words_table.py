"""Products in memory as words find them: what filters read, terms, and binary codes.

Of a product's vector only the signs are held; for the few products that are compared
more closely the vectors are read from the database.
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
from search.words.documents import ProductDocument
from search.words.inverted_index import IndexBuilder, InvertedIndex, Scores
from search.words.language import sentences
from search.words.language.sentences import DIM, Vectors

VECTORS_PER_CHUNK = 2000  # whose signs are taken at a time


@dataclass(frozen=True)
class WordsTable:
    """n products, sorted by category and then by product id. It is immutable.

    rows: the columns of filters, where the image id is the product's id and embeddings
    are empty; has_vector: (n,); by_product: the rows sorted by product id;
    unsaved_vectors: by product id, those that the database lacks still.
    """

    rows: Rows
    has_vector: Bools
    index: InvertedIndex
    by_product: Int64s
    unsaved_vectors: Mapping[int, bytes]

    @classmethod
    def of(
        cls,
        documents: Iterable[ProductDocument],
        unsaved_vectors: Mapping[int, bytes] | None = None,
    ) -> "WordsTable":
        """Build the table of documents in any order, which are read once, one by one.

        unsaved_vectors is looked at when the last document has been read.
        """
        builder = _TableBuilder()
        for document in documents:
            builder.add(document)
        return builder.build(unsaved_vectors or {})

    def __len__(self) -> int:
        return len(self.rows)

    def rows_of(self, products: Int64s) -> Int64s:
        """Return the rows of these products, of those that are here."""
        return rows_of_products(self.rows.product_id, self.by_product, products)

    def allowed_rows(self, filters: Filters, live: Bools | None) -> Int64s:
        """Return the rows that the filters allow, of those that are live; ascending."""
        allowed = filters.allowed(self.rows)
        rows = np.sort(allowed.allowed_rows(allowed.ranges_within(len(self))))
        return rows if live is None else rows[live[rows]]

    def category_scores(self, weights: Mapping[int, float]) -> Scores:
        """Return the weight of each product's category, 0 where it has none."""
        scores = np.zeros(len(self), np.float32)
        for category, weight in weights.items():
            for start, stop in self.rows.category_ranges.get(category, ()):
                scores[start:stop] = weight
        return scores

    def vectors(self, rows: Int64s) -> Vectors:
        """Return these products' vectors as they are now; zeros where there is none."""
        vectors = np.zeros((len(rows), DIM), np.int8)
        places = np.flatnonzero(self.has_vector[rows])
        products = self.rows.product_id[rows[places]].tolist()
        stored = self._stored_vectors(products)
        for place, product in zip(places.tolist(), products, strict=True):
            if product in stored:
                vectors[place] = np.frombuffer(stored[product], np.int8)
        return vectors

    def _stored_vectors(self, products: Sequence[int]) -> dict[int, bytes]:
        saved = [pk for pk in products if pk not in self.unsaved_vectors]
        vectors = dict(self.unsaved_vectors)
        if saved:
            texts = ProductText.objects.filter(product__in=saved)
            vectors |= {
                pk: bytes(stored)
                for pk, stored in texts.values_list("product", "embedding")
            }
        return vectors


class _TableBuilder:
    """Collects the columns of documents, and nothing else of them."""

    def __init__(self) -> None:
        self.index = IndexBuilder()
        self.product, self.category, self.price = array("q"), array("q"), array("q")
        self.in_stock, self.has_vector = bytearray(), bytearray()
        self.words = {name: _WordColumnBuilder() for name in WORD_COLUMNS}
        self.vectors: list[bytes] = []
        self.codes: list[Codes] = []

    def add(self, document: ProductDocument) -> None:
        self.index.add(document.text)
        self.product.append(document.product_id)
        self.category.append(document.category_id)
        self.price.append(price_in_hundredths(document.price))
        self.in_stock.append(document.in_stock)
        self.has_vector.append(document.vector is not None)
        for name, column in self.words.items():
            column.add(document.words[name])
        self.vectors.append(document.vector or bytes(DIM))
        if len(self.vectors) == VECTORS_PER_CHUNK:
            self._take_signs()

    def build(self, unsaved_vectors: Mapping[int, bytes]) -> WordsTable:
        self._take_signs()
        products = np.frombuffer(self.product, np.int64)
        categories = np.frombuffer(self.category, np.int64)
        order = np.lexsort((products, categories))
        row_of_document = np.empty(len(order), np.int64)
        row_of_document[order] = np.arange(len(order))
        return WordsTable(
            rows=self._rows(products, categories, order),
            has_vector=np.frombuffer(self.has_vector, np.bool_)[order],
            index=self.index.build(row_of_document),
            by_product=np.argsort(products[order], kind="stable"),
            unsaved_vectors=unsaved_vectors,
        )

    def _rows(self, products: Int64s, categories: Int64s, order: Int64s) -> Rows:
        return Rows(
            image_id=products[order],
            product_id=products[order],
            category_id=categories[order],
            price=narrow(self.price)[order],
            in_stock=np.frombuffer(self.in_stock, np.bool_)[order],
            codes=np.concatenate(self.codes)[order],
            embeddings=np.empty((len(products), 0), np.int8),
            words={name: column.build(order) for name, column in self.words.items()},
        )

    def _take_signs(self) -> None:
        vectors = np.frombuffer(b"".join(self.vectors), np.int8).reshape(-1, DIM)
        self.codes.append(sentences.sign_codes(vectors))
        self.vectors.clear()


class _WordColumnBuilder:
    """Collects a column of words of which few are different, such as brands."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.number_of_document = array("i")

    def add(self, word: str) -> None:
        number = self.numbers.setdefault(word, len(self.numbers))
        self.number_of_document.append(number)

    def build(self, order: Int64s) -> WordColumn:
        """Return the words of the documents in this order."""
        vocabulary = sorted(self.numbers)
        rank = np.empty(len(vocabulary), np.int64)
        rank[[self.numbers[word] for word in vocabulary]] = np.arange(len(vocabulary))
        numbers = np.frombuffer(self.number_of_document, np.int32)
        return WordColumn(narrow(rank[numbers[order]]), tuple(vocabulary))
