"""Keep the collections in Milvus equal to the database.

`carry` takes over what changed since the last call, every few seconds; `fill` compares
everything, row by row, and so repairs whatever was lost. Both may be killed at any step
and run again: until the position advances, every search masks what they touch.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import structlog
from django.utils import timezone

from hashing import CodeIndex, Encoder
from search import changes
from search.changes import Position
from search.encoders import registry
from search.engines.milvus import milvus_client
from search.engines.milvus.milvus_client import HeldRow
from search.engines.milvus.milvus_rows import states_of
from search.errors import SearchUnavailable
from search.gallery import golden_photos
from search.gallery.calibration import Calibration, calibrate
from search.gallery.differences import Difference, DifferenceKind
from search.gallery.gallery import Gallery
from search.gallery.reading import CodeShape, read_images, read_products
from search.gallery.rows import Rows
from search.locks import try_lock
from search.models import Collection, Snapshot

log = structlog.get_logger()

LOCK = "milvus"
CHUNK_IMAGES = 5000  # compared at a time
CHUNK_PRODUCTS = 1000  # carried over at a time
CALIBRATION_IMAGES = 20_000


@dataclass(frozen=True)
class WriteCounts:
    """How many pictures were added to Milvus, changed there, and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: Self) -> "WriteCounts":
        return WriteCounts(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
        )


def fill(
    encoder: Encoder, *, on_progress: Callable[[int], object] = lambda images: None
) -> WriteCounts | None:
    """Make its collection equal to the database; None if another process is at it.

    Only what differs is written. Raises SearchUnavailable.
    """
    with try_lock(LOCK) as is_held:
        if not is_held:
            return None
        name = milvus_client.name_of(encoder.fingerprint)
        milvus_client.create(name, n_bits=encoder.n_bits)
        milvus_client.settle(name)
        as_of, position = timezone.now(), changes.current_position()
        written, images = WriteCounts(), 0
        last: int | None = 0
        while last is not None:
            after = last
            stored = read_images(CodeShape.of(encoder), after=after, limit=CHUNK_IMAGES)
            last = int(stored.image_id[-1]) if len(stored) == CHUNK_IMAGES else None
            held = milvus_client.held_of_images(name, after=after, last=last)
            written += _write(name, held, stored)
            images += len(stored)
            on_progress(len(stored))
        Collection.objects.update_or_create(
            encoder=encoder.fingerprint,
            defaults={
                "position": position,
                "moment": milvus_client.settle(name),
                "images": images,
                "as_of": as_of,
                **_calibrated(encoder),
            },
        )
        log.info("collection filled", collection=name, images=images, **vars(written))
        return written


def carry(encoder: Encoder) -> WriteCounts | None:
    """Take over what changed; None if nothing did, or another process is at it.

    Raises SearchUnavailable.
    """
    with try_lock(LOCK) as is_held:
        row = Collection.objects.get(encoder=encoder.fingerprint) if is_held else None
        as_of, position = timezone.now(), changes.current_position()
        if row is None or row.position == position:
            return None
        name = milvus_client.name_of(encoder.fingerprint)
        milvus_client.settle(name)
        written = WriteCounts()
        products = sorted(changes.since(Position(row.position)).products)
        for start in range(0, len(products), CHUNK_PRODUCTS):
            some = products[start : start + CHUNK_PRODUCTS]
            stored = read_products(CodeShape.of(encoder), some)
            written += _write(name, milvus_client.held_of_products(name, some), stored)
        Collection.objects.filter(pk=row.pk).update(
            position=position,
            moment=max(row.moment, milvus_client.settle(name)),
            images=max(0, row.images + written.added - written.removed),
            as_of=as_of,
        )
        return written


def keep_up() -> None:
    """Bring every collection up to date, and fill that of the encoder that serves.

    A collection that Milvus has lost is filled at the next call. Raises
    SearchUnavailable.
    """
    serving, *others = registry.live()
    held = set(Collection.objects.values_list("encoder", flat=True))
    for row in [serving, *(other for other in others if other.fingerprint in held)]:
        encoder = registry.load(row)
        if row.fingerprint not in held:
            fill(encoder)
        elif milvus_client.exists(milvus_client.name_of(row.fingerprint)):
            carry(encoder)
        else:
            Collection.objects.filter(encoder=row.fingerprint).delete()
    changes.forget()


def recalibrate() -> Collection:
    """Fit the curves of the collection that serves, and return its row."""
    encoder = registry.encoder()
    row = Collection.objects.filter(encoder=encoder.fingerprint).first()
    if row is None:
        raise SearchUnavailable("Milvus does not hold this shop yet: sync_engine")
    found = calibrate_sample(encoder)
    row.curves, row.calibration = asdict(found.curves), found.report()
    row.save(update_fields=["curves", "calibration"])
    return row


def calibrate_sample(encoder: Encoder) -> Calibration:
    """Calibrate on the shop's first pictures: all may not fit into memory."""
    sample = read_images(CodeShape.of(encoder), after=0, limit=CALIBRATION_IMAGES)
    index = CodeIndex.build(sample.image_id, sample.codes)
    photos = golden_photos.answers(sample, index, encoder)
    return calibrate(sample, index, encoder.card.match_curve, photos)


def _calibrated(encoder: Encoder) -> dict[str, Any]:
    """Return the curves of the newest snapshot, else fitted ones.

    Moving a shop to Milvus changes no similarity.
    """
    newest = Snapshot.objects.serving(encoder.fingerprint).first()
    if newest is not None and newest.curves:
        return {"curves": newest.curves, "calibration": newest.calibration}
    found = calibrate_sample(encoder)
    return {"curves": asdict(found.curves), "calibration": found.report()}


def differences(
    gallery: Gallery, stored: Rows, *, after: int, last: int | None
) -> list[Difference]:
    """Compare Milvus with what is stored, of images `after` (exclusive) to `last`.

    Products that changed since are left out: they are masked in Milvus.
    """
    held = milvus_client.held_of_images(gallery.name, after=after, last=last)
    found = []
    for image_id, product_id, state in zip(
        stored.image_id.tolist(),
        stored.product_id.tolist(),
        states_of(stored),
        strict=True,
    ):
        there = held.pop(image_id, None)
        if there is None:
            reason = "it is not in Milvus"
            found.append(
                Difference(DifferenceKind.MISSING, image_id, product_id, reason)
            )
        elif there.state != state:
            reason = "it differs in Milvus"
            found.append(Difference(DifferenceKind.STALE, image_id, product_id, reason))
    found += [
        Difference(
            DifferenceKind.EXTRA,
            image_id,
            there.product_id,
            "it is not in the database",
        )
        for image_id, there in held.items()
    ]
    return [each for each in found if each.product_id not in gallery.changed_products]


def _write(name: str, held: Mapping[int, HeldRow], stored: Rows) -> WriteCounts:
    """Make what Milvus holds of some pictures equal to what is stored of them."""
    states = states_of(stored)
    image_ids = stored.image_id.tolist()
    is_new = [image_id not in held for image_id in image_ids]
    differs = [
        new or held[image_id].state != state
        for image_id, state, new in zip(image_ids, states, is_new, strict=True)
    ]
    gone = sorted(held.keys() - set(image_ids))
    milvus_client.write(name, stored.take(np.flatnonzero(differs)))
    milvus_client.remove(name, gone)
    return WriteCounts(sum(is_new), sum(differs) - sum(is_new), len(gone))
