"""Encodes what the catalogue's texts mean, and stores it as rows of ProductText."""

from collections.abc import Sequence

import structlog
from django.db import transaction

from catalogue.models import Product, ProductImage
from pictures.errors import UnreadableImage
from search import changes
from search.encoders import encoding
from search.models import ProductText
from search.words.documents import ProductDocument, read_documents
from search.words.language import sentences
from search.words.picture_colours import picture_colour

log = structlog.get_logger()

PRODUCTS_PER_STEP = 2000  # read and compared in some 0.1 s
TEXTS_PER_BATCH = 128  # encoded and saved together


def encode_missing() -> int:
    """Encode every text that has no current row; return how many were saved."""
    sweep = TextSweep()
    saved = sweep.step()
    while sweep.before is not None:
        saved += sweep.step()
    return saved


class TextSweep:
    """Goes round the catalogue, newest products first, and encodes what it lacks.

    Hidden products are encoded too, since they may be shown at any time.
    """

    def __init__(self) -> None:
        self.before: int | None = None  # a product id; None at the start of a round

    def step(self) -> int:
        """Go on by PRODUCTS_PER_STEP; return how many texts were encoded."""
        products = Product.objects.order_by("-pk")
        if self.before is not None:
            products = products.filter(pk__lt=self.before)
        documents = list(
            read_documents(products[:PRODUCTS_PER_STEP], with_vectors=False)
        )
        is_last = len(documents) < PRODUCTS_PER_STEP
        self.before = None if is_last else documents[-1].product_id
        missing = [document for document in documents if not document.is_current]
        return sum(
            save(missing[start : start + TEXTS_PER_BATCH])
            for start in range(0, len(missing), TEXTS_PER_BATCH)
        )


def save(documents: Sequence[ProductDocument]) -> int:
    """Encode documents and store the rows; return how many.

    Products that were deleted meanwhile are left out. Two processes may save the same
    document at once: both write the same row.
    """
    rows = _encode(documents)
    with transaction.atomic():
        products = [row.product_id for row in rows]
        locked = Product.objects.select_for_update().order_by("pk")
        existing = set(locked.filter(pk__in=products).values_list("pk", flat=True))
        rows = [row for row in rows if row.product_id in existing]
        ProductText.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["product"],
            update_fields=["digest", "embedding", "seen"],
        )
        # So that every process reads them again.
        changes.record(existing)
    return len(rows)


def _encode(documents: Sequence[ProductDocument]) -> list[ProductText]:
    """Return the rows of documents, unsaved."""
    encoded = sentences.encode([document.sentence for document in documents])
    return [
        ProductText(
            product_id=document.product_id,
            digest=document.digest,
            seen=_colour_on_picture(document),
            embedding=vector.tobytes(),
        )
        for document, vector in zip(
            documents, sentences.quantized(encoded), strict=True
        )
    ]


def _colour_on_picture(document: ProductDocument) -> str:
    """Return the colour on the picture in English; empty if it cannot be told."""
    if not document.picture:
        return ""
    image = ProductImage.objects.filter(
        product=document.product_id, digest=document.picture
    ).first()
    if image is None:
        return ""
    try:
        colour = picture_colour(encoding.read(image))
    except (UnreadableImage, FileNotFoundError) as error:
        log.warning("picture has no colour", image=image.pk, reason=str(error))
        return ""
    return f"{colour.tone} {colour.base}".strip() if colour else ""
