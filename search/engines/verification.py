"""Whether the gallery holds what the database holds, row by row, and making it so.

Changes are recorded by whoever makes them through the models. What goes past them (raw
SQL, `bulk_update` of another manager, a restored table) is found here and recorded
after the fact, whereupon every process corrects itself at its next search.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import structlog

from search import changes
from search.encoders import registry
from search.gallery import galleries, reading
from search.gallery.differences import Difference, differences
from search.gallery.overlay import Findable, Gallery
from search.gallery.reading import By
from search.gallery.rows import Rows, merged

log = structlog.get_logger()

# Images compared at a time: some 0.1 s and 2 MB.
CHUNK = 5000
# Products that a process holds as they were when they last changed, read again at a
# time. A process that began later has read them later: no other can tell.
RENEWED = 100


@dataclass(frozen=True)
class Compared:
    """Differences among the pictures up to `last`, None at the end of the catalogue."""

    differences: list[Difference]
    images: int
    last: int | None


def compare_all() -> Iterator[Compared]:
    """The whole catalogue, a chunk at a time. Raises SearchUnavailable."""
    after: int | None = 0
    while after is not None:
        compared = compare(after)
        yield compared
        after = compared.last


def compare(after: int) -> Compared:
    """The next chunk of pictures, by their ids. Raises SearchUnavailable.

    What is being changed meanwhile is no difference: it is recorded already.
    """
    now = galleries.current()
    made_by = registry.by_fingerprint(now.encoder)
    stored = reading.read_images(By.of(made_by), after=after, limit=CHUNK)
    last = int(stored.image_id[-1]) if len(stored) == CHUNK else None
    if isinstance(now, Gallery):
        found = differences(held(now, after, last), stored)
    else:
        from search.engines.milvus import syncing  # Milvus' client is an extra

        found = syncing.differences(now, stored, after=after, last=last)
    moving = _changed_since(now)
    kept = [each for each in found if each.product_id not in moving]
    return Compared(kept, images=len(stored), last=last)


def heal(found: Iterable[Difference]) -> int:
    """Have every process read these products again; returns how many they are."""
    products = {difference.product_id for difference in found}
    if products:
        log.warning("gallery healed", products=len(products))
        changes.record(products)
    return len(products)


def renew(after: int) -> int | None:
    """Have every process read the next few changed products again, by their ids.

    Returns where to go on; None at the end.
    """
    pending = sorted(pk for pk in galleries.current().changed_products if pk > after)
    some = pending[:RENEWED]
    changes.renew(some)
    return some[-1] if len(pending) > RENEWED else None


class Sweep:
    """Goes round the catalogue, a chunk at each step, and heals what it finds."""

    def __init__(self) -> None:
        """Begin at the start of the catalogue."""
        self._image: int | None = None
        self._product: int | None = None

    def step(self) -> int:
        """One chunk; returns how many products were healed. Raises SearchUnavailable"""
        compared = compare(self._image or 0)
        self._image = compared.last
        self._product = renew(self._product or 0)
        return heal(compared.differences)


def held(now: Gallery, after: int, last: int | None) -> Rows:
    """What the gallery holds of the pictures from `after` on, up to `last`."""
    base, overlay = now.snapshot.rows, now.overlay

    def within(found: Rows) -> np.ndarray:
        upto = np.iinfo(np.int64).max if last is None else last
        return (found.image_id > after) & (found.image_id <= upto)

    return merged(
        base.take(np.flatnonzero(within(base) & overlay.live)),
        overlay.rows.take(np.flatnonzero(within(overlay.rows))),
    )


def _changed_since(now: Findable) -> frozenset[int]:
    """Products of which a change was committed after this gallery was made."""
    return changes.since(now.position).products
