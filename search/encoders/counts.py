"""How many pictures wait or failed, and how far each encoder is.

Counting reads every picture of the shop. In a small one that is nothing and each
answer is fresh; in a large one a count is kept for a while.
"""

import time
from dataclasses import dataclass
from threading import Lock

from django.core.signals import setting_changed
from django.dispatch import receiver

from search.encoders import encoding, filling, registry
from search.encoders.filling import Coverage
from search.models import Encoder

LARGE = 50_000  # pictures
KEPT_FOR = 30.0  # seconds


@dataclass(frozen=True)
class Counts:
    """coverage: of each encoder that lives, the one that serves first."""

    waiting: int
    failed: int
    coverage: list[tuple[Encoder, Coverage]]


_lock = Lock()
_last: tuple[float, Counts] | None = None


def counts(images: int) -> Counts:
    """Of a shop of about so many pictures: the gallery knows how many."""
    global _last  # noqa: PLW0603
    with _lock:  # one counts, the others take what it found
        now = time.monotonic()
        if images < LARGE or _last is None or now - _last[0] > KEPT_FOR:
            _last = (now, _counted())
        return _last[1]


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what was counted."""
    global _last  # noqa: PLW0603
    _last = None


def _counted() -> Counts:
    return Counts(
        waiting=encoding.waiting_images().count(),
        failed=encoding.failed_images().count(),
        coverage=[(row, filling.coverage(row)) for row in registry.live()],
    )
