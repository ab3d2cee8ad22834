"""What a search answers with, whether by photo, by product or in words."""

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
from search.answers.query import Box
from search.answers.voting import Prediction
from search.gallery.calibration import Match
from search.gallery.gallery import Gallery
from search.gallery.rows import Int64s
from search.words.words_query import WordsQuery


@dataclass(frozen=True)
class Result:
    """A product, by the picture of it that is most like the query.

    similarity: the probability that it is the same product. Of words image_id is the
    main picture, None without one, and similarity the share of them that it has.
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
    def of(cls, now: Gallery) -> Self:
        return cls(
            snapshot=now.name,
            as_of=now.as_of,
            images=len(now),
            pending=now.pending,
        )


@dataclass
class Stages:
    """Milliseconds by stage."""

    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.took[name] = self.took.get(name, 0.0) + (perf_counter() - start) * 1000


@dataclass(frozen=True)
class SuggestedBox:
    """A thing that stands out on the photo, and the token that asks with it alone."""

    box: Box
    query: str


@dataclass(frozen=True)
class Answer:
    """One page of what was found.

    query: the token that asks the same again; box: the part of the photo; count:
    products on all pages; match: how close the best is; next_page: None on the last;
    category: what is on the photo, whatever the filters; words: what was asked beside
    the photo, or in its place; boxes: what stands out on a whole photo, just sent;
    has_reasons: whether it can be told why each is here.
    """

    query: str
    box: Box
    match: Match
    count: int
    results: list[Result]
    next_page: int | None
    category: Prediction | None
    facets: Facets
    freshness: Freshness
    stages: dict[str, float]
    words: WordsQuery | None = None
    boxes: list[SuggestedBox] = field(default_factory=list)
    has_reasons: bool = False


def in_order(product_ids: Int64s, order: str) -> Int64s:
    """Where each of these products is, in another order: a field of Product."""
    at = {pk: number for number, pk in enumerate(product_ids.tolist())}
    products = Product.objects.filter(pk__in=at).order_by(order, "pk")
    return np.array([at[pk] for pk in products.values_list("pk", flat=True)], np.int64)
