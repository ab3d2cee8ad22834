"""A photo, an earlier query or a product → the products most like it."""

from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np
from PIL.Image import Image

from catalogue.cards import cards
from catalogue.models import Product
from hashing import Encoder
from search import boxes, gallery, metrics
from search.answers import (
    PAGE,
    RELEVANCE,
    SORTS,
    Answer,
    Freshness,
    Result,
    Stages,
    SuggestedBox,
    in_order,
)
from search.calibration import Curves, Match, word
from search.encoders import by_fingerprint, encoder, serving
from search.facets import facets
from search.filters import NO_FILTERS, Filters
from search.matching import MatchOn, weights
from search.models import ImageCode
from search.neighbours import Neighbours, Weights
from search.overlay import Findable
from search.query import WHOLE, Box, Query
from search.voting import predicted_category
from search.words import gallery as words_gallery
from search.words.query import WordsQuery
from search.words.ranking import Ranking

# What all words that were asked beside a photo count, against a cosine of one.
WORDS = 0.3

# Pictures that a search looks at, and the least number of products on them: where few
# products have many pictures it looks at more. Others are not answered.
SHORTLIST = 200
LEAST_PRODUCTS = 50


@dataclass(frozen=True)
class Wanted:
    """What a search is limited to, its order, and which page of it."""

    filters: Filters
    limit: int
    page: int
    sort: str
    match_on: str


def similar_to_photo(  # noqa: PLR0913
    photo: Image,
    *,
    box: Box = WHOLE,
    words: WordsQuery | None = None,
    filters: Filters = NO_FILTERS,
    limit: int = PAGE,
    page: int = 1,
    sort: str = RELEVANCE,
    match_on: str = MatchOn.ITEM,
    with_boxes: bool = False,
    stages: Stages | None = None,
) -> Answer:
    """What is on this photo (RGB, upright), in the box. Raises SearchUnavailable.

    `words` rank among what looks like it; the filters in them are the caller's to add.
    Boxes are suggested of a whole photo alone.
    """
    stages = stages or Stages()
    with stages.timed("encode"):
        now = encoder()
        suggest = with_boxes and box == WHOLE
        embedding, parts = boxes.encode(now, photo, box, suggest=suggest)
    query = Query(now.fingerprint, embedding, box, words)
    wanted = Wanted(filters, limit, page, sort, match_on)
    answer = _answer(query, query.token(), wanted, stages)
    suggested = [
        SuggestedBox(part, replace(query, embedding=of_part, box=part).token())
        for part, of_part in parts
    ]
    return replace(answer, boxes=suggested)


def similar_to_query(  # noqa: PLR0913
    token: str,
    *,
    filters: Filters = NO_FILTERS,
    limit: int = PAGE,
    page: int = 1,
    sort: str = RELEVANCE,
    match_on: str = MatchOn.ITEM,
    words: WordsQuery | None = None,
) -> Answer:
    """The same again: another page, other filters, another order, or other words.

    Raises QueryExpired, ForeignEncoder, SearchUnavailable.
    """
    query = Query.from_token(token)
    if words is not None:
        query = replace(query, words=words)
        token = query.token()
    wanted = Wanted(filters, limit, page, sort, match_on)
    return _answer(query, token, wanted, Stages())


def query_of(product: Product) -> Query | None:
    """The query that its first picture with a code is; None where it has none.

    Raises SearchUnavailable.
    """
    fingerprint = serving().fingerprint
    stored = _embeddings_of(product, fingerprint)
    embedding = stored.order_by("image__position", "image").first()
    if embedding is None:
        return None
    return Query(fingerprint, np.frombuffer(embedding, np.int8))


def ranking(query: Query) -> list[int]:
    """Ids of the products most like it, the nearest first. Raises SearchUnavailable."""
    found = _shortlist(gallery.current(query.encoder), query, NO_FILTERS)
    ids: list[int] = found.best_of_products().product_id.tolist()
    return ids


def similar_to_product(
    product: Product, *, filters: Filters = NO_FILTERS, limit: int = 12
) -> list[Result]:
    """Other products that look like this one, by any of its pictures.

    Empty while none of its pictures has a code. Raises SearchUnavailable.
    """
    fingerprint = serving().fingerprint
    now = gallery.current(fingerprint)
    found = [
        _shortlist(now, Query(fingerprint, np.frombuffer(each, np.int8)), filters)
        for each in _embeddings_of(product, fingerprint)
    ]
    if not found:
        return []
    near = reduce(Neighbours.merged, found)
    others = near.take(np.flatnonzero(near.product_id != product.pk))
    best = others.best_of_products()[:limit]
    return _fetched(best, _chances(now, by_fingerprint(fingerprint), best))


def _embeddings_of(product: Product, fingerprint: str) -> Any:
    """Of its pictures that have a current code of that encoder, as bytes."""
    codes = ImageCode.objects.by(fingerprint).current()
    of_it = codes.filter(image__product=product, code__isnull=False)
    return of_it.values_list("embedding", flat=True)


def _answer(query: Query, token: str, wanted: Wanted, stages: Stages) -> Answer:
    with stages.timed("search"):
        # Of the query's encoder, even if another took over a moment ago.
        made_by = by_fingerprint(query.encoder)
        now = gallery.current(query.encoder)
        shortlist = _Shortlists(now, query, weights(made_by, wanted.match_on))
        ranked = shortlist(wanted.filters)
    start, end = (wanted.page - 1) * wanted.limit, wanted.page * wanted.limit
    with stages.timed("fetch"):
        ordered = ranked
        if wanted.sort != RELEVANCE:
            ordered = ranked.take(in_order(ranked.product_id, SORTS[wanted.sort]))
        chances = _chances(now, made_by, ranked)
        results = _fetched(ordered[start:end], chances)
    with stages.timed("facets"):
        counted = facets(shortlist, wanted.filters)
        category = predicted_category(shortlist.plain())
    match = _match_of(chances)
    metrics.observe(stages.took, match)
    return Answer(
        query=token,
        has_reasons=made_by.has_regions,
        box=query.box,
        match=match,
        count=len(ranked),
        results=results,
        next_page=wanted.page + 1 if end < len(ranked) else None,
        category=category,
        facets=counted,
        freshness=Freshness.of(now),
        stages=stages.took,
        words=query.words,
    )


def _shortlist(
    now: Findable, query: Query, filters: Filters, *, weights: Weights | None = None
) -> Neighbours:
    """The nearest pictures, so many that enough products, or all, are on them."""
    k = SHORTLIST
    while True:
        found = now.search(query, k, filters=filters)
        n_products = len(np.unique(found.product_id))
        if len(found) < k or n_products >= LEAST_PRODUCTS:
            return found.compared(query.embedding, weights)
        k *= 4


class _Shortlists:
    """The products nearest to a query, under one set of filters or another."""

    def __init__(self, now: Findable, query: Query, weights: Weights | None) -> None:
        self._search = partial(_shortlist, now, query, weights=weights)
        self._found: dict[Filters, Neighbours] = {}
        self._known: dict[Filters, Neighbours] = {}
        self._asked = (
            Ranking.of(query.words.ranked, words_gallery.current(query.words.ranked))
            if query.words
            else None
        )

    def __call__(self, filters: Filters) -> Neighbours:
        if filters not in self._known:
            found = self._near(filters)
            if self._asked:
                found = _with_words(found, self._asked)
            self._known[filters] = found.best_of_products()
        return self._known[filters]

    def plain(self) -> Neighbours:
        """Without filters, whatever is to be matched, and whatever the words."""
        found = self._near(NO_FILTERS)
        return replace(found, score=found.cosine).best_of_products()

    def _near(self, filters: Filters) -> Neighbours:
        if filters not in self._found:
            self._found[filters] = self._search(filters)
        return self._found[filters]


def _with_words(found: Neighbours, asked: Ranking) -> Neighbours:
    """Scored by the words too, as far as a product has them."""
    products = found.product_id.tolist()
    shares = asked.share_of(set(products))
    extra = [WORDS * shares.get(product, 0.0) for product in products]
    return replace(found, score=found.score + np.array(extra, np.float32))


def _chances(now: Findable, made_by: Encoder, ranked: Neighbours) -> dict[int, float]:
    """By product that each is the one asked for: by the shop's curves, or the card's"""
    curves = now.curves or Curves.of_card(made_by.card.match_curve)
    found = curves.similarities(ranked.cosine).tolist()
    return dict(zip(ranked.product_id.tolist(), found, strict=True))


def _fetched(ranked: Neighbours, chances: dict[int, float]) -> list[Result]:
    """With what a list shows, in one query. What was hidden just now is left out."""
    products = cards(ranked.product_id.tolist())
    results = []
    for product_id, image_id, distance in ranked.listed():
        if product_id in products:
            similarity = chances[product_id]
            results.append(
                Result(
                    product=products[product_id],
                    image_id=image_id,
                    distance=distance,
                    similarity=round(similarity, 4),
                    match=word(similarity),
                )
            )
    return results


def _match_of(chances: dict[int, float]) -> Match:
    return word(max(chances.values(), default=0.0))
