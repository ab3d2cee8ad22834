"""Products as documents: what the words table reads of each, and what is encoded.

Whether a stored vector still belongs to a product is told by a digest of what was
encoded. So nothing needs to be announced: an edit past the models is noticed too.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, OuterRef, QuerySet, Subquery, When

from catalogue.models import Category, Product, ProductImage
from search.gallery.columns import WORD_COLUMNS
from search.words.inverted_index import IndexedText
from search.words.language import sentences

ROWS_PER_READ = 2000
# Of a description, enough characters for a sentence or two that say what a thing is.
MAX_ENCODED_DESCRIPTION = 160

FIELDS = (
    *("pk", "category_id", "price", "stock", "colour", "sku", "name"),
    *("description", "text__digest", "text__seen", "main_picture"),
    *(read("") for read in WORD_COLUMNS.values()),
)
VECTOR_FIELD = "text__embedding"


@dataclass(frozen=True)
class ProductDocument:
    """A product as words find it.

    words: by the names of WORD_COLUMNS; picture: the digest of the main picture where
    the colour is taken from it, since staff gave none; sentence: what is encoded;
    is_current: whether the stored vector is of this sentence and picture; vector: the
    stored one, if it is current and was read.
    """

    product_id: int
    category_id: int
    price: Decimal
    in_stock: bool
    words: Mapping[str, str]
    text: IndexedText
    picture: str
    sentence: str
    is_current: bool
    vector: bytes | None

    @property
    def digest(self) -> str:
        """Identifies the sentence, the sentence encoder and the picture."""
        return digest_of(self.sentence, self.picture)


def read_documents(
    products: QuerySet[Product], *, with_vectors: bool = True
) -> Iterator[ProductDocument]:
    """Read products in their order, with one query and one for the categories."""
    categories = dict(Category.objects.values_list("pk", "name"))
    fields = (*FIELDS, VECTOR_FIELD) if with_vectors else FIELDS
    rows = products.annotate(main_picture=_MAIN_PICTURE).values_list(*fields)
    for row in rows.iterator(chunk_size=ROWS_PER_READ):
        yield _document(row, categories[row[1]])


def _document(row: Sequence[Any], category: str) -> ProductDocument:
    pk, category_id, price, stock, staff_colour, sku, name, *more = row
    description, stored_digest, picture_colour, main_picture, *more = more
    words = dict(zip(WORD_COLUMNS, more, strict=False))
    vector = more[len(WORD_COLUMNS) :]
    sentence = sentence_of(category, name, description)
    picture = "" if staff_colour else main_picture or ""
    is_current = stored_digest == digest_of(sentence, picture)
    words["colour"] = staff_colour or (picture_colour if is_current else "")
    return ProductDocument(
        product_id=pk,
        category_id=category_id,
        price=price,
        in_stock=stock > 0,
        words=words,
        text=IndexedText(
            f"{name} {words['brand']} {words['colour']} {sku}", description
        ),
        picture=picture,
        sentence=sentence,
        is_current=is_current,
        vector=bytes(vector[0]) if is_current and vector else None,
    )


def sentence_of(category: str, name: str, description: str) -> str:
    """Return what is encoded of a product."""
    return f"{category}: {name}. {description[:MAX_ENCODED_DESCRIPTION]}"


def digest_of(sentence: str, picture: str = "") -> str:
    """Return a digest of a sentence, the sentence encoder and a picture's digest."""
    identity = f"{sentences.ENCODER_NAME}\n{sentence}\n{picture}"
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:32]


# Only of products without a colour by staff.
_MAIN_PICTURE = Case(
    When(
        colour="",
        then=Subquery(
            ProductImage.objects.filter(product=OuterRef("pk"))
            .order_by("position", "pk")
            .values("digest")[:1]
        ),
    )
)
