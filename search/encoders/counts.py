"""Count pictures that wait or failed, and the coverage of each encoder.

Counting reads every picture of the shop. In a small shop each answer is fresh; in a
large one the counts are cached for a while.
"""

import time
from dataclasses import dataclass
from threading import Lock

from django.core.signals import setting_changed
from django.dispatch import receiver

from search.encoders import encoding, filling, registry
from search.encoders.filling import Coverage
from search.models import Encoder

LARGE_SHOP_IMAGES = 50_000
CACHE_SECONDS = 30.0


@dataclass(frozen=True)
class Counts:
    """coverage: of each encoder in use, the one that serves first."""

    waiting: int
    failed: int
    coverage: list[tuple[Encoder, Coverage]]


_lock = Lock()
_last: tuple[float, Counts] | None = None


def counts(images: int) -> Counts:
    """Count codes and failures in a shop of about this many pictures."""
    global _last  # noqa: PLW0603
    with _lock:  # one thread counts, the others take its result
        now = time.monotonic()
        if (
            images < LARGE_SHOP_IMAGES
            or _last is None
            or now - _last[0] > CACHE_SECONDS
        ):
            _last = (now, _counted())
        return _last[1]


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget the counts."""
    global _last  # noqa: PLW0603
    _last = None


def _counted() -> Counts:
    return Counts(
        waiting=encoding.waiting_images().count(),
        failed=encoding.failed_images().count(),
        coverage=[(row, filling.coverage(row)) for row in registry.live()],
    )
