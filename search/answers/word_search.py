"""Words, alone or beside a photo → products, in the form of every answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalogue.cards import Card, cards
from search.answers import metrics
from search.answers.answer import Answer, Freshness, Result, Stages, in_order
from search.answers.facets import facet_filters, facets
from search.answers.query import WHOLE
from search.answers.request import (
    FIRST_PAGE,
    RELEVANCE,
    SORT_FIELDS,
    SearchRequest,
)
from search.answers.similar import similar_to_query
from search.gallery.calibration import Match
from search.gallery.neighbours import Neighbour
from search.words.language.tokens import normalize
from search.words.ranking import Ranking
from search.words.words_gallery import WordsGallery
from search.words.words_query import WordsQuery

# The first products among which one is looked for that has just the name or SKU typed.
MAX_NAMES_COMPARED = 50


def by_words(
    query: WordsQuery,
    request: SearchRequest = FIRST_PAGE,
    *,
    stages: Stages | None = None,
) -> Answer:
    """Search with words alone; needs no encoder of pictures and no snapshot."""
    stages = stages or Stages()
    with stages.timed("search"):
        gallery = request.gallery_for(query)
        ranking = Ranking.of(normalize(query.ranked), gallery)
        ranking.prepare([request.filters, *facet_filters(request.filters).values()])
        neighbours = ranking.rank(request.filters)
    with stages.timed("fetch"):
        ranked = _exact_first(ranking, neighbours, query.typed)
        shown = ranked.neighbours
        if request.sort != RELEVANCE:
            shown = _sorted(shown, SORT_FIELDS[request.sort])
        results = ranked.results(shown[request.page_slice])
    with stages.timed("facets"):
        counts = facets(ranking.rank, request.filters)
    metrics.observe(stages.took, ranked.match)
    return Answer(
        query=query.token(),
        box=WHOLE,
        match=ranked.match,
        count=len(ranked.neighbours),
        results=results,
        next_page=request.next_page(len(ranked.neighbours)),
        category=None,
        facets=counts,
        freshness=_freshness(gallery),
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


@dataclass(frozen=True)
class _RankedProducts:
    """Products in order of relevance.

    exact: the ids of those that have just the name or SKU that was typed; first_cards:
    the cards that were read to know that.
    """

    ranking: Ranking
    neighbours: Sequence[Neighbour]
    exact: frozenset[int]
    first_cards: dict[int, Card]

    @property
    def match(self) -> Match:
        """How well the best fits."""
        return self.match_for(self.neighbours[0]) if self.neighbours else Match.NONE

    def match_for(self, neighbour: Neighbour) -> Match:
        if neighbour.product_id in self.exact:
            return Match.EXACT
        return self.ranking.match_for(neighbour)

    def results(self, page: Sequence[Neighbour]) -> list[Result]:
        """Return what a list shows; without products that were hidden just now."""
        missing = [
            near.product_id for near in page if near.product_id not in self.first_cards
        ]
        by_id = self.first_cards | cards(missing)
        return [
            Result(
                product=card,
                image_id=card.main_image.pk if card.main_image else None,
                distance=neighbour.distance,
                similarity=self.ranking.share_of(neighbour),
                match=self.match_for(neighbour),
            )
            for neighbour in page
            if (card := by_id.get(neighbour.product_id))
        ]


def _exact_first(
    ranking: Ranking, neighbours: Sequence[Neighbour], typed: str
) -> _RankedProducts:
    """Put products of just this name first; return one of just this SKU alone."""
    first = cards([near.product_id for near in neighbours[:MAX_NAMES_COMPARED]])
    text = normalize(typed)
    by_sku = frozenset(pk for pk, card in first.items() if normalize(card.sku) == text)
    if by_sku:
        alone = [near for near in neighbours if near.product_id in by_sku]
        return _RankedProducts(ranking, alone, by_sku, first)
    by_name = frozenset(
        pk for pk, card in first.items() if normalize(card.name) == text
    )
    ordered = sorted(neighbours, key=lambda near: near.product_id not in by_name)
    return _RankedProducts(ranking, ordered, by_name, first)


def _sorted(neighbours: Sequence[Neighbour], order: str) -> list[Neighbour]:
    products = np.array([near.product_id for near in neighbours], np.int64)
    return [neighbours[place] for place in in_order(products, order)]


def _freshness(gallery: WordsGallery) -> Freshness:
    return Freshness(
        snapshot=gallery.name,
        as_of=gallery.as_of,
        images=len(gallery),
        pending=gallery.pending,
    )
