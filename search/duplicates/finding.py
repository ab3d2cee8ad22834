"""Is a picture in the shop already? Looked for when it comes, and told to staff.

In three tiers: the same file, the same picture (also resized, cropped, mirrored or in
another shop's frame), and probably the same product (by the calibrated match). What
was compared is in the database: a sweep finds what nobody compared yet.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from catalogue.models import ProductImage
from hashing.same_picture import SAME_PICTURE_LIKENESS, likeness
from pictures.errors import UnreadableImage
from search.answers.query import Query
from search.encoders import encoding, registry
from search.engines.engine import current_gallery
from search.gallery.calibration import Curves
from search.gallery.neighbours import Neighbours
from search.models import ImageCode
from search.models.duplicates import Comparison, Resemblance

log = structlog.get_logger(__name__)

Tier = Resemblance.Tier

NEAREST_IMAGES = 32  # by code
ALIGNED_IMAGES = 3  # of those, compared pixel by pixel
MAX_PRODUCTS = 3  # that one picture may look like
MIN_PROBABILITY = 0.9  # that two pictures show one product
BATCH = 16


@dataclass(frozen=True)
class LookAlike:
    """A picture that another one looks like."""

    other: ProductImage
    tier: Tier
    similarity: float


def uncompared(images: QuerySet[ProductImage] | None = None) -> QuerySet[ProductImage]:
    """Select pictures with a code that were not compared yet, the newest first."""
    of_all = ProductImage.objects.all() if images is None else images
    compared = Comparison.objects.filter(
        image=OuterRef("pk"), digest=OuterRef("digest")
    )
    served = registry.serving().fingerprint
    coded = encoding.codes_of(OuterRef("pk"), served).filter(code__isnull=False)
    return of_all.filter(~Exists(compared), Exists(coded)).order_by("-pk")


def compare_missing(
    *, seconds: float, also: Callable[[ProductImage], object] = lambda image: None
) -> int:
    """Compare new pictures until the time is up, and return how many there were.

    also: called once with each picture; it must not fail.
    """
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end and (images := list(uncompared()[:BATCH])):
        for image in images:
            also(image)
            compare(image)
            done += 1
            if time.monotonic() > end:
                break
    return done


def compare(image: ProductImage) -> list[Resemblance]:
    """Look for a picture among the others, and save the pairs found.

    Returns the pairs that staff should see. Raises SearchUnavailable.
    """
    found = {each.other.pk: each for each in _look_alikes(image)}
    with transaction.atomic():
        now = ProductImage.objects.select_for_update().filter(pk=image.pk).first()
        if now is None or now.digest != image.digest:
            return []  # gone, or replaced: whoever did that compares the new file
        Comparison.objects.update_or_create(
            image=image, defaults={"digest": image.digest}
        )
        stale = Resemblance.objects.of(image)
        stale.exclude(pk__in=stale.current().values("pk")).delete()
        for each in found.values():
            _remember(image, each)
    pairs = Resemblance.objects.of(image).to_review()
    return list(pairs.select_related("newer__product", "older__product"))


def _remember(image: ProductImage, found: LookAlike) -> None:
    """Save a pair once; one that staff decided on stays decided."""
    newer, older = sorted((image, found.other), key=lambda each: -each.pk)
    pair, is_new = Resemblance.objects.get_or_create(
        newer=newer,
        older=older,
        defaults={
            "newer_digest": newer.digest,
            "older_digest": older.digest,
            "tier": found.tier,
            "similarity": found.similarity,
        },
    )
    if not is_new and found.tier < pair.tier:
        pair.tier, pair.similarity = found.tier, found.similarity
        pair.save(update_fields=["tier", "similarity"])


def _look_alikes(image: ProductImage) -> Iterator[LookAlike]:
    """Iterate over look-alikes, the least certain kind first."""
    near = _nearest(image)
    if near is not None:
        yield from _same_products(image, near)
        yield from _same_pictures(image, near.image_id[:ALIGNED_IMAGES].tolist())
    for other in _same_files(image):
        yield LookAlike(other, Tier.FILE, 1.0)


def _nearest(image: ProductImage) -> Neighbours | None:
    """Return the most similar pictures, or None if this one has no code."""
    encoder = registry.serving().fingerprint
    code = ImageCode.objects.by(encoder).current().filter(image=image).first()
    if code is None or code.embedding is None:
        return None
    query = Query(encoder, np.frombuffer(code.embedding, np.int8))
    found = (
        current_gallery(encoder)
        .search(query, NEAREST_IMAGES)
        .with_cosines(query.embedding, None)
    )
    order = np.lexsort((found.image_id, -found.cosine))
    return found.take(order[found.image_id[order] != image.pk])


def _same_files(image: ProductImage) -> QuerySet[ProductImage]:
    """Select pictures of the same bytes, as uploaded or stored; hidden ones too."""
    same = Q(digest=image.digest)
    if image.source_digest:
        same |= Q(source_digest=image.source_digest)
    return (
        ProductImage.objects.filter(same)
        .exclude(pk=image.pk)
        .order_by("pk")[:MAX_PRODUCTS]
    )


def _same_pictures(image: ProductImage, near: list[int]) -> Iterator[LookAlike]:
    others = ProductImage.objects.select_related("product").in_bulk(near)
    try:
        picture = encoding.read(image)
    except (UnreadableImage, FileNotFoundError):
        return  # the picture's own state says so
    for other in (others[pk] for pk in near if pk in others):
        try:
            alike = likeness(picture, encoding.read(other))
        except (UnreadableImage, FileNotFoundError):
            continue
        if alike >= SAME_PICTURE_LIKENESS:
            yield LookAlike(other, Tier.PICTURE, round(alike, 4))


def _same_products(image: ProductImage, near: Neighbours) -> Iterator[LookAlike]:
    """Find other products that it almost certainly shows, by one picture of each."""
    encoder = registry.encoder()
    curves = current_gallery().curves or Curves.of_card(encoder.card.match_curve)
    others = near.take(np.flatnonzero(near.product_id != image.product_id))
    best = others.best_of_products()[:MAX_PRODUCTS]
    sure = curves.similarities(best.cosine).tolist()
    pictures = ProductImage.objects.select_related("product").in_bulk(
        best.image_id.tolist()
    )
    for image_id, similarity in zip(best.image_id.tolist(), sure, strict=True):
        other = pictures.get(image_id)
        if other is None or similarity < MIN_PROBABILITY:
            continue
        # One picture of each product is enough to decide on, and once.
        pairs = Resemblance.objects.between(image.product_id, other.product_id)
        if not pairs.current().exists():
            yield LookAlike(other, Tier.PRODUCT, round(similarity, 4))
