"""Words, alone or beside a photo → products, in the form of every answer."""

from collections.abc import Sequence

import numpy as np

from catalogue.cards import cards
from catalogue.models import Product
from search.answers import metrics
from search.answers.answer import (
    Answer,
    Freshness,
    Result,
    Stages,
    in_order,
)
from search.answers.facets import facets
from search.answers.query import WHOLE
from search.answers.request import (
    FIRST_PAGE,
    RELEVANCE,
    SORT_FIELDS,
    SearchRequest,
)
from search.answers.similar import similar_to_query
from search.gallery.calibration import Match
from search.gallery.filters import Filters
from search.gallery.neighbours import Neighbour, NeighbourList
from search.words import words_gallery
from search.words.category_names import Categories
from search.words.language.tokens import normal
from search.words.ranking import Ranking
from search.words.understanding import Reading, read
from search.words.words_gallery import WordsGallery
from search.words.words_query import LONGEST, WordsQuery

# Of so many the names are looked at, for one that is just what was typed.
LOOKED_AT = 50


def parse_words(text: str) -> Reading:
    """Recognise the filters in these words, and what of them ranks."""
    return read(text[:LONGEST], words_gallery.current(text), Categories.now())


def by_words(
    query: WordsQuery,
    request: SearchRequest = FIRST_PAGE,
    *,
    stages: Stages | None = None,
) -> Answer:
    """Search with words alone; needs no encoder of pictures and no snapshot."""
    stages = stages or Stages()
    with stages.timed("search"):
        now = words_gallery.current(query.ranked)
        search = _Remembered(Ranking.of(normal(query.ranked), now))
        ranked, exact = _exact_first(search(request.filters), query.said)
    with stages.timed("fetch"):
        ordered = ranked
        if request.sort != RELEVANCE:
            ordered = _sorted(ranked, SORT_FIELDS[request.sort])
        results = _fetched(ordered[request.page_slice], search.ranking, exact)
    with stages.timed("facets"):
        counted = facets(search, request.filters)
    match = _best(ranked, search.ranking, exact)
    metrics.observe(stages.took, match)
    return Answer(
        query=query.token(),
        box=WHOLE,
        match=match,
        count=len(ranked),
        results=results,
        next_page=request.next_page(len(ranked)),
        category=None,
        facets=counted,
        freshness=_freshness(now),
        stages=stages.took,
        words=query,
    )


def repeat_query(token: str, request: SearchRequest = FIRST_PAGE) -> Answer:
    """Repeat an earlier query of words or of a photo.

    Words of the request replace the query's own. Raises as similar_to_query does.
    """
    if WordsQuery.is_token(token):
        return by_words(request.words or WordsQuery.from_token(token), request)
    return similar_to_query(token, request)


class _Remembered:
    """A ranking that is asked for the same filters again and again, by facets."""

    def __init__(self, ranking: Ranking) -> None:
        self.ranking = ranking
        self._known: dict[Filters, NeighbourList] = {}

    def __call__(self, filters: Filters) -> NeighbourList:
        if filters not in self._known:
            self._known[filters] = NeighbourList(self.ranking(filters))
        return self._known[filters]


def _exact_first(
    ranked: Sequence[Neighbour], said: str
) -> tuple[list[Neighbour], set[int]]:
    """Products called just so come first; one of that number comes alone."""
    first = [near.product_id for near in ranked[:LOOKED_AT]]
    rows = Product.objects.filter(pk__in=first).values_list("pk", "name", "sku")
    by_name = {pk for pk, name, _ in rows if normal(name) == normal(said)}
    by_sku = {pk for pk, _, sku in rows if normal(sku) == normal(said)}
    if by_sku:
        return [near for near in ranked if near.product_id in by_sku], by_sku
    ordered = sorted(ranked, key=lambda near: near.product_id not in by_name)
    return ordered, by_name


def _sorted(ranked: Sequence[Neighbour], order: str) -> list[Neighbour]:
    products = np.array([near.product_id for near in ranked], np.int64)
    return [ranked[at] for at in in_order(products, order)]


def _fetched(
    ranked: Sequence[Neighbour], ranking: Ranking, exact: set[int]
) -> list[Result]:
    """With what a list shows, in one query. What was hidden just now is left out."""
    ids = [near.product_id for near in ranked]
    products = cards(ids)
    results = []
    for near in ranked:
        if near.product_id in products:
            product = products[near.product_id]
            image = product.main_image
            results.append(
                Result(
                    product=product,
                    image_id=image.pk if image else None,
                    distance=near.distance,
                    similarity=ranking.share(near),
                    match=_match(near, ranking, exact),
                )
            )
    return results


def _match(near: Neighbour, ranking: Ranking, exact: set[int]) -> Match:
    return Match.EXACT if near.product_id in exact else ranking.match(near)


def _best(ranked: Sequence[Neighbour], ranking: Ranking, exact: set[int]) -> Match:
    return _match(ranked[0], ranking, exact) if ranked else Match.NONE


def _freshness(now: WordsGallery) -> Freshness:
    return Freshness(
        snapshot=now.name, as_of=now.as_of, images=len(now), pending=now.pending
    )
