"""Facets: filters that results can be narrowed to, with the products each would leave.

They are counted over the shortlist that a search ranked. Each facet is counted under
all filters but its own, so that a choice can be exchanged for another one.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.gallery.neighbours import Columns
from search.words.categories import CategoryNode, recent_tree

MAX_CHOICES = 50  # of a facet; the rarest are left out

Search = Callable[[Filters], Columns]


@dataclass(frozen=True)
class WordCount:
    """Products that a word of a facet would leave."""

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
    """The lowest and the highest price; None where there is no product."""

    min: Decimal | None
    max: Decimal | None


@dataclass(frozen=True)
class Facets:
    """Categories in the order of the tree, words by how many products they leave."""

    category: list[CategoryCount]
    words: dict[str, list[WordCount]]  # by the names of WORD_COLUMNS
    price: PriceRange
    in_stock: int


def facet_filters(filters: Filters) -> dict[str, Filters]:
    """Return by facet the filters under which it is counted: all but its own."""
    return {
        "category": replace(filters, categories=None),
        "price": replace(filters, min_price=None, max_price=None),
        "in_stock": replace(filters, in_stock=False),
        **{name: filters.with_words(**{name: ()}) for name in WORD_COLUMNS},
    }


def facets(search: Search, filters: Filters) -> Facets:
    """Count the facets; `search` returns the products under other filters."""
    products = {name: search(each) for name, each in facet_filters(filters).items()}
    prices = products["price"].column("price")
    return Facets(
        category=_categories(products["category"].column("category_id")),
        words={name: _words(products[name].words(name)) for name in WORD_COLUMNS},
        price=PriceRange(
            min=Decimal(min(prices)) / 100 if prices else None,
            max=Decimal(max(prices)) / 100 if prices else None,
        ),
        in_stock=sum(products["in_stock"].column("in_stock")),
    )


def _words(words: Iterable[str]) -> list[WordCount]:
    """Count words, the most frequent first, then by alphabet; skip the empty word.

    Words that differ in case alone are counted as one, as filters compare them.
    """
    spelled: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for word, count in Counter(words).items():
        if word:
            counts[word.casefold()] += count
            spelled.setdefault(word.casefold(), word)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [WordCount(spelled[word], count) for word, count in ordered[:MAX_CHOICES]]


def _categories(category_ids: Iterable[int]) -> list[CategoryCount]:
    """Count products by category, each also in the categories above."""
    own = Counter(category_ids)
    tree = recent_tree(own)
    counts: Counter[CategoryNode] = Counter()
    for pk, count in own.items():
        for each in tree.ancestors(pk):
            counts[each] += count
    return [
        CategoryCount(each.slug, each.name, each.depth, count)
        for each, count in sorted(counts.items())[:MAX_CHOICES]
    ]
