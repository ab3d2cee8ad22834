"""What somebody may be about to type: kinds of things, the shop's words, products."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from catalogue.models import Product
from search.gallery.calibration import Match
from search.words import words_gallery
from search.words.category_names import Categories
from search.words.concepts import is_empty
from search.words.language.tokens import is_chinese, needed, normal, words
from search.words.ranking import Ranking
from search.words.understanding import read
from search.words.words_gallery import WordsGallery
from search.words.words_query import LONGEST

OF_EACH = 3
SHORTEST = 2  # letters of English; a Chinese sign is a word


class Kind(StrEnum):
    """What a suggestion is of."""

    CATEGORY = "category"
    BRAND = "brand"
    WORDS = "words"
    PRODUCT = "product"


class Suggestion(NamedTuple):
    """text: what to search for; product: the one that it leads to, if it is one."""

    kind: Kind
    text: str
    product: Product | None = None


def suggestions(typed: str) -> list[Suggestion]:
    """For what stands in the box; the same text never twice."""
    text = normal(typed[:LONGEST])
    if not text or (len(text) < SHORTEST and not is_chinese(text)):
        return []
    now, tree = words_gallery.current(text), Categories.now()
    found = [
        *islice(_categories(text, tree), OF_EACH),
        *islice(_brands(text, now), OF_EACH),
        *islice(_completed(text, now), OF_EACH),
    ]
    found += _products(found[0].text if found else text, now, tree)
    # Of two that are the same but for an ending, the first.
    return list({needed(each.text): each for each in reversed(found)}.values())[::-1]


def _categories(text: str, tree: Categories) -> Iterator[Suggestion]:
    """Called so in their own words, or in the other language."""
    by_name = [each for each in tree.all if _begins(each.name, text)]
    other = None if by_name else tree.called(text)
    for each in [*by_name, *([other] if other else [])]:
        yield Suggestion(Kind.CATEGORY, each.name)


def _brands(text: str, now: WordsGallery) -> Iterator[Suggestion]:
    for brand in sorted(now.brands):
        if _begins(brand, text):
            yield Suggestion(Kind.BRAND, brand)


def _begins(name: str, text: str) -> bool:
    """Whether the name, or a word of it, begins with the text."""
    return any(
        " ".join(words(name)[at:]).startswith(text) for at in range(len(words(name)))
    )


def _completed(text: str, now: WordsGallery) -> Iterator[Suggestion]:
    """With the last English word made whole, the commonest first."""
    before, _, last = text.rpartition(" ")
    if len(last) < SHORTEST or is_chinese(last):
        return
    for word in now.base.terms.beginning_with(last):
        if word != last and not is_empty(word):
            yield Suggestion(Kind.WORDS, f"{before} {word}".strip())


def _products(text: str, now: WordsGallery, tree: Categories) -> list[Suggestion]:
    reading = read(text, now, tree)
    ranking = Ranking.of(reading.read_as, now)
    near = [
        each.product_id
        for each in ranking(reading.filters(tree))[:OF_EACH]
        if ranking.match(each) in (Match.SIMILAR, Match.WEAK)
    ]
    products = Product.objects.on_sale().in_bulk(near)
    return [
        Suggestion(Kind.PRODUCT, products[pk].name, products[pk])
        for pk in near
        if pk in products
    ]
