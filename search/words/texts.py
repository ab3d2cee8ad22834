"""The texts of products, and rows of ProductText: what they mean.

Which rows are lacking is read from the catalogue itself, by a digest of each text. So
nothing needs to be told: what was edited past the models is found by the next round.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Case, OuterRef, QuerySet, Subquery, When

from catalogue.models import Category, Product, ProductImage
from pictures.errors import UnreadableImage
from search import changes
from search.encoders import encoding
from search.gallery.columns import WORD_COLUMNS
from search.models import ProductText
from search.words.language import sentences
from search.words.seen import colour_seen
from search.words.terms import Text

log = structlog.get_logger()

# Read and compared at a time, some 0.1 s; and of these encoded and saved together.
CHUNK = 2000
BATCH = 128
# What is encoded of a description: a sentence or two say what it is.
DESCRIBED = 160

SOURCE = (
    *("pk", "category_id", "price", "stock", "colour", "sku", "name"),
    *("description", "text__digest", "text__seen", "picture"),
    *(read("") for read in WORD_COLUMNS.values()),
)
VECTOR = "text__embedding"


@dataclass(frozen=True)
class Written:
    """A product as its text has it, with what its meaning was, if that was read.

    picture: the digest of that, where
    it is looked at; sentence: what is encoded; is_current: whether that is done.
    """

    product_id: int
    category_id: int
    price: Decimal
    in_stock: bool
    words: Mapping[str, str]  # by the names of WORD_COLUMNS
    sku: str
    text: Text
    picture: str
    sentence: str
    is_current: bool
    embedding: bytes | None


def read(products: QuerySet[Product], *, vectors: bool = True) -> Iterator[Written]:
    """In their order; one query for them and one for the categories."""
    categories = dict(Category.objects.values_list("pk", "name"))
    fields = (*SOURCE, VECTOR) if vectors else SOURCE
    pictured = products.annotate(picture=_MAIN_PICTURE)
    for row in pictured.values_list(*fields).iterator(chunk_size=CHUNK):
        yield _written(row, categories[row[1]])


def _written(row: Sequence[Any], category: str) -> Written:
    pk, category_id, price, stock, said, sku, name, *more = row
    description, digest, seen, main_picture, *rest = more
    words = dict(zip(WORD_COLUMNS, rest, strict=False))
    rest = rest[len(WORD_COLUMNS) :]
    meant = sentence(category, name, description)
    picture = "" if said else main_picture or ""
    is_current = digest == digest_of(meant, picture)
    words["colour"] = said or (seen if is_current else "")
    return Written(
        product_id=pk,
        category_id=category_id,
        price=price,
        in_stock=stock > 0,
        words=words,
        sku=sku,
        text=Text(f"{name} {words['brand']} {words['colour']} {sku}", description),
        picture=picture,
        sentence=meant,
        is_current=is_current,
        embedding=bytes(rest[0]) if is_current and rest else None,
    )


def sentence(category: str, name: str, description: str) -> str:
    """What is encoded of a product."""
    return f"{category}: {name}. {description[:DESCRIBED]}"


def digest_of(meant: str, picture: str = "") -> str:
    """Of such a sentence, the encoder that knows its meaning, and a picture's digest"""
    named = f"{sentences.NAME}\n{meant}\n{picture}"
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:32]


def encode_missing() -> int:
    """Encode every text that has no current row; returns how many were saved."""
    rounds = Round()
    saved = rounds.step()
    while rounds.after is not None:
        saved += rounds.step()
    return saved


class Round:
    """Goes round the catalogue, a chunk at each step, and encodes what it lacks.

    The hidden too, since they may be shown at any time.
    """

    def __init__(self) -> None:
        """Begin with the newest."""
        self.after: int | None = None

    def step(self) -> int:
        """One chunk; returns how many texts were encoded. `after` is None at the end"""
        products = Product.objects.order_by("-pk")
        if self.after is not None:
            products = products.filter(pk__lt=self.after)
        chunk = list(read(products[:CHUNK], vectors=False))
        self.after = chunk[-1].product_id if len(chunk) == CHUNK else None
        lacking = [written for written in chunk if not written.is_current]
        return sum(
            save(lacking[start : start + BATCH])
            for start in range(0, len(lacking), BATCH)
        )


def save(written: Sequence[Written]) -> int:
    """Encode these and store them, but for products that are gone meanwhile; look at
    pictures where staff says no colour.

    May run twice, or beside itself: the same text has the same row.
    """
    vectors = sentences.packed(sentences.encode([each.sentence for each in written]))
    colours = {each.product_id: _seen(each) for each in written}
    by_product = dict(zip((each.product_id for each in written), vectors, strict=True))
    with transaction.atomic():
        alive = Product.objects.select_for_update().order_by("pk")
        there = alive.filter(pk__in=by_product).values_list("pk", flat=True)
        still = set(there)
        rows = [
            ProductText(
                product_id=each.product_id,
                digest=digest_of(each.sentence, each.picture),
                seen=colours[each.product_id],
                embedding=by_product[each.product_id].tobytes(),
            )
            for each in written
            if each.product_id in still
        ]
        ProductText.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["product"],
            update_fields=["digest", "embedding", "seen"],
        )
        # So that every process reads them again.
        changes.record(still)
    return len(rows)


def _seen(written: Written) -> str:
    """The colour on the picture, in English; empty where it has none that is read."""
    found = ProductImage.objects.filter(
        product=written.product_id, digest=written.picture
    )
    image = found.first() if written.picture else None
    if image is None:
        return ""
    try:
        colour = colour_seen(encoding.read(image))
    except (UnreadableImage, FileNotFoundError) as error:
        log.warning("picture has no colour", image=image.pk, reason=str(error))
        return ""
    return f"{colour.tone} {colour.base}".strip() if colour else ""


# Of those alone that are looked at.
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
