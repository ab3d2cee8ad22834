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

# Pictures near by their codes that are looked at; of them, those laid on each other.
NEAR = 32
CANDIDATES = 3
# Products that one picture may look like: the surest, from this probability on.
MOST = 3
SURE = 0.9
BATCH = 16


@dataclass(frozen=True)
class Found:
    """A picture that another one looks like."""

    other: ProductImage
    tier: Tier
    similarity: float


def uncompared(images: QuerySet[ProductImage] | None = None) -> QuerySet[ProductImage]:
    """Of these, or all, that have a code but were not looked for yet; newest first."""
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
    """Compare what was not compared yet, until the time is up; how many that were.

    `also`: what else is done once with each picture, and must not fail.
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
    """Look for a picture among the others, and remember what was found.

    Returns what staff should see. Raises SearchUnavailable.
    """
    found = {each.other.pk: each for each in _found(image)}
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


def _remember(image: ProductImage, found: Found) -> None:
    """As a pair, once; one that staff decided on stays decided."""
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


def _found(image: ProductImage) -> Iterator[Found]:
    """The less sure first: of one picture, the surest is said last."""
    near = _near(image)
    if near is not None:
        yield from _same_products(image, near)
        yield from _same_pictures(image, near.image_id[:CANDIDATES].tolist())
    for other in _same_files(image):
        yield Found(other, Tier.FILE, 1.0)


def _near(image: ProductImage) -> Neighbours | None:
    """Pictures that can be found now, the most like this one first; None without its
    code.
    """
    encoder = registry.serving().fingerprint
    code = ImageCode.objects.by(encoder).current().filter(image=image).first()
    if code is None or code.embedding is None:
        return None
    query = Query(encoder, np.frombuffer(code.embedding, np.int8))
    found = (
        current_gallery(encoder).search(query, NEAR).with_cosines(query.embedding, None)
    )
    order = np.lexsort((found.image_id, -found.cosine))
    return found.take(order[found.image_id[order] != image.pk])


def _same_files(image: ProductImage) -> QuerySet[ProductImage]:
    """Uploaded as the same bytes, or made the same by us; also what is hidden."""
    same = Q(digest=image.digest)
    if image.source_digest:
        same |= Q(source_digest=image.source_digest)
    return ProductImage.objects.filter(same).exclude(pk=image.pk).order_by("pk")[:MOST]


def _same_pictures(image: ProductImage, near: list[int]) -> Iterator[Found]:
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
            yield Found(other, Tier.PICTURE, round(alike, 4))


def _same_products(image: ProductImage, near: Neighbours) -> Iterator[Found]:
    """Of the pictures of other products: the most like of each, where it is sure."""
    encoder = registry.encoder()
    curves = current_gallery().curves or Curves.of_card(encoder.card.match_curve)
    others = near.take(np.flatnonzero(near.product_id != image.product_id))
    best = others.best_of_products()[:MOST]
    sure = curves.similarities(best.cosine).tolist()
    pictures = ProductImage.objects.select_related("product").in_bulk(
        best.image_id.tolist()
    )
    for image_id, similarity in zip(best.image_id.tolist(), sure, strict=True):
        other = pictures.get(image_id)
        if other is None or similarity < SURE:
            continue
        # One picture of each product is enough to decide on, and once.
        pairs = Resemblance.objects.between(image.product_id, other.product_id)
        if not pairs.current().exists():
            yield Found(other, Tier.PRODUCT, round(similarity, 4))
