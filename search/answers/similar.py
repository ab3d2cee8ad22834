"""A photo, an earlier query or a product → the products most like it."""

from dataclasses import replace
from functools import partial, reduce
from typing import Any

import numpy as np
from PIL.Image import Image

from catalogue.cards import cards
from catalogue.models import Product
from hashing import Encoder
from search.answers import boxes, metrics
from search.answers.answer import (
    Answer,
    Freshness,
    Result,
    Stages,
    SuggestedBox,
    in_order,
)
from search.answers.facets import facets
from search.answers.matching import weights
from search.answers.query import WHOLE, Query
from search.answers.request import (
    FIRST_PAGE,
    RELEVANCE,
    SORT_FIELDS,
    SearchRequest,
)
from search.answers.voting import predicted_category
from search.encoders.registry import by_fingerprint, encoder, serving
from search.engines.engine import current_gallery
from search.gallery.calibration import Curves, Match, match_for
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.gallery import Gallery
from search.gallery.neighbours import Neighbours, Weights
from search.models import ImageCode
from search.words.ranking import Ranking

# What all words that were asked beside a photo count, against a cosine of one.
WORDS = 0.3

# Pictures that a search looks at, and the least number of products on them: where few
# products have many pictures it looks at more. Others are not answered.
SHORTLIST = 200
LEAST_PRODUCTS = 50


def similar_to_photo(
    photo: Image, request: SearchRequest = FIRST_PAGE, *, stages: Stages | None = None
) -> Answer:
    """Search with the part of a photo (RGB, upright) that is in the request's box.

    Words of the request rank among what looks like it; the filters in them are the
    caller's to add. Raises SearchUnavailable.
    """
    stages = stages or Stages()
    with stages.timed("encode"):
        now = encoder()
        suggest = request.with_boxes and request.box == WHOLE
        embedding, parts = boxes.encode(now, photo, request.box, suggest=suggest)
    query = Query(now.fingerprint, embedding, request.box, request.words)
    answer = _answer(query, query.token(), request, stages)
    suggested = [
        SuggestedBox(part, replace(query, embedding=of_part, box=part).token())
        for part, of_part in parts
    ]
    return replace(answer, boxes=suggested)


def similar_to_query(token: str, request: SearchRequest = FIRST_PAGE) -> Answer:
    """Repeat an earlier query with another page, filters, order or words.

    The box is the query's own. Raises QueryExpired, ForeignEncoder, SearchUnavailable.
    """
    query = Query.from_token(token)
    if request.words is not None:
        query = replace(query, words=request.words)
        token = query.token()
    return _answer(query, token, request, Stages())


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
    found = _shortlist(current_gallery(query.encoder), query, NO_FILTERS)
    ids: list[int] = found.best_of_products().product_id.tolist()
    return ids


def similar_to_product(
    product: Product, *, filters: Filters = NO_FILTERS, limit: int = 12
) -> list[Result]:
    """Other products that look like this one, by any of its pictures.

    Empty while none of its pictures has a code. Raises SearchUnavailable.
    """
    fingerprint = serving().fingerprint
    now = current_gallery(fingerprint)
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


def _answer(query: Query, token: str, request: SearchRequest, stages: Stages) -> Answer:
    with stages.timed("search"):
        # Of the query's encoder, even if another took over a moment ago.
        made_by = by_fingerprint(query.encoder)
        now = current_gallery(query.encoder)
        words = _ranking_by_words(query, request)
        shortlist = _Shortlists(now, query, weights(made_by, request.match_on), words)
        ranked = shortlist(request.filters)
    with stages.timed("fetch"):
        ordered = ranked
        if request.sort != RELEVANCE:
            order = SORT_FIELDS[request.sort]
            ordered = ranked.take(in_order(ranked.product_id, order))
        chances = _chances(now, made_by, ranked)
        results = _fetched(ordered[request.page_slice], chances)
    with stages.timed("facets"):
        counted = facets(shortlist, request.filters)
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
        next_page=request.next_page(len(ranked)),
        category=category,
        facets=counted,
        freshness=Freshness.of(now),
        stages=stages.took,
        words=query.words,
    )


def _shortlist(
    now: Gallery, query: Query, filters: Filters, *, weights: Weights | None = None
) -> Neighbours:
    """The nearest pictures, so many that enough products, or all, are on them."""
    k = SHORTLIST
    while True:
        found = now.search(query, k, filters=filters)
        n_products = len(np.unique(found.product_id))
        if len(found) < k or n_products >= LEAST_PRODUCTS:
            return found.with_cosines(query.embedding, weights)
        k *= 4


class _Shortlists:
    """The products nearest to a query, under one set of filters or another."""

    def __init__(
        self,
        now: Gallery,
        query: Query,
        weights: Weights | None,
        words: Ranking | None,
    ) -> None:
        self._search = partial(_shortlist, now, query, weights=weights)
        self._found: dict[Filters, Neighbours] = {}
        self._known: dict[Filters, Neighbours] = {}
        self._words = words

    def __call__(self, filters: Filters) -> Neighbours:
        if filters not in self._known:
            found = self._near(filters)
            if self._words:
                found = _with_words(found, self._words)
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


def _ranking_by_words(query: Query, request: SearchRequest) -> Ranking | None:
    """Return the ranking of the words beside a photo; None without any."""
    if query.words is None:
        return None
    return Ranking.of(query.words.ranked, request.gallery_for(query.words))


def _with_words(found: Neighbours, words: Ranking) -> Neighbours:
    """Return them scored by the words too, as far as a product has them."""
    products = found.product_id.tolist()
    shares = words.shares_of(set(products))
    extra = [WORDS * shares.get(product, 0.0) for product in products]
    return replace(found, score=found.score + np.array(extra, np.float32))


def _chances(now: Gallery, made_by: Encoder, ranked: Neighbours) -> dict[int, float]:
    """By product that each is the one asked for: by the shop's curves, or the card's"""
    curves = now.curves or Curves.of_card(made_by.card.match_curve)
    found = curves.similarities(ranked.cosine).tolist()
    return dict(zip(ranked.product_id.tolist(), found, strict=True))


def _fetched(ranked: Neighbours, chances: dict[int, float]) -> list[Result]:
    """With what a list shows, in one query. What was hidden just now is left out."""
    products = cards(ranked.product_id.tolist())
    results = []
    for product_id, image_id, distance in ranked.ids_and_distances():
        if product_id in products:
            similarity = chances[product_id]
            results.append(
                Result(
                    product=products[product_id],
                    image_id=image_id,
                    distance=distance,
                    similarity=round(similarity, 4),
                    match=match_for(similarity),
                )
            )
    return results


def _match_of(chances: dict[int, float]) -> Match:
    return match_for(max(chances.values(), default=0.0))
