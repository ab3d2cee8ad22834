"""Search by photo, by an earlier query or by product, and rank what is similar."""

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
from search.answers.matching import embedding_weights
from search.answers.prediction import predicted_category
from search.answers.query import WHOLE, Query
from search.answers.request import (
    FIRST_PAGE,
    RELEVANCE,
    SORT_FIELDS,
    SearchRequest,
)
from search.encoders.registry import by_fingerprint, encoder, serving
from search.engines.engine import current_gallery
from search.gallery.calibration import Curves, match_for
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.gallery import Gallery
from search.gallery.neighbours import Neighbours, Weights
from search.models import ImageCode
from search.words.ranking import Ranking

WORDS_WEIGHT = 0.3  # of all words beside a photo, against a cosine of one

# A search ranks so many nearest pictures, and more until they show enough products:
# a few products may have many pictures. Others are not answered.
SHORTLIST_IMAGES = 200
MIN_PRODUCTS = 50


def similar_to_photo(
    photo: Image, request: SearchRequest = FIRST_PAGE, *, stages: Stages | None = None
) -> Answer:
    """Search with the part of a photo (RGB, upright) that is in the request's box.

    Words of the request rank among similar pictures; the caller adds the filters that
    are in them. Raises SearchUnavailable.
    """
    stages = stages or Stages()
    with stages.timed("encode"):
        made_by = encoder()
        suggest = request.with_boxes and request.box == WHOLE
        embedding, parts = boxes.encode(made_by, photo, request.box, suggest=suggest)
    query = Query(made_by.fingerprint, embedding, request.box, request.words)
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
    """Return the query by its first picture that has a code; None without one.

    Raises SearchUnavailable.
    """
    fingerprint = serving().fingerprint
    stored = _embeddings_of(product, fingerprint)
    embedding = stored.order_by("image__position", "image").first()
    if embedding is None:
        return None
    return Query(fingerprint, np.frombuffer(embedding, np.int8))


def ranking(query: Query) -> list[int]:
    """Return the ids of the most similar products, nearest first.

    Raises SearchUnavailable.
    """
    shortlist = _shortlist(current_gallery(query.encoder), query, NO_FILTERS)
    ids: list[int] = shortlist.best_of_products().product_id.tolist()
    return ids


def answers_photo(query: Query, product_id: int, filters: Filters) -> bool:
    """Tell whether a product is in the answer to this query, on whatever page.

    Looks at twice as many pictures, since some came after the answer was given.
    Raises SearchUnavailable.
    """
    gallery = current_gallery(query.encoder)
    near = gallery.search(query, 2 * SHORTLIST_IMAGES, filters=filters)
    if bool(np.isin(product_id, near.product_id)):
        return True
    return product_id in _shortlist(gallery, query, filters).product_id


def similar_to_product(
    product: Product, *, filters: Filters = NO_FILTERS, limit: int = 12
) -> list[Result]:
    """Find other products that look like this one, by any of its pictures.

    Returns none while none of its pictures has a code. Raises SearchUnavailable.
    """
    fingerprint = serving().fingerprint
    gallery = current_gallery(fingerprint)
    shortlists = [
        _shortlist(gallery, Query(fingerprint, np.frombuffer(each, np.int8)), filters)
        for each in _embeddings_of(product, fingerprint)
    ]
    if not shortlists:
        return []
    neighbours = reduce(Neighbours.merged, shortlists)
    others = neighbours.take(np.flatnonzero(neighbours.product_id != product.pk))
    best = others.best_of_products()[:limit]
    return _results(best, _similarities(gallery, by_fingerprint(fingerprint), best))


def _embeddings_of(product: Product, fingerprint: str) -> Any:
    """Return the embeddings of its pictures by that encoder, as bytes."""
    codes = ImageCode.objects.by(fingerprint).current()
    own = codes.filter(image__product=product, code__isnull=False)
    return own.values_list("embedding", flat=True)


def _answer(query: Query, token: str, request: SearchRequest, stages: Stages) -> Answer:
    with stages.timed("search"):
        # Of the query's encoder, even if another took over a moment ago.
        made_by = by_fingerprint(query.encoder)
        gallery = current_gallery(query.encoder)
        weights = embedding_weights(made_by, request.match_on)
        word_ranking = _word_ranking(query, request)
        shortlists = _Shortlists(gallery, query, weights, word_ranking)
        ranked = shortlists(request.filters)
    with stages.timed("fetch"):
        ordered = ranked
        if request.sort != RELEVANCE:
            order = SORT_FIELDS[request.sort]
            ordered = ranked.take(in_order(ranked.product_id, order))
        similarities = _similarities(gallery, made_by, ranked)
        results = _results(ordered[request.page_slice], similarities)
    with stages.timed("facets"):
        counts = facets(shortlists, request.filters)
        category = predicted_category(shortlists.unfiltered())
    match = match_for(max(similarities.values(), default=0.0))
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
        facets=counts,
        freshness=Freshness.of(gallery),
        stages=stages.took,
        words=query.words,
    )


def _shortlist(
    gallery: Gallery, query: Query, filters: Filters, *, weights: Weights | None = None
) -> Neighbours:
    """Return the nearest pictures, as many as show enough products, or all."""
    k = SHORTLIST_IMAGES
    while True:
        hits = gallery.search(query, k, filters=filters)
        n_products = len(np.unique(hits.product_id))
        if len(hits) < k or n_products >= MIN_PRODUCTS:
            return hits.with_cosines(query.embedding, weights)
        k *= 4


class _Shortlists:
    """The products nearest to a query, under any filters; each set is searched once."""

    def __init__(
        self,
        gallery: Gallery,
        query: Query,
        weights: Weights | None,
        word_ranking: Ranking | None,
    ) -> None:
        self._search = partial(_shortlist, gallery, query, weights=weights)
        self._images: dict[Filters, Neighbours] = {}
        self._products: dict[Filters, Neighbours] = {}
        self._word_ranking = word_ranking

    def __call__(self, filters: Filters) -> Neighbours:
        if filters not in self._products:
            images = self._nearest(filters)
            if self._word_ranking:
                images = _with_words(images, self._word_ranking)
            self._products[filters] = images.best_of_products()
        return self._products[filters]

    def unfiltered(self) -> Neighbours:
        """Return the nearest by cosine alone, without filters, weights and words."""
        images = self._nearest(NO_FILTERS)
        return replace(images, score=images.cosine).best_of_products()

    def _nearest(self, filters: Filters) -> Neighbours:
        if filters not in self._images:
            self._images[filters] = self._search(filters)
        return self._images[filters]


def _word_ranking(query: Query, request: SearchRequest) -> Ranking | None:
    """Rank by the words beside the photo; None without any."""
    if query.words is None:
        return None
    return Ranking.of(query.words.ranked, request.gallery_for(query.words))


def _with_words(images: Neighbours, ranking: Ranking) -> Neighbours:
    """Add to each score the share of the words that the product has."""
    products = images.product_id.tolist()
    shares = ranking.shares_of(set(products))
    extra = [WORDS_WEIGHT * shares.get(product, 0.0) for product in products]
    return replace(images, score=images.score + np.array(extra, np.float32))


def _similarities(
    gallery: Gallery, made_by: Encoder, ranked: Neighbours
) -> dict[int, float]:
    """Return each product's probability of being the one searched for, by id.

    The curves are the shop's own where it has them, else those of the encoder's card.
    """
    curves = gallery.curves or Curves.of_card(made_by.card.match_curve)
    similarities = curves.similarities(ranked.cosine).tolist()
    return dict(zip(ranked.product_id.tolist(), similarities, strict=True))


def _results(ranked: Neighbours, similarities: dict[int, float]) -> list[Result]:
    """Fetch what a list shows, with one query; leave out what was just hidden."""
    products = cards(ranked.product_id.tolist())
    results = []
    for product_id, image_id, distance in ranked.ids_and_distances():
        if product_id in products:
            similarity = similarities[product_id]
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
