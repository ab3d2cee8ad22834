"""Parses what somebody typed: the filters that are in it, and what of it ranks."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from itertools import combinations, islice
from typing import Any

from catalogue.filters import MAX_REPEATS
from catalogue.models import Product
from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.words.categories import CategoryNode, CategoryTree
from search.words.category_names import category_called, category_meant
from search.words.concepts import is_known_word, words_to_head_noun
from search.words.language import colours, glossary, spelling
from search.words.language.prices import parse_price
from search.words.language.tokens import (
    CHINESE,
    is_chinese,
    normalize,
    phrase_terms,
    split_words,
)
from search.words.vocabulary import word_counts
from search.words.words_gallery import WordsGallery
from search.words.words_query import MAX_CHARACTERS, WordsQuery

IN_STOCK = re.compile(
    r"\b(?:in stock|available(?: now)?|not sold out)\b|有现货|有货|现货|有库存"
)
NEGATION = re.compile(
    r"(?:\b(?:not|no|non|without|except|but)[\s-]*|不要|不是|除了|非)$"
)
WITH = re.compile(r"\bwith\b")
ENGLISH_WORD = re.compile(rf"[^\W\d_{CHINESE}]+")
MAX_CATEGORY_WORDS = 3
MAX_NAME_WORDS = 4  # of a brand and the like


@dataclass(frozen=True)
class ParsedWords:
    """What was typed, what of it ranks, and the filters that were recognised in it.

    gallery: what it was parsed by; words: by column of WORD_COLUMNS, as the shop writes
    them.
    """

    typed: str
    ranked: str
    gallery: WordsGallery
    category: CategoryNode | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool = False
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def query(self) -> WordsQuery:
        return WordsQuery(self.typed, self.ranked)

    @property
    def category_ids(self) -> frozenset[int] | None:
        """The category and everything below it; None without a category."""
        if self.category is None:
            return None
        return self.gallery.categories.subtree_ids(self.category)

    @property
    def filters(self) -> Filters:
        return Filters(
            categories=self.category_ids,
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock=self.in_stock,
        ).with_words(**self.words)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that were recognised, by the names of form fields."""
        chosen = {
            "category": self.category,
            "min_price": self.min_price,
            "max_price": self.max_price,
            "in_stock": self.in_stock or None,
            **{name: list(words) or None for name, words in self.words.items()},
        }
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def fields(self) -> dict[str, list[str]]:
        """The same as a form or an address writes them."""
        fields = {name: [str(value)] for name, value in self.chosen.items()}
        fields |= {name: list(words) for name, words in self.words.items() if words}
        if self.category:
            fields["category"] = [self.category.slug]
        if self.in_stock:
            fields["in_stock"] = ["1"]
        return fields


def parse_words(text: str, gallery: WordsGallery) -> ParsedWords:
    """Parse the first MAX_CHARACTERS of a text.

    A product's SKU has no filters. Colours, brands and the like that no product has
    under the other filters are none: they rank instead.
    """
    typed = text[:MAX_CHARACTERS]
    if _is_sku(typed):
        return ParsedWords(typed, typed, gallery)
    price = parse_price(normalize(typed))
    without_stock, n_stock = IN_STOCK.subn(" ", price.rest)
    ranked = _correct_spelling(without_stock, gallery)
    parsed = ParsedWords(
        typed,
        ranked,
        gallery,
        category=_category(ranked, gallery.categories),
        min_price=price.min,
        max_price=price.max,
        in_stock=n_stock > 0,
        words={name: _words(name, ranked, gallery) for name in WORD_COLUMNS},
    )
    return _without_empty_filters(parsed)


def _is_sku(text: str) -> bool:
    """Return whether this is the SKU of a product on sale, in upper or lower case."""
    sku = " ".join(text.split())
    spellings = {sku, sku.upper(), sku.lower()}
    return Product.objects.on_sale().filter(sku__in=spellings).exists()


def _correct_spelling(text: str, gallery: WordsGallery) -> str:
    """Correct its unknown English words to the shop's."""

    @cache
    def shop_words() -> Counter[str]:
        counts = word_counts(gallery.indexes)
        for node in gallery.categories.nodes:
            words = split_words(node.name)
            counts.update(word for word in words if not is_chinese(word))
        return counts

    def corrected(match: re.Match[str]) -> str:
        word = match[0]
        if is_known_word(word, gallery):
            return word
        return spelling.correct(word, shop_words()) or word

    return " ".join(ENGLISH_WORD.sub(corrected, text).split())


def _words(column: str, text: str, gallery: WordsGallery) -> tuple[str, ...]:
    """Return the shop's words of this column that are in the text."""
    vocabulary = gallery.vocabulary(column)
    find = _colours if column == "colour" else _names
    return tuple(islice(find(text, vocabulary), MAX_REPEATS))


def _colours(text: str, vocabulary: Set[str]) -> Iterator[str]:
    """Yield the shop's names for the colours of the thing itself.

    A `white mug with red dots` is white, and one that is `not red` has any colour.
    """
    names: dict[str, None] = {}
    before_with = WITH.split(text, maxsplit=1)[0] or text
    for match in colours.NAME_PATTERN.finditer(before_with):
        if match["name"] and not NEGATION.search(text[: match.start()]):
            colour = colours.NAMES[match["name"]]
            names.update(dict.fromkeys(colours.shop_names_of(colour, vocabulary)))
    yield from names


def _names(text: str, vocabulary: Set[str]) -> Iterator[str]:
    """Yield the shop's names, such as brands, the longest first at each word."""
    by_terms = {phrase_terms(name): name for name in sorted(vocabulary)}
    words = split_words(text)
    start = 0
    while start < len(words):
        for length in range(min(MAX_NAME_WORDS, len(words) - start), 0, -1):
            phrase = " ".join(words[start : start + length])
            name = by_terms.get(phrase_terms(phrase))
            if name and (length > 1 or not _is_common_word(phrase)):
                yield name
                start += length - 1
                break
        start += 1
    for name in sorted(vocabulary):
        if is_chinese(name) and name in text and name not in words:
            yield name


def _is_common_word(word: str) -> bool:
    """Return whether a word names a thing or a colour, even if a brand is called so."""
    return bool(glossary.synonyms(word)) or word in colours.NAMES


def _category(text: str, tree: CategoryTree) -> CategoryNode | None:
    """Return the category that the words up to the head noun name or mean."""
    words = words_to_head_noun(text)
    for length in range(min(MAX_CATEGORY_WORDS, len(words)), 0, -1):
        if node := category_called(tree, " ".join(words[-length:])):
            return node
    for length in (2, 1):
        phrase = " ".join(words[-length:])
        if len(words) < length or phrase in colours.NAMES:
            continue
        if node := category_meant(tree, phrase):
            return node
    return None


def _without_empty_filters(parsed: ParsedWords) -> ParsedWords:
    """Drop the words of as few columns as possible so that any product is left."""
    for n_dropped in range(len(parsed.words) + 1):
        for dropped in combinations(parsed.words, n_dropped):
            fewer = replace(
                parsed, words={**parsed.words, **dict.fromkeys(dropped, ())}
            )
            if _leaves_any(fewer.filters, fewer.gallery):
                return fewer
    return parsed


def _leaves_any(filters: Filters, gallery: WordsGallery) -> bool:
    return any(len(table.allowed_rows(filters, live)) for table, live in gallery.tables)
