"""Pictures to rows of ImageCode, and which of them are still to be done."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from PIL.Image import Image

from catalogue.images import UnreadableImage, open_stored
from catalogue.models import ProductImage
from hashing import CheckpointError, Encoder, load_encoder
from search import changes
from search.errors import SearchUnavailable
from search.models import ImageCode

log = structlog.get_logger()

# Read, encoded and saved together: one transaction, some 0.2 s.
BATCH = 16

_lock = Lock()
_encoder: Encoder | None = None


def encoder() -> Encoder:
    """The encoder that serves, loaded once a process and never before a fork.

    Raises SearchUnavailable if its files are missing or damaged.
    """
    global _encoder  # noqa: PLW0603
    with _lock:
        if _encoder is None:
            try:
                _encoder = load_encoder(settings.ENCODER)
            except CheckpointError as error:
                raise SearchUnavailable(str(error)) from error
        return _encoder


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget the loaded encoder, so that another one can be configured."""
    global _encoder  # noqa: PLW0603
    _encoder = None


def codes_of(image: OuterRef | F) -> QuerySet[ImageCode]:
    """The encoder's codes and failures for the file that `image` has now."""
    return ImageCode.objects.by(encoder().fingerprint).filter(
        image=image, digest=OuterRef("digest")
    )


def waiting_images() -> QuerySet[ProductImage]:
    """Neither encoded nor failed, as their files are now; the newest first."""
    codes = codes_of(OuterRef("pk"))
    return ProductImage.objects.filter(~Exists(codes)).order_by("-pk")


def failed_images() -> QuerySet[ProductImage]:
    codes = codes_of(OuterRef("pk")).filter(code__isnull=True)
    return ProductImage.objects.filter(Exists(codes))


def retry(images: QuerySet[ProductImage]) -> list[int]:
    """Forget that these failed, so that they wait again; returns their ids."""
    image_ids = list(images.values_list("pk", flat=True))
    ImageCode.objects.filter(image__in=image_ids, code__isnull=True).delete()
    return image_ids


def encode(image_ids: Sequence[int]) -> int:
    """Give those of these images a code that have none; returns how many were saved.

    May run twice or out of order: what is already done is skipped, and a file that
    was replaced meanwhile is left to whoever replaced it.
    """
    saved = 0
    for start in range(0, len(image_ids), BATCH):
        some = image_ids[start : start + BATCH]
        saved += _encode_batch(list(waiting_images().filter(pk__in=some)))
    return saved


def encode_missing(limit: int | None = None) -> int:
    """Encode what waits, the newest first; returns how many were saved."""
    image_ids = list(waiting_images().values_list("pk", flat=True)[:limit])
    return encode(image_ids)


@dataclass(frozen=True)
class _Readable:
    image: ProductImage
    picture: Image


def _encode_batch(images: Sequence[ProductImage]) -> int:
    readable: list[_Readable] = []
    rows: list[ImageCode] = []
    for image in images:
        try:
            readable.append(_Readable(image, _read(image)))
        except UnreadableImage as error:
            log.warning("image has no code", image=image.pk, reason=error.code)
            rows.append(_row(image, error=str(error)))
        except FileNotFoundError:
            log.warning("image has no file", image=image.pk, file=image.file.name)
            rows.append(_row(image, error="The file is missing from the storage."))
    encoded = encoder().encode([each.picture for each in readable])
    for each, code, embedding in zip(
        readable, encoded.codes, encoded.embeddings, strict=True
    ):
        rows.append(
            _row(each.image, code=code.tobytes(), embedding=embedding.tobytes())
        )
    return _save(rows)


def _read(image: ProductImage) -> Image:
    with image.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != image.digest:
            raise UnreadableImage("damaged_image")
        return open_stored(file)


def _row(
    image: ProductImage,
    *,
    code: bytes | None = None,
    embedding: bytes | None = None,
    error: str = "",
) -> ImageCode:
    return ImageCode(
        image=image,
        encoder=encoder().fingerprint,
        digest=image.digest,
        code=code,
        embedding=embedding,
        error=error,
        updated=timezone.now(),
    )


def _save(rows: Sequence[ImageCode]) -> int:
    """Store the codes whose files are still the ones that were read."""
    with transaction.atomic():
        # Locked in one order, so that two batches cannot wait for each other.
        images = ProductImage.objects.select_for_update().order_by("pk")
        now = images.in_bulk([row.image_id for row in rows])
        kept = [
            row
            for row in rows
            if row.image_id in now and now[row.image_id].digest == row.digest
        ]
        ImageCode.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["image", "encoder"],
            update_fields=["digest", "code", "embedding", "error", "updated"],
        )
        changes.record(now[row.image_id].product_id for row in kept)
    return len(kept)
