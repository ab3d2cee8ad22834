"""What results can be narrowed to, with how many products each choice would leave.

Counted over what a search looked at: the shortlist. Each facet is counted under all
filters but its own, so that what is chosen can be changed for its neighbours.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.gallery.neighbours import Columns
from search.words.categories import CategoryNode, recent_tree

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


def facet_filters(filters: Filters) -> dict[str, Filters]:
    """Return by facet the filters under which it is counted: all but its own."""
    return {
        "category": replace(filters, categories=None),
        "price": replace(filters, min_price=None, max_price=None),
        "in_stock": replace(filters, in_stock=False),
        **{name: filters.with_words(**{name: ()}) for name in WORD_COLUMNS},
    }


def facets(search: Search, filters: Filters) -> Facets:
    """Count the products of the shortlist that `search` returns under other filters."""
    found = {name: search(each) for name, each in facet_filters(filters).items()}
    prices = found["price"].column("price")
    return Facets(
        category=_categories(found["category"].column("category_id")),
        words={name: _words(found[name].words(name)) for name in WORD_COLUMNS},
        price=PriceRange(
            min=Decimal(min(prices)) / 100 if prices else None,
            max=Decimal(max(prices)) / 100 if prices else None,
        ),
        in_stock=sum(found["in_stock"].column("in_stock")),
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
    tree = recent_tree(own)
    counts: Counter[CategoryNode] = Counter()
    for pk, count in own.items():
        for node in tree.branch(pk):
            counts[node] += count
    return [
        CategoryCount(node.slug, node.name, node.depth, count)
        for node, count in sorted(counts.items())[:MOST]
    ]
