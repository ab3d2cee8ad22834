"""From a cosine to a probability, and from that to a word that a shopper understands.

A curve says how likely an answer at a cosine is the product asked for; of the first
answer one curve, of those behind it another, since one product at most is the right one
and the first is it much sooner. Both are fitted on the shop's own catalogue whenever a
snapshot is built: each picture of a product that has several is asked for, and the
others of that product are the right answers. What the encoder's card says counts as a
few more answers, so that it decides where a shop has few products, and hardly matters
where it has many.

A shop's own pictures of one product are more alike than a shopper's photo is to them,
so that their curve promises too much of photos. Where staff saved photos whose product
is known (golden queries), those decide of first answers, and own pictures count little.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing import CodeIndex, Codes, Curve, Found, fit_curve, fit_sigmoid
from search.gallery.neighbours import Shortlist
from search.gallery.reliability import Bin, expected_error, reliability
from search.gallery.rows import Rows

Chances = npt.NDArray[np.float64]  # (n,)


class Match(StrEnum):
    """How close an answer is."""

    EXACT = "exact"
    SIMILAR = "similar"
    WEAK = "weak"
    NONE = "none"


# The least probability of being the same product that each word promises.
AT_LEAST = {Match.EXACT: 0.75, Match.SIMILAR: 0.35, Match.WEAK: 0.1}

QUERIES = 600  # pictures that are asked for: some seconds at a million
LOOKED_AT = 200  # nearest by code, as a search looks at
ANSWERS = 20  # products a query: what a shopper sees
FEWEST = 5  # products with several pictures, below which the card's curve stays alone
CARD_COUNTS = 30.0  # answers that the card's curve is worth
CARD_COUNTS_FIRST = 15.0  # first answers: a query has but one
FEWEST_PHOTOS = 10  # golden ones, below which own pictures decide alone
OWN_COUNT = 15.0  # first answers that all own pictures are worth beside photos


@dataclass(frozen=True)
class Curves:
    """Of the first answer, and of the others."""

    first: Curve
    others: Curve

    @classmethod
    def of_card(cls, card: Curve) -> Self:
        """A card has but one."""
        return cls(card, card)

    def similarities(self, cosines: npt.NDArray[np.floating[Any]]) -> Chances:
        """Of the answers to one query (n,): that each is the product asked for.

        The first is the most alike, whatever their order; none is likelier than it.
        """
        found = read(self.others, cosines)
        if len(found):
            best = int(np.argmax(cosines))
            found[best] = read(self.first, cosines[best : best + 1])[0]
            found = np.minimum(found, found[best])
        return found


@dataclass(frozen=True)
class Asked:
    """Answers of which it is known whether they are right: all arrays are (n,)."""

    product_id: npt.NDArray[np.int64]  # of the query
    rank: npt.NDArray[np.int64]  # 0 for the first answer of a query
    cosine: npt.NDArray[np.float64]
    is_right: npt.NDArray[np.bool_]

    @property
    def queries(self) -> int:
        return int((self.rank == 0).sum())

    def only(self, which: npt.NDArray[np.bool_]) -> Self:
        return type(self)(
            **{name: column[which] for name, column in vars(self).items()}
        )


@dataclass(frozen=True)
class Calibration:
    """Curves, and how well some fitted to other products say what comes out.

    error, first_error: expected calibration error, over all answers and over the first
    of each query; card_error: the same of the card's curve. None where nothing could
    be measured. Of photos where there are enough, else of the shop's own pictures.
    """

    curves: Curves
    products: int
    queries: int
    error: float | None
    first_error: float | None
    card_error: float | None
    bins: tuple[Bin, ...]

    def report(self) -> dict[str, Any]:
        """For people: all but the curves."""
        found = asdict(self)
        del found["curves"]
        return found


def word(similarity: float) -> Match:
    for match, least in AT_LEAST.items():
        if similarity >= least:
            return match
    return Match.NONE


def calibrate(
    found: Rows, index: CodeIndex, card: Curve, photos: Asked | None = None
) -> Calibration:
    """On these pictures, whose codes are in the index row by row.

    photos: answers to photos of which the right product is known.
    """
    own = ask(found, index)
    products = np.unique(own.product_id)
    if len(products) < FEWEST:
        of_card = Curves.of_card(card)
        return Calibration(of_card, len(products), 0, None, None, None, ())
    enough = _enough(photos)
    asked = enough or own
    predicted = judged(asked, own, card, enough)
    is_first = asked.rank == 0
    right = asked.is_right
    return Calibration(
        curves=fitted(own, card, enough),
        products=len(np.unique(asked.product_id)),
        queries=asked.queries,
        error=expected_error(predicted, right),
        first_error=expected_error(predicted[is_first], right[is_first]),
        card_error=expected_error(read(card, asked.cosine), right),
        bins=reliability(predicted, right),
    )


def ask(found: Rows, index: CodeIndex) -> Asked:
    """A sample of pictures for the others: what a search would have answered."""
    _, which, pictures = np.unique(
        found.product_id, return_inverse=True, return_counts=True
    )
    several = np.flatnonzero(pictures[which] > 1)
    rng = np.random.default_rng(0)
    some = rng.permutation(several)[:QUERIES]
    return asked_with(
        *(found, index, found.embeddings[some], index.codes[some]),
        *(found.product_id[some], some),
    )


def asked_with(  # noqa: PLR0913
    found: Rows,
    index: CodeIndex,
    embeddings: npt.NDArray[np.int8],
    codes: Codes,
    product_ids: npt.NDArray[np.int64],
    own_rows: npt.NDArray[np.int64],
) -> Asked:
    """Queries (n, …) of which the right product is known, and their answers.

    own_rows: the row that is the very picture, and no answer to it; -1 for none.
    """
    parts = [
        _answered(found, index, *each)
        for each in zip(embeddings, codes, product_ids, own_rows, strict=True)
    ]
    columns: list[Any] = list(zip(*parts, strict=True)) or [[]] * 4
    types = (np.int64, np.int64, np.float64, np.bool_)
    return Asked(
        *(
            np.concatenate([np.empty(0, each), *column])
            for each, column in zip(types, columns, strict=True)
        )
    )


def judged(
    asked: Asked, fit_on: Asked, card: Curve, photos: Asked | None = None
) -> Chances:
    """What is said of these answers (n,) by curves that saw other products alone.

    The products fall into two halves; each is judged by the other's curve.
    """
    products = np.unique(fit_on.product_id)

    def half_of(some: Asked) -> npt.NDArray[np.intp]:
        return np.searchsorted(products, some.product_id) % 2

    half = half_of(asked)
    predicted = np.empty(len(half))
    for each in (0, 1):
        others = photos.only(half_of(photos) != each) if photos else None
        curves = fitted(fit_on.only(half_of(fit_on) != each), card, others)
        for curve, place in (
            (curves.first, asked.rank == 0),
            (curves.others, asked.rank > 0),
        ):
            which = (half == each) & place
            predicted[which] = read(curve, asked.cosine[which])
    return predicted


def fitted(own: Asked, card: Curve, photos: Asked | None = None) -> Curves:
    """To the answers to own pictures, to those to photos, and to the card's curve."""
    is_first = own.rank == 0
    first, others = own.only(is_first), own.only(~is_first)
    if photos is None:
        return Curves(
            fit_sigmoid(*_with_card([(first, 1.0)], card, CARD_COUNTS_FIRST)),
            fit_curve(*_with_card([(others, 1.0)], card, CARD_COUNTS)),
        )
    is_first = photos.rank == 0
    little = OWN_COUNT / max(first.queries, OWN_COUNT)
    of_first = [(first, little), (photos.only(is_first), 1.0)]
    of_others = [(others, 1.0), (photos.only(~is_first), 1.0)]
    return Curves(
        fit_sigmoid(*_with_card(of_first, card, CARD_COUNTS_FIRST)),
        fit_curve(*_with_card(of_others, card, CARD_COUNTS)),
    )


def _enough(photos: Asked | None) -> Asked | None:
    return photos if photos and photos.queries >= FEWEST_PHOTOS else None


def _with_card(
    parts: Sequence[tuple[Asked, float]], card: Curve, counts: float
) -> tuple[Chances, npt.NDArray[np.bool_], Chances]:
    """Cosines, rightness and weights: of the answers, each part with its own weight,
    and of what the card says.
    """
    cosines, shares = np.array(card).T
    each = counts / len(cosines)
    knots = np.ones(len(cosines), np.bool_)
    weights = [np.full(len(asked.rank), weight) for asked, weight in parts]
    return (
        np.concatenate([*(asked.cosine for asked, _ in parts), cosines, cosines]),
        np.concatenate([*(asked.is_right for asked, _ in parts), knots, ~knots]),
        np.concatenate([*weights, shares * each, (1 - shares) * each]),
    )


def _answered(  # noqa: PLR0913
    found: Rows,
    index: CodeIndex,
    query: npt.NDArray[np.int8],
    code: Codes,
    product: int,
    own_row: int,
) -> tuple[Any, ...]:
    """Product, ranks, cosines and rightness of the answers to one query."""
    (near,) = index.search_rows(code[np.newaxis], LOOKED_AT + 1)
    others = near.rows != own_row
    shortlist = Found(near.rows[others], near.distances[others])
    best = Shortlist.of([(found, shortlist)], LOOKED_AT).compared(query, None)
    answers = best.best_of_products()[:ANSWERS]
    n = len(answers)
    is_right = answers.product_id == product
    return np.full(n, product), np.arange(n), answers.cosine, is_right


def read(curve: Curve, cosines: npt.NDArray[np.floating[Any]]) -> Chances:
    """What a curve says of answers at these cosines (n,): between 0 and 1."""
    knots, shares = zip(*curve, strict=True)
    found: Chances = np.interp(cosines, knots, shares)
    return found
