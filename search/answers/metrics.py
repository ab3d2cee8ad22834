"""What a monitor is told of searches and of the gallery."""

import time
from collections.abc import Iterator

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

from search.encoders.counts import counts
from search.errors import SearchUnavailable
from search.gallery import galleries

# From what a small gallery takes to what no shopper waits for.
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


def observe(stages: dict[str, float], match: str) -> None:
    """One search: milliseconds by stage, and how close its best answer is."""
    for stage, milliseconds in stages.items():
        stage_seconds.labels(stage).observe(milliseconds / 1000)
    answers.labels(match).inc()


class GalleryCollector:
    """The gallery and what waits for it, as of the moment that a monitor asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            now = galleries.current()
        except SearchUnavailable:
            yield _gauge("gallery_up", "Whether a gallery serves.", 0)
            return
        counted = counts(len(now))
        age = time.time() - now.as_of.timestamp()
        yield _gauge("gallery_up", "Whether a gallery serves.", 1)
        yield _gauge("gallery_images", "Pictures that can be found.", len(now))
        yield _gauge("gallery_pending", "Products changed since.", now.pending)
        yield _gauge("gallery_age_seconds", "Age of the snapshot.", age)
        yield _gauge("images_waiting", "Pictures without a code yet.", counted.waiting)
        yield _gauge("images_failed", "Pictures not encodable.", counted.failed)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"semblance_{name}", says, value=value)
