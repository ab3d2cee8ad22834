"""What words can find now: the catalogue as it was read, overlaid by changes since.

As the gallery of pictures, but read straight from the database: a process holds some
200 bytes a product. Every search first asks for new changes, so that an answer is as
fresh as the last commit; a product that was touched is read again and held beside.
A server reads the catalogue beside its requests, and answers from what the database
finds until it is done.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import numpy as np
import structlog
from django.core.signals import setting_changed
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone

from catalogue.models import Product
from search import background, changes
from search.changes import Position
from search.gallery.reading import IDS_A_QUERY
from search.gallery.rows import Bools
from search.words import texts
from search.words.language import glossary, sentences
from search.words.language.tokens import words
from search.words.shelf import Shelf
from search.words.texts import Written

log = structlog.get_logger()

# Texts without a stored meaning that a search encodes itself, a few ms; the words of
# all others are found all the same, and workers will see to their meanings.
ENCODED = 16
# Read anew when more products than this have changed since: the larger of the two.
MOST_CHANGED = 1000
MOST_SHARE = 0.01

# A server (config/gunicorn.py) waits so many seconds for the first reading of all; then
# it looks for so many words in so many products, the newest first.
reads_in_background = False
PATIENCE = 1.0
WORDS_OF_PART = 12
PART = 1000


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
    name: str = "words"

    @classmethod
    def read(cls) -> Self:
        """All that is on sale, with all that was committed before this call."""
        return cls._of(Product.objects.on_sale().order_by("pk"))

    @classmethod
    def part(cls, asked: str) -> Self:
        """What the database finds for these words, alone or as a part of others."""
        said = words(asked)[:WORDS_OF_PART]
        ways = {*said, *(way for word in said for way in glossary.same_as(word))}
        wanted = Q()
        for way in ways:
            for name in ("name", "brand", "colour", "sku", "category__name"):
                wanted |= Q(**{f"{name}__icontains": way})
        found = Product.objects.on_sale().filter(wanted).order_by("-pk")
        ids = list(found.values_list("pk", flat=True)[:PART])
        some = cls._of(Product.objects.on_sale().filter(pk__in=ids))
        return replace(some, name="words, in part")

    @classmethod
    def _of(cls, products: QuerySet[Product]) -> Self:
        as_of, position = timezone.now(), changes.position_now()
        own: dict[int, bytes] = {}
        base = Shelf.of(_with_vectors(texts.read(products), own), own)
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

    def refreshed(self) -> "WordsGallery | None":
        """With every change committed before this call; None if some are forgotten."""
        seen = changes.since(self.beside.position)
        if self._is_lost():
            return None
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
        written = {**others, **now}
        own = {pk: each.embedding for pk, each in written.items() if each.embedding}
        live = self.beside.live.copy()
        for product in products:
            if (row := self.base.row_of(product)) is not None:
                live[row] = False
        return replace(
            self.beside,
            products=self.beside.products | products,
            written=written,
            live=live,
            shelf=Shelf.of(written.values(), own),
        )


def _read_products(product_ids: Sequence[int]) -> list[Written]:
    found: list[Written] = []
    for start in range(0, len(product_ids), IDS_A_QUERY):
        some = product_ids[start : start + IDS_A_QUERY]
        found += texts.read(Product.objects.on_sale().filter(pk__in=some))
    return list(_with_vectors(found, {}))


def _with_vectors(
    written: Iterable[Written], own: dict[int, bytes]
) -> Iterator[Written]:
    """The first few that lack theirs are given it, and it is noted in `own`."""
    for each in written:
        if each.embedding is None and len(own) < ENCODED:
            (vector,) = sentences.packed(sentences.encode([each.sentence]))
            own[each.product_id] = vector.tobytes()
            yield replace(each, embedding=own[each.product_id])
        else:
            yield each


_lock = threading.Lock()
_reading = threading.Lock()
_is_read = threading.Event()
_current: list[WordsGallery] = []


def current(asked: str = "") -> WordsGallery:
    """The gallery as of the last commit, for this process.

    The first call reads the whole catalogue; a server's does so beside the requests,
    and is given a part for what is `asked` if that takes long.
    """
    with _lock:
        now = _current[0].refreshed() if _current else None
        if now is None and not reads_in_background:
            now = WordsGallery.read()
        _current[:] = [now] if now else []
    if now is None:
        return _first(asked)
    if now.is_due:
        _read_beside()
    return now


def _first(asked: str) -> WordsGallery:
    """All, if it is read soon."""
    _is_read.clear()
    _read_beside()
    _is_read.wait(PATIENCE)
    with _lock:
        found = _current[0] if _current else None
    return found or WordsGallery.part(asked)


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is loaded."""
    _current.clear()


def _read_beside() -> None:
    """Beside the searches, which go on with what there is; one thread at a time."""
    if _reading.acquire(blocking=False):
        background.start(_read_anew)


def _read_anew() -> None:
    try:
        anew = WordsGallery.read()
        with _lock:
            _current[:] = [anew]
        _is_read.set()
    finally:
        _reading.release()
