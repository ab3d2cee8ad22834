"""Encode pictures into rows of ImageCode, and find those without one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from PIL.Image import Image

from catalogue.media.images import open_stored
from catalogue.models import ProductImage
from hashing import Encoded, Encoder
from pictures.errors import UnreadableImage
from search import changes
from search.encoders import registry
from search.models import ImageCode

log = structlog.get_logger()

BATCH = 16  # images encoded in one transaction: about 0.2 s


def codes_of(image: OuterRef | F, encoder: str) -> QuerySet[ImageCode]:
    """Select this encoder's codes and failures for the current file of `image`."""
    return ImageCode.objects.by(encoder).filter(image=image, digest=OuterRef("digest"))


def waiting_images(*fingerprints: str) -> QuerySet[ProductImage]:
    """Select images whose file is neither encoded nor failed, the newest first.

    fingerprints: encoders, any of which may lack it; none means the one that serves.
    """
    by = fingerprints or [registry.serving().fingerprint]
    lacking = [~Exists(codes_of(OuterRef("pk"), encoder)) for encoder in by]
    return ProductImage.objects.filter(reduce(or_, map(Q, lacking))).order_by("-pk")


def failed_images(fingerprint: str | None = None) -> QuerySet[ProductImage]:
    """Select images that cannot be encoded, by this encoder or the one that serves."""
    by = fingerprint or registry.serving().fingerprint
    codes = codes_of(OuterRef("pk"), by).filter(code__isnull=True)
    return ProductImage.objects.filter(Exists(codes))


def retry(images: QuerySet[ProductImage]) -> list[int]:
    """Forget that these failed, so that they wait again; return their ids."""
    image_ids = list(images.values_list("pk", flat=True))
    ImageCode.objects.filter(image__in=image_ids, code__isnull=True).delete()
    return image_ids


def encode(image_ids: Sequence[int]) -> int:
    """Encode those of these images that lack a code; return how many were saved.

    Every encoder in use gives its code, in one transaction. It may run twice or out of
    order: what is done is skipped, and a file that was replaced meanwhile is left to
    the task of its replacement.
    """
    saved = 0
    for start in range(0, len(image_ids), BATCH):
        some = image_ids[start : start + BATCH]
        by = registry.live_and_loaded()
        waiting = waiting_images(*(encoder.fingerprint for encoder in by))
        saved += _encode_batch(list(waiting.filter(pk__in=some)), by)
    return saved


def encode_missing(limit: int | None = None) -> int:
    """Encode waiting images, the newest first; return how many were saved.

    Only what the encoder that serves lacks: the others are filled at their own pace.
    """
    image_ids = list(waiting_images().values_list("pk", flat=True)[:limit])
    return encode(image_ids)


@dataclass(frozen=True)
class _Readable:
    image: ProductImage
    picture: Image


def _encode_batch(
    images: Sequence[ProductImage], by: Sequence[Encoder] | None = None
) -> int:
    by = by or registry.live_and_loaded()
    readable: list[_Readable] = []
    rows: list[ImageCode] = []
    for image in images:
        try:
            readable.append(_Readable(image, read(image)))
        except UnreadableImage as error:
            log.warning("image has no code", image=image.pk, reason=error.code)
            rows += [row_of(image, each, error=str(error)) for each in by]
        except FileNotFoundError:
            log.warning("image has no file", image=image.pk, file=image.file.name)
            error_text = "The file is missing from the storage."
            rows += [row_of(image, each, error=error_text) for each in by]
    pictures = [each.picture for each in readable]
    for encoder, encoded in zip(by, _encode_by_each(by, pictures), strict=True):
        rows += [
            row_of(
                each.image, encoder, code=code.tobytes(), embedding=embedding.tobytes()
            )
            for each, code, embedding in zip(
                readable, encoded.codes, encoded.embeddings, strict=True
            )
        ]
    return save(rows)


def _encode_by_each(by: Sequence[Encoder], pictures: Sequence[Image]) -> list[Encoded]:
    """Encode the pictures by every encoder, with one pass for each network."""
    seen: dict[str, Encoded] = {}
    for encoder in by:
        network = registry.network_of(encoder)
        if network not in seen:
            seen[network] = encoder.encode(pictures)
    embeddings = [seen[registry.network_of(encoder)].embeddings for encoder in by]
    return [
        Encoded(vectors, encoder.layer.codes(vectors))
        for encoder, vectors in zip(by, embeddings, strict=True)
    ]


def read(image: ProductImage) -> Image:
    """Read the picture of an image. Raises UnreadableImage, FileNotFoundError."""
    with image.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != image.digest:
            raise UnreadableImage("damaged_image")
        return open_stored(file)


def row_of(
    image: ProductImage,
    encoder: Encoder,
    *,
    code: bytes | None = None,
    embedding: bytes | None = None,
    error: str = "",
) -> ImageCode:
    """Return an unsaved row for the file that the image had when it was read."""
    return ImageCode(
        image=image,
        encoder=encoder.fingerprint,
        digest=image.digest,
        code=code,
        embedding=embedding,
        error=error,
        updated=timezone.now(),
    )


def save(rows: Sequence[ImageCode]) -> int:
    """Save the codes whose files are still the ones that were read.

    Returns the number of pictures saved.
    """
    alive = {encoder.fingerprint for encoder in registry.live()}
    with transaction.atomic():
        # Locked in one order, so that two batches cannot wait for each other.
        images = ProductImage.objects.select_for_update().order_by("pk")
        now = images.in_bulk({row.image_id for row in rows})
        kept = [
            row
            for row in rows
            if row.encoder in alive
            and row.image_id in now
            and now[row.image_id].digest == row.digest
        ]
        ImageCode.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["image", "encoder"],
            update_fields=["digest", "code", "embedding", "error", "updated"],
        )
        found = changes.encoders_with_gallery() | {registry.serving().fingerprint}
        changes.record(
            now[row.image_id].product_id for row in kept if row.encoder in found
        )
    return len({row.image_id for row in kept})
