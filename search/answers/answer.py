"""The answer of a search, whether by photo, by product or in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Self

import numpy as np

from catalogue.cards import Card
from catalogue.models import Product
from search.answers.facets import Facets
from search.answers.prediction import PredictedCategory
from search.answers.query import Box
from search.gallery.calibration import Match
from search.gallery.gallery import Gallery
from search.gallery.rows import Int64s
from search.words.words_query import WordsQuery


@dataclass(frozen=True)
class Result:
    """A product, with the picture of it that is most similar to the query.

    similarity: the probability that it is the same product. In a search by words,
    image_id is the main picture, None without one, and similarity the share of the
    words that the product has.
    """

    product: Card
    image_id: int | None
    distance: int
    similarity: float
    match: Match


@dataclass(frozen=True)
class Freshness:
    """Which gallery answered."""

    snapshot: str
    as_of: datetime
    images: int
    pending: int

    @classmethod
    def of(cls, gallery: Gallery) -> Self:
        return cls(
            snapshot=gallery.name,
            as_of=gallery.as_of,
            images=len(gallery),
            pending=gallery.pending,
        )


@dataclass
class Stages:
    """Measures how long the stages of a search take: milliseconds by stage."""

    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time spent inside to this stage."""
        start = perf_counter()
        yield
        self.took[name] = self.took.get(name, 0.0) + (perf_counter() - start) * 1000


@dataclass(frozen=True)
class SuggestedBox:
    """A thing on the photo, and the token that searches for it alone."""

    box: Box
    query: str


@dataclass(frozen=True)
class Answer:
    """One page of results.

    query: the token that repeats the search; box: the part of the photo searched for;
    match: how close the best result is; count: products on all pages; next_page: None
    on the last; category: what the photo seems to show, regardless of filters; words:
    what was typed beside the photo or instead; boxes: things on a whole photo that was
    just sent; has_reasons: whether each result can be explained.
    """

    query: str
    box: Box
    match: Match
    count: int
    results: list[Result]
    next_page: int | None
    category: PredictedCategory | None
    facets: Facets
    freshness: Freshness
    stages: dict[str, float]
    words: WordsQuery | None = None
    boxes: list[SuggestedBox] = field(default_factory=list)
    has_reasons: bool = False


def in_order(product_ids: Int64s, order: str) -> Int64s:
    """Return the positions of these products in the order of a field of Product."""
    at = {pk: number for number, pk in enumerate(product_ids.tolist())}
    products = Product.objects.filter(pk__in=at).order_by(order, "pk")
    return np.array([at[pk] for pk in products.values_list("pk", flat=True)], np.int64)
