"""Check which golden queries find their product, after builds and before switches."""

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
from search.models.golden import MAX_FOUND_RANK, GoldenQuery

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class GoldenResult:
    """The rank at which a golden query finds its product; None if it does not."""

    query: GoldenQuery
    rank: int | None

    @property
    def is_found(self) -> bool:
        return self.rank is not None and self.rank <= MAX_FOUND_RANK


def keep(photo: Image, product: Product, *, note: str = "") -> GoldenQuery:
    """Save a photo (RGB, as a search decodes it) with the product it must find."""
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=90, method=4)
    query = GoldenQuery(product=product, note=note)
    query.photo.save("photo.webp", ContentFile(out.getvalue()))
    return query


def evaluate(encoder: hashing.Encoder) -> list[GoldenResult]:
    """Ask all golden queries whose product is on sale, of this encoder's gallery.

    Raises SearchUnavailable while it has none.
    """
    queries = GoldenQuery.objects.filter(product__active=True)
    return [
        GoldenResult(query, _rank(query, encoder))
        for query in queries.select_related("product")
    ]


def save_results() -> list[GoldenResult]:
    """Evaluate the golden queries, save their ranks, and log those that are lost."""
    try:
        results = evaluate(registry.encoder())
    except SearchUnavailable as error:
        log.warning("golden queries not asked", reason=str(error))
        return []
    now = timezone.now()
    for each in results:
        each.query.rank, each.query.ranked = each.rank, now
        if not each.is_found:
            log.warning("golden query lost", product=each.query.product.sku)
    GoldenQuery.objects.bulk_update(
        [each.query for each in results], ["rank", "ranked"]
    )
    return results


def save_results_if_built() -> None:
    """Evaluate the golden queries if the gallery was built since the last time."""
    first = GoldenQuery.objects.order_by(F("ranked").asc(nulls_first=True)).first()
    if first is None:
        return
    with suppress(SearchUnavailable):  # nothing is built
        if first.ranked is None or first.ranked < current_gallery().as_of:
            save_results()


def summary(results: list[GoldenResult]) -> str:
    """Return the results in one line; empty without golden queries."""
    if not results:
        return ""
    lost = ", ".join(str(each.query) for each in results if not each.is_found)
    count = sum(each.is_found for each in results)
    line = f"Golden queries: {count} of {len(results)} find their product."
    return f"{line} Lost: {lost}." if lost else line


def lost_by_switch(row: Encoder) -> list[GoldenQuery]:
    """Return the golden queries that only the encoder that serves answers."""
    if not GoldenQuery.objects.exists():
        return []
    served = evaluate(registry.encoder())
    answered = {each.query.pk for each in served if each.is_found}
    lost = [each for each in evaluate(registry.load(row)) if not each.is_found]
    return [each.query for each in lost if each.query.pk in answered]


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
