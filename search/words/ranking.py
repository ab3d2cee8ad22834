"""Ranks products by how well they fit a query of words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from hashing import hamming
from search.gallery.calibration import Match
from search.gallery.filters import Filters
from search.gallery.neighbours import Neighbour, NeighbourList
from search.gallery.rows import Bools, Int64s
from search.words.category_names import category_weights
from search.words.concepts import Concept, concepts_in, head_noun
from search.words.inverted_index import Scores
from search.words.language import sentences
from search.words.words_gallery import WordsGallery
from search.words.words_table import WordsTable

MAX_RANKED = 200  # products
# What the meaning of the whole text counts, against having all of its concepts.
MEANING_WEIGHT = 0.2
# The least share of the query for each match, concepts weighed by how rare they are.
MIN_SHARES = {Match.SIMILAR: 0.75, Match.WEAK: 0.4}
# Where no product has any concept: the least cosine that is worth showing.
MIN_COSINE = 0.3


@dataclass(frozen=True)
class Candidates:
    """n products of one table that may be among the ranked.

    shares: (n,) the share of the query that each has; distances: (n,) between the codes
    of its vector and of the query's.
    """

    table: WordsTable
    rows: Int64s
    shares: Scores
    distances: np.ndarray[tuple[int, ...], np.dtype[np.int32]]

    @property
    def products(self) -> Int64s:
        return self.table.rows.product_id[self.rows]

    def take(self, places: np.ndarray[Any, Any]) -> "Candidates":
        """Return only these, in this order."""
        return Candidates(
            self.table,
            self.rows[places],
            self.shares[places],
            self.distances[places],
        )


@dataclass(frozen=True)
class Ranking:
    """Ranks products by a query of words, under any filters; each set is ranked once.

    vector: (1, DIM) the query's; shares: for each table of the gallery the share (n,)
    of the query that each product has; None where no product has any concept, and
    meaning alone counts.
    """

    gallery: WordsGallery
    vector: sentences.Vectors
    shares: list[Scores] | None
    # Kept, since facets rank the same products under other filters.
    _ranked: dict[Filters, NeighbourList] = field(default_factory=dict)
    _candidates: dict[Filters, list[Candidates]] = field(default_factory=dict)
    _cosines: dict[int, float] = field(default_factory=dict)  # by product id

    @classmethod
    def of(cls, text: str, gallery: WordsGallery) -> Self:
        """Rank by a normalized text, without the filters that are no words."""
        concepts = concepts_in(text, gallery)
        # Empty text means nothing, and yet needs a vector.
        vector = sentences.quantized(sentences.encode_cached([text or "."]))
        return cls(gallery, vector, _shares(concepts, gallery, head_noun(text)))

    def rank(self, filters: Filters) -> NeighbourList:
        """Return the best MAX_RANKED products by score, then product id."""
        if filters not in self._ranked:
            self.prepare([filters])
            candidates = self._candidates_by_table(filters)
            neighbours = [near for each in candidates for near in self._scored(each)]
            neighbours.sort(key=lambda near: (-near.score, near.product_id))
            self._ranked[filters] = NeighbourList(neighbours[:MAX_RANKED])
        return self._ranked[filters]

    def prepare(self, filter_sets: Sequence[Filters]) -> None:
        """Compute the cosines that these filters need, with one query for vectors."""
        for number, (table, _) in enumerate(self.gallery.tables):
            rows = [
                self._candidates_by_table(each)[number].rows for each in filter_sets
            ]
            self._add_cosines(table, np.unique(np.concatenate(rows)))

    def match_for(self, neighbour: Neighbour) -> Match:
        """Return how well a product fits."""
        if self.shares is None:
            return Match.WEAK if neighbour.cosine >= MIN_COSINE else Match.NONE
        share = self.share_of(neighbour)
        matches = (match for match, least in MIN_SHARES.items() if share >= least)
        return next(matches, Match.NONE)

    def share_of(self, neighbour: Neighbour) -> float:
        """Return the share of the query that a product has, from 0 to 1.

        Where no product has any concept it is the cosine.
        """
        share = neighbour.cosine
        if self.shares is not None:
            share = neighbour.score - MEANING_WEIGHT * neighbour.cosine
        return round(min(1.0, max(0.0, share)), 4)

    def shares_of(self, products: Iterable[int]) -> dict[int, float]:
        """Return the shares of these products by id, whether they are ranked or not."""
        by_product: dict[int, float] = {}
        if self.shares is None:
            return by_product
        ids = np.fromiter(products, np.int64)
        tables = zip(self.shares, self.gallery.tables, strict=True)
        for table_shares, (table, live) in tables:
            rows = table.rows_of(ids)
            rows = rows if live is None else rows[live[rows]]
            row_products = table.rows.product_id[rows].tolist()
            row_shares = table_shares[rows].tolist()
            by_product.update(zip(row_products, row_shares, strict=True))
        return by_product

    def _candidates_by_table(self, filters: Filters) -> list[Candidates]:
        """Return up to MAX_RANKED candidates of each table of the gallery."""
        if filters not in self._candidates:
            self._candidates[filters] = [
                self._candidates_of(number, filters)
                for number in range(len(self.gallery.tables))
            ]
        return self._candidates[filters]

    def _candidates_of(self, number: int, filters: Filters) -> Candidates:
        table, live = self.gallery.tables[number]
        rows = table.allowed_rows(filters, live)
        shares = np.zeros(len(rows), np.float32)
        if self.shares is not None:
            shares = self.shares[number][rows]
            rows, shares = rows[shares > 0], shares[shares > 0]
        if not len(rows):
            return Candidates(table, rows, shares, np.empty(0, np.int32))
        # Only the best by share need their distances.
        least = -_nth_smallest(-shares, MAX_RANKED)
        rows, shares = rows[shares >= least], shares[shares >= least]
        code = sentences.sign_codes(self.vector)
        distances = hamming(code, table.rows.codes[rows])[0]
        return _nearest(Candidates(table, rows, shares, distances), least)

    def _scored(self, candidates: Candidates) -> list[Neighbour]:
        """Return candidates with their scores and the columns of facets."""
        columns = candidates.table.rows
        words = columns.words.items()
        return [
            Neighbour(
                image_id=0,
                product_id=product,
                distance=int(distance),
                cosine=self._cosines[product],
                score=round(float(share) + MEANING_WEIGHT * self._cosines[product], 5),
                category_id=int(columns.category_id[row]),
                price=int(columns.price[row]),
                in_stock=bool(columns.in_stock[row]),
                words={
                    name: column.vocabulary[column.numbers[row]]
                    for name, column in words
                },
            )
            for row, product, distance, share in zip(
                candidates.rows.tolist(),
                candidates.products.tolist(),
                candidates.distances.tolist(),
                candidates.shares.tolist(),
                strict=True,
            )
        ]

    def _add_cosines(self, table: WordsTable, rows: Int64s) -> None:
        """Compute the cosines of the query and of those products that have none yet."""
        products = table.rows.product_id[rows].tolist()
        is_new = [product not in self._cosines for product in products]
        vectors = table.vectors(rows[is_new]).astype(np.float32)
        query = self.vector[0].astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
        # Rounded, so that machines which add in another order rank the same.
        cosines = np.round(vectors @ query / np.maximum(lengths, 1e-9), 4)
        new = [pk for pk, needed in zip(products, is_new, strict=True) if needed]
        self._cosines.update(zip(new, cosines.tolist(), strict=True))


def _nearest(candidates: Candidates, least: float) -> Candidates:
    """Return the first MAX_RANKED by share, then distance, then product id.

    least: the share of the last. Many products may have just that share.
    """
    shares, distances = candidates.shares, candidates.distances
    n_better = int(np.count_nonzero(shares > least))
    farthest = _nth_smallest(distances[shares == least], MAX_RANKED - n_better)
    kept = candidates.take((shares > least) | (distances <= farthest))
    order = np.lexsort((kept.products, kept.distances, -kept.shares))
    return kept.take(order[:MAX_RANKED])


def _nth_smallest(numbers: np.ndarray[Any, Any], n: int) -> Any:
    """Return the n-th smallest number, or the largest where there are fewer."""
    place = min(n, len(numbers)) - 1
    return np.partition(numbers, place)[place]


def _shares(
    concepts: Sequence[Concept], gallery: WordsGallery, head: str
) -> list[Scores] | None:
    """Return for each table the share (n,) of the concepts that each product has.

    Rare concepts count for more (idf). One that no product has counts for nothing,
    unless it is the head noun: a red sofa is no red cup. None where no product has any.
    """
    totals = [np.zeros(len(table), np.float32) for table, _ in gallery.tables]
    if not concepts:
        return [total + 1 for total in totals]
    total_weight = 0.0
    for concept in concepts:
        scores = [_scores(concept, table, gallery) for table, _ in gallery.tables]
        n_having = sum(
            _count(table_scores, live)
            for table_scores, (_, live) in zip(scores, gallery.tables, strict=True)
        )
        if n_having or concept.phrase == head:
            weight = float(np.log(1 + len(gallery) / max(n_having, 1)))
            total_weight += weight
            for total, table_scores in zip(totals, scores, strict=True):
                total += weight * table_scores
    if not any(total.any() for total in totals):
        return None
    return [total / total_weight for total in totals]


def _scores(concept: Concept, table: WordsTable, gallery: WordsGallery) -> Scores:
    scores = np.zeros(len(table), np.float32)
    for terms, weight in concept.alternatives:
        np.maximum(scores, weight * table.index.scores(terms), out=scores)
        by_category = category_weights(gallery.categories, terms)
        if by_category:
            in_category = table.category_scores(by_category)
            np.maximum(scores, weight * in_category, out=scores)
    return scores


def _count(scores: Scores, live: Bools | None) -> int:
    has_any = scores > 0
    return int(np.count_nonzero(has_any if live is None else has_any & live))
