"""What words can find as of the last commit: a words table, overlaid by changes.

As the picture galleries, but read straight from the database: a process holds some
200 bytes a product. A server reads the catalogue beside its requests; until it is done
it answers from those products that the database finds for a query.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self

from django.db.models import Q, QuerySet
from django.utils import timezone

from catalogue.models import Product
from search import changes
from search.changes import Position
from search.gallery.holder import Holder, Loaded
from search.gallery.overlay import Overlaid, Overlay
from search.gallery.reading import IDS_A_QUERY
from search.gallery.rows import Bools, Int64s
from search.words.categories import CategoryTree, current_tree
from search.words.documents import ProductDocument, read_documents
from search.words.inverted_index import InvertedIndex
from search.words.language import glossary, sentences
from search.words.language.tokens import split_words
from search.words.words_table import WordsTable

# Texts without a stored vector that a search encodes itself, a few ms each. The words
# of others find them all the same, until a worker has encoded them.
MAX_ENCODED_BY_SEARCH = 16
# Products that may have changed before the table is read again: the larger of the two.
MAX_CHANGED = 1000
MAX_CHANGED_SHARE = 0.01  # of all products

FIRST_READ_PATIENCE = 1.0  # seconds that a server's first search waits for the table
# Without the table, so many words are looked for, and so many products found.
MAX_PARTIAL_WORDS = 12
MAX_PARTIAL_PRODUCTS = 1000
PARTIAL_FIELDS = ("name", "brand", "colour", "sku", "category__name")


@dataclass(frozen=True)
class ChangedDocuments:
    """The products that changed since the table was read, as they are now."""

    by_product: Mapping[int, ProductDocument]

    @classmethod
    def of(cls, documents: Iterable[ProductDocument]) -> Self:
        return cls({document.product_id: document for document in documents})

    @cached_property
    def table(self) -> WordsTable:
        """Built when first searched: documents that only replace others need none."""
        documents = self.by_product
        vectors = {pk: each.vector for pk, each in documents.items() if each.vector}
        return WordsTable.of(documents.values(), vectors)

    def replaced(self, products: Int64s, current: Self) -> Self:
        """Return the documents with `current` in place of those of these products."""
        replaced = set(products.tolist())
        held = {pk: each for pk, each in self.by_product.items() if pk in replaced}
        if held == current.by_product:
            return self
        others = [each for pk, each in self.by_product.items() if pk not in replaced]
        return self.of([*others, *current.by_product.values()])


@dataclass(frozen=True)
class WordsGallery(Overlaid):
    """A words table overlaid by changes, with the categories as of now.

    is_partial: it has only the products that the database found for one text. It is
    immutable: a search that has begun is not disturbed by the next change.
    """

    as_of: datetime
    base: WordsTable
    overlay: Overlay[ChangedDocuments]
    categories: CategoryTree
    is_partial: bool = False

    @classmethod
    def read(cls) -> Self:
        """Read all that is on sale, as of this call."""
        return cls._of(Product.objects.on_sale().order_by("pk"))

    @classmethod
    def read_for(cls, text: str) -> Self:
        """Read the newest products whose fields contain a word of this text."""
        typed = split_words(text)[:MAX_PARTIAL_WORDS]
        synonyms = (each for word in typed for each in glossary.synonyms(word))
        contains_any = Q()
        for word in {*typed, *synonyms}:
            for field in PARTIAL_FIELDS:
                contains_any |= Q(**{f"{field}__icontains": word})
        products = Product.objects.on_sale().filter(contains_any).order_by("-pk")
        ids = list(products.values_list("pk", flat=True)[:MAX_PARTIAL_PRODUCTS])
        gallery = cls._of(Product.objects.on_sale().filter(pk__in=ids))
        return replace(gallery, is_partial=True)

    @classmethod
    def _of(cls, products: QuerySet[Product]) -> Self:
        as_of, position = timezone.now(), Position(changes.current_position())
        unsaved: dict[int, bytes] = {}
        documents = _with_vectors(read_documents(products), unsaved)
        base = WordsTable.of(documents, unsaved)
        overlay = Overlay.empty(len(base), position, ChangedDocuments.of([]))
        return cls(as_of, base, overlay, current_tree())

    def __len__(self) -> int:
        """Return how many products can be found."""
        return self.overlay.n_live + len(self.changed)

    @property
    def name(self) -> str:
        return "words, in part" if self.is_partial else "words"

    @property
    def changed(self) -> WordsTable:
        """The table of products that changed since the base was read."""
        return self.overlay.table.table

    @property
    def tables(self) -> list[tuple[WordsTable, Bools | None]]:
        """Both tables, each with which of its rows are live; None for all."""
        overlay = self.overlay
        base = (self.base, overlay.live if overlay.is_masking else None)
        return [base, (self.changed, None)]

    @property
    def indexes(self) -> list[InvertedIndex]:
        return [table.index for table, _ in self.tables]

    def vocabulary(self, column: str) -> set[str]:
        """Return every word in this column of WORD_COLUMNS, as the shop writes it."""
        columns = [table.rows.words[column] for table, _ in self.tables]
        return {word for each in columns for word in each.vocabulary} - {""}

    @property
    def is_due(self) -> bool:
        """Whether so many products changed that the base should be read again."""
        return self.pending > max(MAX_CHANGED, MAX_CHANGED_SHARE * len(self.base))

    def refreshed(self) -> Self | None:
        """Return the gallery with every change committed before this call.

        None if changes have been forgotten that it has not read.
        """
        overlay = self.overlay.refreshed(self.base.rows_of, _read_changed)
        return replace(self, overlay=overlay) if overlay.is_complete else None


def _read_changed(product_ids: Sequence[int]) -> ChangedDocuments:
    documents: list[ProductDocument] = []
    for start in range(0, len(product_ids), IDS_A_QUERY):
        ids = product_ids[start : start + IDS_A_QUERY]
        documents += read_documents(Product.objects.on_sale().filter(pk__in=ids))
    return ChangedDocuments.of(_with_vectors(documents, {}))


def _with_vectors(
    documents: Iterable[ProductDocument], encoded: dict[int, bytes]
) -> Iterator[ProductDocument]:
    """Yield documents; encode up to MAX_ENCODED_BY_SEARCH that have no vector.

    encoded: receives the vectors by product id.
    """
    for document in documents:
        if document.vector is None and len(encoded) < MAX_ENCODED_BY_SEARCH:
            (vector,) = sentences.quantized(sentences.encode([document.sentence]))
            encoded[document.product_id] = vector.tobytes()
            yield replace(document, vector=vector.tobytes())
        else:
            yield document


def _load(key: str, held: WordsGallery | None) -> Loaded[WordsGallery]:
    return WordsGallery.read(), None


holder = Holder(_load)
KEY = "words"  # there is but one


def current(text: str) -> WordsGallery:
    """Return the gallery as of the last commit, for this process.

    The first call reads the whole catalogue. A server does so beside its requests; if
    that takes longer than FIRST_READ_PATIENCE, the gallery has only products for this
    text.
    """
    gallery = holder.get(KEY, patience=FIRST_READ_PATIENCE)
    if gallery is None:
        return WordsGallery.read_for(text)
    if gallery.is_due:
        holder.reload(KEY)
    return replace(gallery, categories=current_tree())
