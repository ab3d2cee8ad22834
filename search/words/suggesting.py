"""Suggestions for the search box: categories, brands, the shop's words, products."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from catalogue.cards import Card, cards
from search.gallery.calibration import Match
from search.words import words_gallery
from search.words.category_names import category_called
from search.words.concepts import is_stop_word
from search.words.language.tokens import (
    is_chinese,
    normalize,
    phrase_terms,
    split_words,
)
from search.words.parsing import parse_words
from search.words.ranking import Ranking
from search.words.words_gallery import WordsGallery
from search.words.words_query import MAX_CHARACTERS

MAX_OF_EACH_KIND = 3
MIN_LETTERS = 2  # of English; a Chinese character is a word


class SuggestionKind(StrEnum):
    CATEGORY = "category"
    BRAND = "brand"
    WORDS = "words"
    PRODUCT = "product"


class Suggestion(NamedTuple):
    """A text to search for, or a product whose page to go to instead."""

    kind: SuggestionKind
    text: str
    product: Card | None = None


def suggestions(typed: str) -> list[Suggestion]:
    """Suggest completions of what is in the search box, each text once."""
    text = normalize(typed[:MAX_CHARACTERS])
    if not text or (len(text) < MIN_LETTERS and not is_chinese(text)):
        return []
    gallery = words_gallery.current(text)
    suggested = [
        *islice(_categories(text, gallery), MAX_OF_EACH_KIND),
        *islice(_brands(text, gallery), MAX_OF_EACH_KIND),
        *islice(_completions(text, gallery), MAX_OF_EACH_KIND),
    ]
    suggested += _products(suggested[0].text if suggested else text, gallery)
    # Of texts with the same terms the first stays.
    by_terms = {phrase_terms(each.text): each for each in reversed(suggested)}
    return list(by_terms.values())[::-1]


def _categories(text: str, gallery: WordsGallery) -> Iterator[Suggestion]:
    """Yield categories whose name begins so, else the one that has a synonym's name."""
    tree = gallery.categories
    nodes = [node for node in tree.nodes if _has_word_with_prefix(node.name, text)]
    if not nodes and (synonym := category_called(tree, text)):
        nodes = [synonym]
    for node in nodes:
        yield Suggestion(SuggestionKind.CATEGORY, node.name)


def _brands(text: str, gallery: WordsGallery) -> Iterator[Suggestion]:
    for brand in sorted(gallery.vocabulary("brand")):
        if _has_word_with_prefix(brand, text):
            yield Suggestion(SuggestionKind.BRAND, brand)


def _has_word_with_prefix(name: str, prefix: str) -> bool:
    """Return whether the name, from any of its words on, begins with the prefix."""
    words = split_words(name)
    return any(" ".join(words[at:]).startswith(prefix) for at in range(len(words)))


def _completions(text: str, gallery: WordsGallery) -> Iterator[Suggestion]:
    """Yield the text with its last English word completed, the commonest first."""
    before, _, prefix = text.rpartition(" ")
    if len(prefix) < MIN_LETTERS or is_chinese(prefix):
        return
    for word in gallery.base.index.frequencies.beginning_with(prefix):
        if word != prefix and not is_stop_word(word):
            yield Suggestion(SuggestionKind.WORDS, f"{before} {word}".strip())


def _products(text: str, gallery: WordsGallery) -> list[Suggestion]:
    parsed = parse_words(text, gallery)
    ranking = Ranking.of(parsed.ranked, gallery)
    product_ids = [
        neighbour.product_id
        for neighbour in ranking.rank(parsed.filters)[:MAX_OF_EACH_KIND]
        if ranking.match_for(neighbour) in (Match.SIMILAR, Match.WEAK)
    ]
    products = cards(product_ids)
    return [
        Suggestion(SuggestionKind.PRODUCT, products[pk].name, products[pk])
        for pk in product_ids
        if pk in products
    ]
