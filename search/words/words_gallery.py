"""What words can find now: the catalogue as it was read, overlaid by changes since.

As the gallery of pictures, but read straight from the database: a process holds some
200 bytes a product. Every search first asks for new changes, so that an answer is as
fresh as the last commit; a product that was touched is read again and held beside.
A server reads the catalogue beside its requests, and answers from what the database
finds until it is done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalogue.models import Product
from search import changes
from search.changes import Position
from search.gallery.holder import Holder, Loaded
from search.gallery.overlay import Overlay
from search.gallery.reading import IDS_A_QUERY
from search.gallery.rows import Bools, Int64s
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

# A server waits for so many seconds until all is read for the first time; then it looks
# for so many words in so many products, the newest first.
PATIENCE = 1.0
WORDS_OF_PART = 12
PART = 1000


@dataclass(frozen=True)
class ChangedTexts:
    """The products that changed since the catalogue was read, as they are now."""

    written: Mapping[int, Written]  # by product
    shelf: Shelf

    @classmethod
    def of(cls, written: Iterable[Written]) -> Self:
        by_product = {each.product_id: each for each in written}
        own = {pk: each.embedding for pk, each in by_product.items() if each.embedding}
        return cls(by_product, Shelf.of(by_product.values(), own))

    def replaced(self, products: Int64s, current: Self) -> Self:
        """Return the texts with `current` in place of those of these products."""
        ids = set(products.tolist())
        held = {pk: each for pk, each in self.written.items() if pk in ids}
        if held == current.written:
            return self
        others = [each for pk, each in self.written.items() if pk not in ids]
        return self.of([*others, *current.written.values()])


@dataclass(frozen=True)
class WordsGallery:
    """Immutable: a search that has begun is not disturbed by the next change."""

    as_of: datetime
    base: Shelf
    overlay: Overlay[ChangedTexts]
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
        as_of, position = timezone.now(), changes.current_position()
        own: dict[int, bytes] = {}
        base = Shelf.of(_with_vectors(texts.read(products), own), own)
        overlay = Overlay.empty(len(base), Position(position), ChangedTexts.of([]))
        return cls(as_of, base, overlay)

    def __len__(self) -> int:
        """Return how many products can be found."""
        return self.overlay.n_live + len(self.changed)

    @property
    def changed(self) -> Shelf:
        """The products that changed since."""
        return self.overlay.table.shelf

    @property
    def pending(self) -> int:
        """How many products changed since."""
        return len(self.overlay.products)

    @property
    def shelves(self) -> list[tuple[Shelf, Bools | None]]:
        """Both tables, each with the rows that hold; None for all."""
        overlay = self.overlay
        base = (self.base, overlay.live if overlay.is_masking else None)
        return [base, (self.changed, None)]

    @property
    def brands(self) -> set[str]:
        """Every brand's name, as the shop writes it."""
        return self._vocabulary("brand")

    @property
    def colours(self) -> set[str]:
        """Every word for a colour."""
        return self._vocabulary("colour")

    def refreshed(self) -> Self | None:
        """Return the gallery with every change committed before this call.

        None if changes have been forgotten that it has not read.
        """
        overlay = self.overlay.refreshed(self.base.rows_of, _read_products)
        if self._is_lost():
            return None
        return replace(self, overlay=overlay)

    @property
    def is_due(self) -> bool:
        """Whether it should be read anew."""
        return self.pending > max(MOST_CHANGED, MOST_SHARE * len(self.base))

    def _vocabulary(self, name: str) -> set[str]:
        both = (self.base.rows.words[name], self.changed.rows.words[name])
        return {word for column in both for word in column.vocabulary} - {""}

    def _is_lost(self) -> bool:
        """Whether changes may be forgotten that it has not read: it slept for long."""
        oldest = changes.oldest_needed()
        position = self.overlay.position
        return oldest is not None and oldest > min([position.upto, *position.running])


def _read_products(product_ids: Sequence[int]) -> ChangedTexts:
    found: list[Written] = []
    for start in range(0, len(product_ids), IDS_A_QUERY):
        some = product_ids[start : start + IDS_A_QUERY]
        found += texts.read(Product.objects.on_sale().filter(pk__in=some))
    return ChangedTexts.of(_with_vectors(found, {}))


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


def _load(key: str, held: WordsGallery | None) -> Loaded[WordsGallery]:
    return WordsGallery.read(), None


holder = Holder(_load)
KEY = "words"  # there is but one


def current(text: str = "") -> WordsGallery:
    """Return the gallery as of the last commit, for this process.

    The first call reads the whole catalogue. A server does so beside its requests, and
    answers from the products that the database finds for this text if that takes long.
    """
    gallery = holder.get(KEY, patience=PATIENCE)
    if gallery is None:
        return WordsGallery.part(text)
    if gallery.is_due:
        holder.reload(KEY)
    return gallery
