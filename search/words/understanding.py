"""What somebody typed → filters that are recognised in it, and what of it ranks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from catalogue.models import Product
from search.gallery.filters import Filters
from search.words.category_names import Categories, Named
from search.words.concepts import head_words, is_in_shop
from search.words.language import colours, glossary, prices, spelling
from search.words.language.tokens import CHINESE, is_chinese, needed, normal, words
from search.words.shelf import Shelf
from search.words.vocabulary import spelled
from search.words.words_gallery import WordsGallery
from search.words.words_query import WordsQuery

IN_STOCK = re.compile(
    r"\b(?:in stock|available(?: now)?|not sold out)\b|有现货|有货|现货|有库存"
)
NEGATED = re.compile(
    r"(?:\b(?:not|no|non|without|except|but)[\s-]*|不要|不是|除了|非)$"
)
ENGLISH_WORD = re.compile(rf"[^\W\d_{CHINESE}]+")
MOST_NAMED = 3  # words of a category's name that are looked for
MOST_OF_BRAND = 4


@dataclass(frozen=True)
class Reading:
    """said: as it was typed; read_as: what ranks, its slips corrected.

    sku: of the product that was named by it, in place of everything else. The others
    are filters as a form takes them; brands and colours in the shop's own words.
    """

    said: str
    read_as: str
    sku: str = ""
    category: Named | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    brands: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    in_stock: bool = False

    @property
    def query(self) -> WordsQuery:
        return WordsQuery(self.said, self.read_as)

    def filters(self, tree: Categories) -> Filters:
        """What was recognised, as a search takes it."""
        below = tree.subtree(self.category) if self.category else None
        return Filters(
            categories=None if below is None else frozenset(below),
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock=self.in_stock,
        ).with_words(brand=self.brands, colour=self.colours)

    @property
    def fields(self) -> dict[str, list[str]]:
        """The filters, as a form or an address writes them."""
        found = {
            "category": [self.category.slug] if self.category else [],
            "min_price": [] if self.min_price is None else [str(self.min_price)],
            "max_price": [] if self.max_price is None else [str(self.max_price)],
            "brand": list(self.brands),
            "colour": list(self.colours),
            "in_stock": ["1"] if self.in_stock else [],
        }
        return {name: values for name, values in found.items() if values}


def read(said: str, now: WordsGallery, tree: Categories) -> Reading:
    """Filters that would leave nothing are not taken up: their words rank instead."""
    if sku := _sku(said):
        return Reading(said, said, sku=sku)
    price = prices.read(normal(said))
    text, is_wanted = IN_STOCK.subn(" ", price.rest)
    shelves = [shelf for shelf, _ in now.shelves]
    text = _corrected(text, shelves, tree)
    reading = Reading(
        said,
        text,
        min_price=price.min,
        max_price=price.max,
        in_stock=bool(is_wanted),
        colours=tuple(_colours(text, now.colours)),
        brands=tuple(_brands(text, now.brands)),
        category=_category(text, tree),
    )
    return _loosened(reading, now, tree)


def _sku(said: str) -> str:
    """Of the product on sale whose number this is, whatever its case; empty if none."""
    text = " ".join(said.split())
    spellings = {text, text.upper(), text.lower()}
    found = Product.objects.on_sale().filter(sku__in=spellings).order_by("sku")
    return found.values_list("sku", flat=True).first() or ""


def _corrected(text: str, shelves: Sequence[Shelf], tree: Categories) -> str:
    """Its English words without slips, each as the shop writes it."""

    @cache
    def vocabulary() -> Counter[str]:
        known = spelled([shelf.terms for shelf in shelves])
        for each in tree.all:
            known.update(word for word in words(each.name) if not is_chinese(word))
        return known

    def right(match: re.Match[str]) -> str:
        word = match[0]
        if is_in_shop(word, shelves, tree):
            return word
        return spelling.corrected(word, vocabulary()) or word

    return " ".join(ENGLISH_WORD.sub(right, text).split())


def _colours(text: str, shop: set[str]) -> Iterator[str]:
    """The shop's words for the colours of the thing itself, not of what is on it."""
    found: dict[str, None] = {}
    for match in colours.PATTERN.finditer(_before_turn(text)):
        if match["name"] and not NEGATED.search(text[: match.start()]):
            meant = colours.NAMES[match["name"]]
            found.update(dict.fromkeys(colours.in_words_of(meant, shop)))
    yield from found


def _before_turn(text: str) -> str:
    """`white mug with red dots`: the mug is white."""
    return re.split(r"\bwith\b", text, maxsplit=1)[0] or text


def _brands(text: str, shop: set[str]) -> Iterator[str]:
    by_terms = {needed(brand): brand for brand in sorted(shop)}
    parts = words(text)
    at = 0
    while at < len(parts):
        for length in range(min(MOST_OF_BRAND, len(parts) - at), 0, -1):
            phrase = " ".join(parts[at : at + length])
            brand = by_terms.get(needed(phrase))
            if brand and (length > 1 or not _means_something(phrase)):
                yield brand
                at += length - 1
                break
        at += 1
    for brand in sorted(shop):
        if is_chinese(brand) and brand in text and brand not in parts:
            yield brand


def _means_something(word: str) -> bool:
    """A brand that is called as a thing or a colour is not taken for it."""
    return bool(glossary.same_as(word)) or word in colours.NAMES


def _category(text: str, tree: Categories) -> Named | None:
    """What kind of thing it is: English and Chinese say it last, before any `with`."""
    head = head_words(text)
    for length in range(min(MOST_NAMED, len(head)), 0, -1):
        phrase = " ".join(head[-length:])
        if found := tree.called(phrase):
            return found
    return _meant(head, tree)


def _meant(head: list[str], tree: Categories) -> Named | None:
    """By the sentence encoder: the last word, or the last two as one."""
    for length in (2, 1):
        phrase = " ".join(head[-length:])
        is_colour = phrase in colours.NAMES
        if len(head) >= length and not is_colour and (found := tree.meant(phrase)):
            return found
    return None


def _loosened(reading: Reading, now: WordsGallery, tree: Categories) -> Reading:
    """Without colours, or brands, that nothing has beside the rest."""
    for fewer in ({}, {"colours": ()}, {"brands": ()}, {"colours": (), "brands": ()}):
        looser = replace(reading, **fewer)  # type: ignore[arg-type]
        if _leaves_some(looser, now, tree):
            return looser
    return reading


def _leaves_some(reading: Reading, now: WordsGallery, tree: Categories) -> bool:
    filters = reading.filters(tree)
    return any(len(shelf.allowed(filters, live)) for shelf, live in now.shelves)
