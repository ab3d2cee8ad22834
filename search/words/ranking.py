"""Products in the order in which they fit a query of words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from hashing import hamming
from search.gallery.calibration import Match
from search.gallery.filters import Filters
from search.gallery.neighbours import Neighbour
from search.gallery.rows import Bools, Int64s
from search.words.category_names import Categories
from search.words.concepts import Concept, concepts, head_of
from search.words.language import sentences
from search.words.shelf import Shelf
from search.words.terms import Scores
from search.words.words_gallery import WordsGallery

# Products that are answered, as of pictures.
SHORTLIST = 200
# What the meaning of the whole text counts, against all words being there.
MEANING = 0.2
# Least share of what was asked that each word promises, by how rare its words are.
AT_LEAST = {Match.SIMILAR: 0.75, Match.WEAK: 0.4}
# Where no word is known: the least cosine that is worth showing as an answer.
MEANT = 0.3


@dataclass(frozen=True)
class Ranking:
    """fits: for each shelf the share (n,) of what was asked that each product has;
    None where no word is known, and meaning alone counts.
    """

    now: WordsGallery
    meaning: sentences.Vectors  # (1, DIM)
    fits: list[Scores] | None
    # Cosines by product: facets ask for the same ones again and again.
    _known: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, now: WordsGallery) -> Self:
        """`text`: normal, its filters taken out where they are no words."""
        shelves = [shelf for shelf, _ in now.shelves]
        tree = Categories.now()
        asked = concepts(text, shelves, tree)
        # Empty text means nothing, and yet needs a vector.
        meaning = sentences.packed(sentences.encode_known([text or "."]))
        return cls(now, meaning, _fits(asked, now, tree, head_of(text)))

    def __call__(self, filters: Filters) -> list[Neighbour]:
        """The best under these filters, by score, then product id."""
        found: list[Neighbour] = []
        for number, (shelf, live) in enumerate(self.now.shelves):
            rows = shelf.allowed(filters, live)
            fits = None if self.fits is None else self.fits[number]
            found += self._best(shelf, rows, fits)
        found.sort(key=lambda near: (-near.score, near.product_id))
        return found[:SHORTLIST]

    def match(self, near: Neighbour) -> Match:
        """How well it fits, as a word."""
        if self.fits is None:
            return Match.WEAK if near.cosine >= MEANT else Match.NONE
        share = self.share(near)
        for match, least in AT_LEAST.items():
            if share >= least:
                return match
        return Match.NONE

    def share(self, near: Neighbour) -> float:
        """Of what was asked, from 0 to 1; where no word is known, its meaning's."""
        share = near.cosine if self.fits is None else near.score - MEANING * near.cosine
        return round(min(1.0, max(0.0, share)), 4)

    def share_of(self, products: Iterable[int]) -> dict[int, float]:
        """The same for these products, whatever their place."""
        found: dict[int, float] = {}
        if self.fits is None:
            return found
        ids = np.fromiter(products, np.int64)
        for fits, (shelf, live) in zip(self.fits, self.now.shelves, strict=True):
            rows = shelf.rows_of(ids)
            rows = rows if live is None else rows[live[rows]]
            shares = fits[rows].tolist()
            found.update(zip(shelf.rows.product_id[rows].tolist(), shares, strict=True))
        return found

    def _best(self, shelf: Shelf, rows: Int64s, fits: Scores | None) -> list[Neighbour]:
        if fits is not None:
            rows = rows[fits[rows] > 0]
        if not len(rows):
            return []
        share = np.zeros(len(rows), np.float32) if fits is None else fits[rows]
        least = _last(-share, SHORTLIST)
        rows, share = rows[-share <= least], share[-share <= least]
        code = sentences.codes(self.meaning)
        distances = hamming(code, shelf.rows.codes[rows])[0]
        # Many may fit just as well as the last that is answered: the nearest of those.
        n_better = int(np.count_nonzero(-share < least))
        most = _last(distances[-share == least], SHORTLIST - n_better)
        may = (-share < least) | (distances <= most)
        rows, share, distances = rows[may], share[may], distances[may]
        first = np.lexsort((shelf.rows.product_id[rows], distances, -share))
        kept = first[:SHORTLIST]
        return self._neighbours(shelf, rows[kept], distances[kept], share[kept])

    def _neighbours(
        self, shelf: Shelf, at: Int64s, distances: np.ndarray, share: Scores
    ) -> list[Neighbour]:
        rows = shelf.rows
        products = rows.product_id[at].tolist()
        return [
            Neighbour(
                image_id=0,
                product_id=product,
                distance=int(distance),
                cosine=cosine,
                score=round(float(fit) + MEANING * cosine, 5),
                category_id=int(rows.category_id[row]),
                price=int(rows.price[row]),
                in_stock=bool(rows.in_stock[row]),
                words={
                    name: column.vocabulary[column.numbers[row]]
                    for name, column in rows.words.items()
                },
            )
            for row, product, distance, cosine, fit in zip(
                at.tolist(),
                products,
                distances.tolist(),
                self._cosines(shelf, at),
                share.tolist(),
                strict=True,
            )
        ]

    def _cosines(self, shelf: Shelf, at: Int64s) -> list[float]:
        """Of the meanings of these products and of what was asked."""
        products = shelf.rows.product_id[at].tolist()
        new = [n for n, product in enumerate(products) if product not in self._known]
        if new:
            vectors = shelf.vectors(at[new]).astype(np.float32)
            one = self.meaning[0].astype(np.float32)
            lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(one)
            # Rounded, so that machines which add in another order rank the same.
            cosines = np.round(vectors @ one / np.maximum(lengths, 1e-9), 4)
            for n, cosine in zip(new, cosines.tolist(), strict=True):
                self._known[products[n]] = cosine
        return [self._known[product] for product in products]


def _last(keys: np.ndarray, n: int) -> Any:
    """The n-th smallest of some, or the largest where there are fewer."""
    at = min(n, len(keys)) - 1
    return np.partition(keys, at)[at]


def _fits(
    asked: Sequence[Concept], now: WordsGallery, tree: Categories, head: str
) -> list[Scores] | None:
    """The share of what was asked, rare words counting for more (idf).

    Words that no product has count for nothing, but for the one that says what kind of
    thing is meant: a red sofa is no red cup. None where no product has any.
    """
    shelves = now.shelves
    if not asked:
        return [np.ones(len(shelf), np.float32) for shelf, _ in shelves]
    totals = [np.zeros(len(shelf), np.float32) for shelf, _ in shelves]
    weight = 0.0
    for concept in asked:
        scores = [_scores(concept, shelf, tree) for shelf, _ in shelves]
        having = sum(
            _count(found, live)
            for found, (_, live) in zip(scores, shelves, strict=True)
        )
        if having or concept.word == head:
            rarity = float(np.log(1 + len(now) / max(having, 1)))
            weight += rarity
            for total, found in zip(totals, scores, strict=True):
                total += rarity * found
    if not any(total.any() for total in totals):
        return None
    return [total / weight for total in totals]


def _scores(concept: Concept, shelf: Shelf, tree: Categories) -> Scores:
    found = np.zeros(len(shelf), np.float32)
    for terms, counts in concept.ways:
        np.maximum(found, counts * shelf.terms.scores(terms), out=found)
        by_category = tree.with_terms(terms)
        if by_category:
            np.maximum(found, counts * shelf.of_categories(by_category), out=found)
    return found


def _count(found: Scores, live: Bools | None) -> int:
    has = found > 0
    return int(np.count_nonzero(has if live is None else has & live))
