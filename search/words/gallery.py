"""What words can find now: the catalogue as it was read, overlaid by changes since.

As the gallery of pictures, but read straight from the database: a process holds some
2.3 kB a product. Every search first asks for new changes, so that an answer is as fresh
as the last commit; a product that was touched is read again and held beside.
"""

import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import numpy as np
import structlog
from django.core.signals import setting_changed
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from catalogue.models import Product
from search import background, changes
from search.changes import Position
from search.reading import IDS_A_QUERY
from search.rows import Bools
from search.words import sentences, texts
from search.words.shelf import Shelf
from search.words.texts import Written

log = structlog.get_logger()

# Texts without a stored meaning that a search encodes itself, a few ms; the words of
# all others are found all the same, and workers will see to their meanings.
ENCODED = 16
# Read anew when more products than this have changed since: the larger of the two.
MOST_CHANGED = 1000
MOST_SHARE = 0.01


@dataclass(frozen=True)
class Beside:
    """What changed since the catalogue was read, up to a position in the changes."""

    position: Position
    products: frozenset[int]
    written: dict[int, Written]  # as they are now, by product
    live: Bools  # which rows of the catalogue still hold
    shelf: Shelf


@dataclass(frozen=True)
class WordsGallery:
    """Immutable: a search that has begun is not disturbed by the next change."""

    as_of: datetime
    base: Shelf
    beside: Beside

    @classmethod
    def read(cls) -> Self:
        """All that is on sale, with all that was committed before this call."""
        as_of, position = timezone.now(), changes.position_now()
        base = Shelf.of(_with_vectors(list(texts.read(_on_sale()))))
        beside = Beside(
            position=Position(position),
            products=frozenset(),
            written={},
            live=np.ones(len(base), np.bool_),
            shelf=Shelf.of([]),
        )
        return cls(as_of, base, beside)

    def __len__(self) -> int:
        """How many products can be found."""
        return int(np.count_nonzero(self.beside.live)) + len(self.beside.shelf)

    @property
    def pending(self) -> int:
        """How many products changed since."""
        return len(self.beside.products)

    @property
    def shelves(self) -> list[tuple[Shelf, Bools | None]]:
        """Both, with the rows that hold: None for all."""
        is_masked = not self.beside.live.all()
        base = (self.base, self.beside.live if is_masked else None)
        return [base, (self.beside.shelf, None)]

    @property
    def brands(self) -> set[str]:
        """Every brand's name, as the shop writes it."""
        return {*self.base.rows.brands, *self.beside.shelf.rows.brands} - {""}

    @property
    def colours(self) -> set[str]:
        """Every word for a colour."""
        return {*self.base.rows.colours, *self.beside.shelf.rows.colours} - {""}

    def refreshed(self) -> "WordsGallery":
        """With every change committed before this call."""
        seen = changes.since(self.beside.position)
        if self._is_lost():
            return WordsGallery.read()
        beside = self.beside
        if seen.products:
            beside = self._beside(seen.products)
        return replace(self, beside=replace(beside, position=seen.position))

    @property
    def is_due(self) -> bool:
        """Whether it should be read anew."""
        return self.pending > max(MOST_CHANGED, MOST_SHARE * len(self.base))

    def _is_lost(self) -> bool:
        """Whether changes may be forgotten that it has not seen: it slept for long."""
        oldest = changes.oldest_needed()
        position = self.beside.position
        return oldest is not None and oldest > min([position.upto, *position.running])

    def _beside(self, products: Set[int]) -> Beside:
        """With these products as they are now, instead of what they were."""
        now = {each.product_id: each for each in _read_products(sorted(products))}
        others = {
            pk: each for pk, each in self.beside.written.items() if pk not in products
        }
        # Rows of a category lie together, and within it by id, as everywhere.
        written = sorted(
            {**others, **now}.values(),
            key=lambda each: (each.category_id, each.product_id),
        )
        live = self.beside.live.copy()
        rows = [self.base.row_of[pk] for pk in products if pk in self.base.row_of]
        live[rows] = False
        return replace(
            self.beside,
            products=self.beside.products | products,
            written={each.product_id: each for each in written},
            live=live,
            shelf=Shelf.of(written),
        )


def _on_sale() -> QuerySet[Product]:
    return Product.objects.on_sale().order_by("category__path", "pk")


def _read_products(product_ids: Sequence[int]) -> list[Written]:
    found: list[Written] = []
    for start in range(0, len(product_ids), IDS_A_QUERY):
        some = product_ids[start : start + IDS_A_QUERY]
        found += texts.read(_on_sale().filter(pk__in=some))
    return _with_vectors(found)


def _with_vectors(written: list[Written]) -> list[Written]:
    """The first few that lack theirs are given it."""
    lacking = [row for row, each in enumerate(written) if each.embedding is None]
    some = lacking[:ENCODED]
    meant = sentences.packed(sentences.encode([written[row].sentence for row in some]))
    for row, vector in zip(some, meant, strict=True):
        written[row] = replace(written[row], embedding=vector.tobytes())
    return written


_lock = threading.Lock()
_reading = threading.Lock()
_current: list[WordsGallery] = []


def current() -> WordsGallery:
    """The gallery as of the last commit, for this process.

    The first call of a process reads the whole catalogue. That takes long where it is
    large, so a server does it when it starts (config/gunicorn.py).
    """
    with _lock:
        now = _current[0].refreshed() if _current else WordsGallery.read()
        _current[:] = [now]
    if now.is_due and _reading.acquire(blocking=False):
        background.start(_read_anew)
    return now


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is loaded."""
    _current.clear()


def _read_anew() -> None:
    """Beside the searches, which go on with what there is."""
    try:
        anew = WordsGallery.read()
        with _lock:
            _current[:] = [anew]
    finally:
        _reading.release()
