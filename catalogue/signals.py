"""Signals of the catalogue, which does not know its listeners."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.dispatch import Signal

# Sent inside the transaction that changes them, with product_ids: list[int].
products_changed = Signal()

# Sent after the commit, with image_ids: list[int] and bulk: bool. Pictures of an
# import are announced in batches and as bulk, so that they can wait behind others.
images_saved = Signal()

BULK_BATCH = 64

_collected: ContextVar[list[int] | None] = ContextVar("collected", default=None)


def announce_image(image_id: int) -> None:
    """Announce after the commit that this image has a new file."""
    transaction.on_commit(lambda: _announce(image_id), robust=True)


@contextmanager
def bulk_images() -> Iterator[None]:
    """Announce images BULK_BATCH at a time inside this block; the rest at its end."""
    token = _collected.set([])
    try:
        yield
    finally:
        _send_collected()
        _collected.reset(token)


def _announce(image_id: int) -> None:
    collected = _collected.get()
    if collected is None:
        images_saved.send(sender=None, image_ids=[image_id], bulk=False)
        return
    collected.append(image_id)
    if len(collected) >= BULK_BATCH:
        _send_collected()


def _send_collected() -> None:
    collected = _collected.get()
    if collected:
        image_ids = collected.copy()
        collected.clear()
        images_saved.send(sender=None, image_ids=image_ids, bulk=True)
