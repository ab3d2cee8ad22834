"""What results can be narrowed to, with how many products each choice would leave.

Counted over what a search looked at: the shortlist. Each facet is counted under all
filters but its own, so that what is chosen can be changed for its neighbours.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from search.answers.categories import Named, tree
from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.gallery.neighbours import Columns

# Choices of one facet; the rarest are left out where there are more.
MOST = 50

Search = Callable[[Filters], Columns]


@dataclass(frozen=True)
class WordCount:
    value: str
    count: int


@dataclass(frozen=True)
class CategoryCount:
    """Products in a category and below; depth is 1 at the top."""

    slug: str
    name: str
    depth: int
    count: int


@dataclass(frozen=True)
class PriceRange:
    """From the cheapest to the dearest; None where nothing was found."""

    min: Decimal | None
    max: Decimal | None


@dataclass(frozen=True)
class Facets:
    """Categories stand as the tree does, words by how many they leave."""

    category: list[CategoryCount]
    words: dict[str, list[WordCount]]  # by the names of WORD_COLUMNS
    price: PriceRange
    in_stock: int


def facets(search: Search, filters: Filters) -> Facets:
    """`search` answers the products of the shortlist under other filters."""

    def without(**own: Any) -> Columns:
        return search(replace(filters, **own))

    prices = without(min_price=None, max_price=None).column("price")
    return Facets(
        category=_categories(without(categories=None).column("category_id")),
        words={
            name: _words(search(filters.with_words(**{name: ()})).words(name))
            for name in WORD_COLUMNS
        },
        price=PriceRange(
            min=Decimal(min(prices)) / 100 if prices else None,
            max=Decimal(max(prices)) / 100 if prices else None,
        ),
        in_stock=sum(without(in_stock=False).column("in_stock")),
    )


def _words(words: Iterable[str]) -> list[WordCount]:
    """The most frequent first, equal ones by the alphabet; without the empty word.

    Words that differ in case alone are one, as filters take them.
    """
    spelled: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for word, count in Counter(words).items():
        if word:
            counts[word.casefold()] += count
            spelled.setdefault(word.casefold(), word)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [WordCount(spelled[word], count) for word, count in ordered[:MOST]]


def _categories(category_ids: Iterable[int]) -> list[CategoryCount]:
    """With all that lie above them."""
    own = Counter(category_ids)
    known = tree(own)
    counts: Counter[Named] = Counter()
    for pk, count in own.items():
        for each in known.with_those_above(pk):
            counts[each] += count
    return [
        CategoryCount(each.slug, each.name, each.depth, count)
        for each, count in sorted(counts.items())[:MOST]
    ]
