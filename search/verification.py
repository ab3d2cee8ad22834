"""Whether the gallery holds what the database holds, row by row, and making it so.

Changes are recorded by whoever makes them through the models. What goes past them (raw
SQL, `bulk_update` of another manager, a restored table) is found here and recorded
after the fact, whereupon every process corrects itself at its next search.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import structlog

from search import changes, encoders, gallery, reading
from search.gallery import Findable, Gallery
from search.reading import By
from search.rows import Int64s, Rows, merged

log = structlog.get_logger()

# Images compared at a time: some 0.1 s and 2 MB.
CHUNK = 5000
# Products that a process holds as they were when they last changed, read again at a
# time. A process that began later has read them later: no other can tell.
RENEWED = 100


class Kind(StrEnum):
    """How the gallery differs from the database."""

    MISSING = "missing"
    STALE = "stale"
    EXTRA = "extra"


@dataclass(frozen=True)
class Difference:
    """A picture that the gallery holds otherwise than the database."""

    kind: Kind
    image_id: int
    product_id: int
    reason: str


@dataclass(frozen=True)
class Compared:
    """Differences among the pictures up to `last`, None at the end of the catalogue."""

    differences: list[Difference]
    images: int
    last: int | None


WORDS = {"brand": "brands", "colour": "colours"}
REASONS = {
    "product_id": "product",
    "category_id": "category",
    "price": "price",
    "in_stock": "stock",
    "brand": "brand",
    "colour": "colour",
    "codes": "code",
    "embeddings": "embedding",
}


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
    now = gallery.current()
    made_by = encoders.by_fingerprint(now.encoder)
    stored = reading.read_images(By.of(made_by), after=after, limit=CHUNK)
    last = int(stored.image_id[-1]) if len(stored) == CHUNK else None
    if isinstance(now, Gallery):
        found = differences(held(now, after, last), stored)
    else:
        from search import syncing  # Milvus' client is an extra

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
    pending = sorted(pk for pk in gallery.current().changed_products if pk > after)
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


def differences(found: Rows, stored: Rows) -> list[Difference]:
    """Between what a gallery holds and what the database does, by image id."""
    extra = ~np.isin(found.image_id, stored.image_id)
    missing = ~np.isin(stored.image_id, found.image_id)
    both, ours, theirs = np.intersect1d(
        found.image_id, stored.image_id, return_indices=True
    )
    reasons = _reasons(found, ours, stored, theirs)
    stale = {
        int(both[at]): (int(stored.product_id[theirs[at]]), ", ".join(why))
        for at, why in reasons.items()
    }
    # A picture that moved to another product is out of date for both.
    moved = np.flatnonzero(found.product_id[ours] != stored.product_id[theirs])
    return [
        *_each(Kind.MISSING, stored, missing, "it is not in the gallery"),
        *_each(Kind.EXTRA, found, extra, "it is not in the database"),
        *(Difference(Kind.STALE, pk, *rest) for pk, rest in stale.items()),
        *_each(Kind.EXTRA, found, ours[moved], "it is of another product"),
    ]


def _each(
    kind: Kind, table: Rows, which: Int64s | np.ndarray, reason: str
) -> list[Difference]:
    pairs = zip(
        table.image_id[which].tolist(), table.product_id[which].tolist(), strict=True
    )
    return [Difference(kind, image, product, reason) for image, product in pairs]


def _reasons(
    found: Rows, ours: Int64s, stored: Rows, theirs: Int64s
) -> dict[int, list[str]]:
    """Of each pair that differs: in what."""
    reasons: dict[int, list[str]] = {}
    for column, reason in REASONS.items():
        differs = _column(found, column)[ours] != _column(stored, column)[theirs]
        if differs.ndim > 1:
            differs = differs.any(axis=1)
        for at in np.flatnonzero(differs).tolist():
            reasons.setdefault(at, []).append(reason)
    return reasons


def _column(table: Rows, name: str) -> np.ndarray:
    values: np.ndarray = getattr(table, name)
    if name not in WORDS:
        return values
    words: np.ndarray = np.array([*getattr(table, WORDS[name]), ""], dtype=object)
    spelled: np.ndarray = words[values]
    return spelled


def _changed_since(now: Findable) -> frozenset[int]:
    """Products of which a change was committed after this gallery was made."""
    return changes.since(now.position).products
