"""Which golden queries find their product: after every build, before every switch."""

import io
from contextlib import suppress
from dataclasses import dataclass

import structlog
from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone
from PIL.Image import Image

import hashing
from catalogue.models import Product
from search.answers.query import Query
from search.answers.similar import ranking
from search.encoders import registry
from search.engines.engine import current_gallery
from search.errors import SearchUnavailable
from search.gallery.golden_photos import photo_of
from search.models import Encoder
from search.models.golden import FIRST, GoldenQuery

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """Where a golden query finds its product; None where it is not in the answer."""

    query: GoldenQuery
    rank: int | None

    @property
    def is_found(self) -> bool:
        return self.rank is not None and self.rank <= FIRST


def keep(photo: Image, product: Product, *, note: str = "") -> GoldenQuery:
    """Save a photo (RGB, as a search decodes it) with the product it must find."""
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=90, method=4)
    query = GoldenQuery(product=product, note=note)
    query.photo.save("photo.webp", ContentFile(out.getvalue()))
    return query


def standings(encoder: hashing.Encoder) -> list[Standing]:
    """Of all golden queries whose product is on sale, by this encoder's gallery.

    Raises SearchUnavailable while it has none.
    """
    queries = GoldenQuery.objects.filter(product__active=True)
    return [
        Standing(query, _rank(query, encoder))
        for query in queries.select_related("product")
    ]


def note_standings() -> list[Standing]:
    """As they are now; kept with the queries, and those that are lost in the log."""
    try:
        found = standings(registry.encoder())
    except SearchUnavailable as error:
        log.warning("golden queries not asked", reason=str(error))
        return []
    now = timezone.now()
    for each in found:
        each.query.rank, each.query.ranked = each.rank, now
        if not each.is_found:
            log.warning("golden query lost", product=each.query.product.sku)
    GoldenQuery.objects.bulk_update([each.query for each in found], ["rank", "ranked"])
    return found


def note_if_built() -> None:
    """Note them if the gallery was built since they were noted last."""
    first = GoldenQuery.objects.order_by(F("ranked").asc(nulls_first=True)).first()
    if first is None:
        return
    with suppress(SearchUnavailable):  # nothing is built
        if first.ranked is None or first.ranked < current_gallery().as_of:
            note_standings()


def told(found: list[Standing]) -> str:
    """In one line; empty where staff saved none."""
    if not found:
        return ""
    lost = ", ".join(str(each.query) for each in found if not each.is_found)
    count = sum(each.is_found for each in found)
    line = f"Golden queries: {count} of {len(found)} find their product."
    return f"{line} Lost: {lost}." if lost else line


def lost_by_switch(row: Encoder) -> list[GoldenQuery]:
    """Golden queries that the encoder which serves answers and this one does not."""
    if not GoldenQuery.objects.exists():
        return []
    found = {each.query.pk for each in standings(registry.encoder()) if each.is_found}
    then = standings(registry.load(row))
    return [each.query for each in then if each.query.pk in found and not each.is_found]


def _rank(query: GoldenQuery, encoder: hashing.Encoder) -> int | None:
    photo = photo_of(query)
    if photo is None:
        return None
    embedding = encoder.encode([photo]).embeddings[0]
    products = ranking(Query(encoder.fingerprint, embedding))
    try:
        return products.index(query.product_id) + 1
    except ValueError:
        return None
