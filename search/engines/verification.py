"""Verify that the gallery holds what the database holds, row by row, and heal it.

Edits through the models record their changes. Edits that bypass them (raw SQL, a
restored table, `bulk_update` of another manager) are found here and recorded after the
fact, so that every process corrects itself at its next search.
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
from search.gallery.reading import CodeShape

log = structlog.get_logger()

CHUNK_IMAGES = 5000  # compared at a time: some 0.1 s and 2 MB
# Changed products that every process reads again at a time. Each process holds them as
# they were when it read them, which no other process can see.
RENEWED_PRODUCTS = 100


@dataclass(frozen=True)
class Compared:
    """The differences of one chunk.

    last: the last image id compared; None at the end of the catalogue.
    """

    differences: list[Difference]
    images: int
    last: int | None


def compare_all() -> Iterator[Compared]:
    """Compare the whole catalogue, a chunk at a time. Raises SearchUnavailable."""
    after: int | None = 0
    while after is not None:
        compared = compare(after)
        yield compared
        after = compared.last


def compare(after: int) -> Compared:
    """Compare the next chunk of pictures by their ids. Raises SearchUnavailable.

    What changes meanwhile is no difference: it has been recorded already.
    """
    gallery = current_gallery()
    made_by = registry.by_fingerprint(gallery.encoder)
    stored = reading.read_images(CodeShape.of(made_by), after=after, limit=CHUNK_IMAGES)
    last = int(stored.image_id[-1]) if len(stored) == CHUNK_IMAGES else None
    found = engine().differences(gallery, stored, after=after, last=last)
    moving = _changed_since(gallery)
    kept = [each for each in found if each.product_id not in moving]
    return Compared(kept, images=len(stored), last=last)


def heal(found: Iterable[Difference]) -> int:
    """Have every process read these products again, and return how many there are."""
    products = {difference.product_id for difference in found}
    if products:
        log.warning("gallery healed", products=len(products))
        changes.record(products)
    return len(products)


def renew(after: int) -> int | None:
    """Have every process read the next few changed products again, by their ids.

    Returns the last of them, after which to continue; None at the end.
    """
    pending = sorted(pk for pk in current_gallery().changed_products if pk > after)
    some = pending[:RENEWED_PRODUCTS]
    changes.renew(some)
    return some[-1] if len(pending) > RENEWED_PRODUCTS else None


class Sweep:
    """Compares the catalogue round after round, a chunk a step, and heals it."""

    def __init__(self) -> None:
        """Begin at the start of the catalogue."""
        self._image: int | None = None
        self._product: int | None = None

    def step(self) -> int:
        """Compare one chunk, and return how many products were healed.

        Raises SearchUnavailable.
        """
        compared = compare(self._image or 0)
        self._image = compared.last
        self._product = renew(self._product or 0)
        return heal(compared.differences)


def _changed_since(gallery: Gallery) -> frozenset[int]:
    """Return the products that changed after this gallery was read."""
    return changes.since(gallery.position).products
