"""An encoder's codes of every picture, beside those of the one that serves.

What shares the network of a living encoder needs no picture: its codes are one product
of matrices with the stored embeddings. Everything else is opened and encoded, as fast
as staff allows.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

import hashing
from catalogue.models import ProductImage
from pictures.errors import UnreadableImage
from search.encoders import encoding, registry
from search.errors import Refused
from search.models import Encoder, ImageCode

DERIVED_CODES = 1000  # made of stored embeddings at a time: about 0.1 s
# Encoded again before an encoder is ready; processors differ a little, so that a small
# share of the bits may differ.
VERIFIED_IMAGES = 24
MAX_FLIPPED_SHARE = 0.01


@dataclass(frozen=True)
class Coverage:
    """How many of the shop's pictures an encoder has encoded."""

    coded: int
    failed: int
    images: int

    @property
    def waiting(self) -> int:
        """Neither coded nor failed yet."""
        return self.images - self.coded - self.failed

    @property
    def share(self) -> float:
        """The share of what can be encoded that has a code: 1 when nothing waits."""
        wanted = self.images - self.failed
        return self.coded / wanted if wanted else 1.0


def coverage(row: Encoder) -> Coverage:
    current = ImageCode.objects.by(row.fingerprint).current()
    return Coverage(
        coded=current.filter(code__isnull=False).count(),
        failed=current.filter(code__isnull=True).count(),
        images=ProductImage.objects.count(),
    )


def fill(
    row: Encoder,
    *,
    seconds: float | None = None,
    on_progress: Callable[[int], object] = lambda images: None,
) -> None:
    """Encode what an encoder lacks at its pace, until done or the time is up.

    An encoder that was filling is then verified and ready. Raises SearchUnavailable if
    its files are damaged, Refused if it does not give the same bits again.
    """
    end = None if seconds is None else time.monotonic() + seconds
    for done in chain(_derive(row), _encode(row)):
        on_progress(done)
        if end is not None and time.monotonic() > end:
            break
    if row.state == Encoder.State.FILLING and not lacking(row).exists():
        verify(row)
        filling = Encoder.objects.filter(pk=row.pk, state=Encoder.State.FILLING)
        filling.update(state=Encoder.State.READY)


def lacking(row: Encoder) -> QuerySet[ProductImage]:
    """Select pictures that it has neither encoded nor failed to encode."""
    return encoding.waiting_images(row.fingerprint)


def verify(row: Encoder) -> None:
    """Encode a few pictures again, and compare. Raises Refused if bits differ."""
    encoder = registry.load(row)
    rows = ImageCode.objects.by(row.fingerprint).current().filter(code__isnull=False)
    stored, again = [], []
    for code in rows.select_related("image").order_by("?")[:VERIFIED_IMAGES]:
        try:
            picture = encoding.read(code.image)
        except (UnreadableImage, OSError):
            continue  # lost since; that is no fault of the encoder
        stored.append(np.frombuffer(code.code or b"", np.uint8))
        again.append(encoder.encode([picture]).codes[0])
    if not stored:
        return
    bits, again_bits = (hashing.unpack(np.stack(codes)) for codes in (stored, again))
    flipped = np.mean(bits != again_bits)
    if flipped > MAX_FLIPPED_SHARE:
        raise Refused(
            f"{row.name} cannot be used: {flipped:.1%} of the bits of {len(stored)} "
            "pictures differ when they are encoded again"
        )


def _encode(row: Encoder) -> Iterator[int]:
    """Open and encode what is lacking, at its pace; yield the number at each step."""
    ids = list(lacking(row).values_list("pk", flat=True))
    for start in range(0, len(ids), encoding.BATCH):
        started = time.monotonic()
        yield encoding.encode(ids[start : start + encoding.BATCH])
        if row.pace:
            due = started + encoding.BATCH / row.pace
            time.sleep(max(0.0, due - time.monotonic()))


def _derive(row: Encoder) -> Iterator[int]:
    """Derive codes from embeddings of the same network; yield the number each step."""
    encoder = registry.load(row)
    network = registry.network_of(encoder)
    for other in registry.live_and_loaded():
        is_twin = registry.network_of(other) == network
        if is_twin and other.fingerprint != row.fingerprint:
            only = _only_of(other.fingerprint, row.fingerprint)
            last = 0
            while found := list(only.filter(pk__gt=last)[:DERIVED_CODES]):
                yield encoding.save(_derived(encoder, found))
                last = found[-1].pk


def _only_of(source: str, target: str) -> QuerySet[ImageCode]:
    """Select the codes and failures of one encoder that the other lacks."""
    has = ImageCode.objects.by(target).filter(
        image=OuterRef("image"), digest=OuterRef("digest")
    )
    return ImageCode.objects.by(source).current().filter(~Exists(has)).order_by("pk")


def _derived(encoder: hashing.Encoder, found: list[ImageCode]) -> list[ImageCode]:
    coded = [row for row in found if row.embedding is not None]
    vectors = np.frombuffer(b"".join(row.embedding or b"" for row in coded), np.int8)
    codes = encoder.layer.codes(vectors.reshape(len(coded), encoder.card.dim))
    by_image = dict(zip((row.image_id for row in coded), codes, strict=True))
    return [
        ImageCode(
            image_id=row.image_id,
            encoder=encoder.fingerprint,
            digest=row.digest,
            code=None if row.embedding is None else by_image[row.image_id].tobytes(),
            embedding=row.embedding,
            error=row.error,
            updated=timezone.now(),
        )
        for row in found
    ]
