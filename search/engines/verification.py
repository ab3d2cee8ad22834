"""Whether the gallery holds what the database holds, row by row, and making it so.

Changes are recorded by whoever makes them through the models. What goes past them (raw
SQL, `bulk_update` of another manager, a restored table) is found here and recorded
after the fact, whereupon every process corrects itself at its next search.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import structlog

from search import changes
from search.encoders import registry
from search.engines.engine import current_gallery, engine
from search.gallery import reading
from search.gallery.differences import Difference
from search.gallery.gallery import Gallery
from search.gallery.reading import By

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
    now = current_gallery()
    made_by = registry.by_fingerprint(now.encoder)
    stored = reading.read_images(By.of(made_by), after=after, limit=CHUNK)
    last = int(stored.image_id[-1]) if len(stored) == CHUNK else None
    found = engine().differences(now, stored, after=after, last=last)
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
    pending = sorted(pk for pk in current_gallery().changed_products if pk > after)
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


def _changed_since(now: Gallery) -> frozenset[int]:
    """Products of which a change was committed after this gallery was made."""
    return changes.since(now.position).products
