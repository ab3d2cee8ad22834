"""Metrics of searches and of the gallery, for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

from search.encoders.counts import counts
from search.engines.engine import current_gallery
from search.errors import SearchUnavailable

log = structlog.get_logger(__name__)

WARN_EVERY_SECONDS = 60.0

_warned_at = -WARN_EVERY_SECONDS

# Buckets from what a small gallery takes to longer than any shopper waits.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

stage_seconds = Histogram(
    "semblance_search_stage_seconds",
    "Time of a search by its stages.",
    ["stage"],
    buckets=SECONDS,
)
answers = Counter(
    "semblance_search_answers",
    "Searches answered, by how close the best is.",
    ["match"],
)


@contextmanager
def harmless() -> Iterator[None]:
    """Count inside: whatever fails there is in the log, once a minute, and no further.

    A request is never worth less than its count.
    """
    global _warned_at  # noqa: PLW0603
    try:
        yield
    except Exception as error:  # noqa: BLE001 - of files, memory, or the library's own
        now = time.monotonic()
        if now - _warned_at >= WARN_EVERY_SECONDS:
            _warned_at = now
            log.warning("not counted for /metrics", reason=repr(error))


def observe(stages: dict[str, float], match: str) -> None:
    """Count one search: milliseconds by stage, and how close its best answer is."""
    with harmless():
        for stage, milliseconds in stages.items():
            stage_seconds.labels(stage).observe(milliseconds / 1000)
        answers.labels(match).inc()


class GalleryCollector:
    """Collects the state of the gallery when a monitor asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            gallery = current_gallery()
            counted = counts(len(gallery))
        except (SearchUnavailable, DatabaseError):
            yield _gauge("gallery_up", "Whether a gallery serves.", 0)
            return
        age = time.time() - gallery.as_of.timestamp()
        yield _gauge("gallery_up", "Whether a gallery serves.", 1)
        yield _gauge("gallery_images", "Pictures that can be found.", len(gallery))
        yield _gauge("gallery_pending", "Products changed since.", gallery.pending)
        yield _gauge("gallery_age_seconds", "Age of the snapshot.", age)
        yield _gauge("images_waiting", "Pictures without a code yet.", counted.waiting)
        yield _gauge("images_failed", "Pictures not encodable.", counted.failed)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"semblance_{name}", says, value=value)
