"""Calibration: from cosines to probabilities, and from those to a word for shoppers.

A curve gives the probability that an answer at some cosine is the right product. There
is one curve for the first answer and one for those behind it: at most one product is
right, and the first is much likelier to be it. Both are fitted to the shop's own
catalogue whenever a snapshot is built: each picture of a product with several pictures
is searched for, and the other pictures of that product are the right answers. The
curve of the encoder's card counts as a few more answers, so that it decides where a
shop has few products and hardly matters where it has many.

A shop's own pictures of one product are more similar to each other than a shopper's
photo is to them, so that curves fitted to them alone promise too much of photos. Where
staff saved photos whose product is known (golden queries), those decide the curve of
first answers, and own pictures count little.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing import CodeIndex, Codes, Curve, RowHits, fit_isotonic, fit_sigmoid
from search.gallery.neighbours import Shortlist
from search.gallery.reliability import Bin, expected_error, reliability
from search.gallery.rows import Rows

Probabilities = npt.NDArray[np.float64]  # (n,)


class Match(StrEnum):
    """How close an answer is."""

    EXACT = "exact"
    SIMILAR = "similar"
    WEAK = "weak"
    NONE = "none"


# The probability of being the same product from which each word is used.
MIN_SIMILARITY = {Match.EXACT: 0.75, Match.SIMILAR: 0.35, Match.WEAK: 0.1}

MAX_QUERIES = 600  # own pictures searched for: some seconds at a million
SHORTLIST_IMAGES = 200  # nearest by code, as many as a search ranks
ANSWERS_A_QUERY = 20  # products, as many as a shopper sees
MIN_PRODUCTS = 5  # with several pictures; below, the card's curve is used as it is
CARD_WEIGHT = 30.0  # answers that the card's curve counts as
CARD_WEIGHT_FIRST = 15.0  # the same of first answers, of which a query has but one
MIN_PHOTOS = 10  # golden ones; below, own pictures decide alone
OWN_WEIGHT = 15.0  # first answers that all own pictures count as, beside photos


@dataclass(frozen=True)
class Curves:
    """The curve of the first answer, and that of the others."""

    first: Curve
    others: Curve

    @classmethod
    def of_card(cls, card: Curve) -> Self:
        """Return the card's curve, which serves for both."""
        return cls(card, card)

    def similarities(self, cosines: npt.NDArray[np.floating[Any]]) -> Probabilities:
        """Return the probability (n,) that each answer to one query is right.

        The answer with the largest cosine is the first, whatever their order; no other
        is likelier than it.
        """
        similarities = probabilities(self.others, cosines)
        if len(similarities):
            best = int(np.argmax(cosines))
            of_best = probabilities(self.first, cosines[best : best + 1])[0]
            similarities[best] = of_best
            similarities = np.minimum(similarities, of_best)
        return similarities


@dataclass(frozen=True)
class JudgedAnswers:
    """Answers known to be right or wrong: all arrays are (n,)."""

    product_id: npt.NDArray[np.int64]  # of the query
    rank: npt.NDArray[np.int64]  # 0 for the first answer of a query
    cosine: npt.NDArray[np.float64]
    is_right: npt.NDArray[np.bool_]

    @property
    def queries(self) -> int:
        return int((self.rank == 0).sum())

    def only(self, which: npt.NDArray[np.bool_]) -> Self:
        """Return the answers for which `which` is true."""
        return type(self)(
            **{name: column[which] for name, column in vars(self).items()}
        )


@dataclass(frozen=True)
class Calibration:
    """Curves, and how well curves fitted to other products predict these.

    error, first_error: expected calibration error, over all answers and over the first
    of each query; card_error: that of the card's curve. None where nothing could be
    measured. Measured on golden photos where there are enough, else on own pictures.
    """

    curves: Curves
    products: int
    queries: int
    error: float | None
    first_error: float | None
    card_error: float | None
    bins: tuple[Bin, ...]

    def report(self) -> dict[str, Any]:
        """Return the figures for people: all but the curves."""
        figures = asdict(self)
        del figures["curves"]
        return figures


def match_for(similarity: float) -> Match:
    """Return the word for a probability of being the same product."""
    for match, minimum in MIN_SIMILARITY.items():
        if similarity >= minimum:
            return match
    return Match.NONE


def calibrate(
    rows: Rows, index: CodeIndex, card: Curve, photos: JudgedAnswers | None = None
) -> Calibration:
    """Fit curves to these pictures, whose codes are in the index row by row.

    photos: answers to photos whose right product is known.
    """
    own = judge_own_images(rows, index)
    products = np.unique(own.product_id)
    if len(products) < MIN_PRODUCTS:
        of_card = Curves.of_card(card)
        return Calibration(of_card, len(products), 0, None, None, None, ())
    if photos is not None and photos.queries < MIN_PHOTOS:
        photos = None
    measured = photos or own
    predicted = cross_validated(measured, own, card, photos)
    is_first = measured.rank == 0
    right = measured.is_right
    return Calibration(
        curves=fit_curves(own, card, photos),
        products=len(np.unique(measured.product_id)),
        queries=measured.queries,
        error=expected_error(predicted, right),
        first_error=expected_error(predicted[is_first], right[is_first]),
        card_error=expected_error(probabilities(card, measured.cosine), right),
        bins=reliability(predicted, right),
    )


def judge_own_images(rows: Rows, index: CodeIndex) -> JudgedAnswers:
    """Search for a sample of pictures among the others, and judge the answers."""
    _, which, pictures = np.unique(
        rows.product_id, return_inverse=True, return_counts=True
    )
    several = np.flatnonzero(pictures[which] > 1)
    rng = np.random.default_rng(0)
    sample = rng.permutation(several)[:MAX_QUERIES]
    return judge_answers(
        *(rows, index, rows.embeddings[sample], index.codes[sample]),
        *(rows.product_id[sample], sample),
    )


def judge_answers(  # noqa: PLR0913
    rows: Rows,
    index: CodeIndex,
    embeddings: npt.NDArray[np.int8],
    codes: Codes,
    product_ids: npt.NDArray[np.int64],
    own_rows: npt.NDArray[np.int64],
) -> JudgedAnswers:
    """Answer n queries whose right product is known, and judge the answers.

    own_rows: (n,) the row that is the query's own picture and no answer; -1 for none.
    """
    parts = [
        _answered(rows, index, *each)
        for each in zip(embeddings, codes, product_ids, own_rows, strict=True)
    ]
    columns: list[Any] = list(zip(*parts, strict=True)) or [[]] * 4
    types = (np.int64, np.int64, np.float64, np.bool_)
    return JudgedAnswers(
        *(
            np.concatenate([np.empty(0, each), *column])
            for each, column in zip(types, columns, strict=True)
        )
    )


def cross_validated(
    asked: JudgedAnswers,
    fit_on: JudgedAnswers,
    card: Curve,
    photos: JudgedAnswers | None = None,
) -> Probabilities:
    """Return the probability (n,) of each answer, by curves that saw other products.

    The products are split in two halves; each is predicted by the other's curves.
    """
    products = np.unique(fit_on.product_id)

    def half_of(some: JudgedAnswers) -> npt.NDArray[np.intp]:
        return np.searchsorted(products, some.product_id) % 2

    half = half_of(asked)
    predicted = np.empty(len(half))
    for each in (0, 1):
        others = photos.only(half_of(photos) != each) if photos else None
        curves = fit_curves(fit_on.only(half_of(fit_on) != each), card, others)
        for curve, place in (
            (curves.first, asked.rank == 0),
            (curves.others, asked.rank > 0),
        ):
            which = (half == each) & place
            predicted[which] = probabilities(curve, asked.cosine[which])
    return predicted


def fit_curves(
    own: JudgedAnswers, card: Curve, photos: JudgedAnswers | None = None
) -> Curves:
    """Fit curves to the answers to own pictures and photos, and to the card's curve."""
    is_first = own.rank == 0
    first, others = own.only(is_first), own.only(~is_first)
    if photos is None:
        return Curves(
            fit_sigmoid(*_with_card([(first, 1.0)], card, CARD_WEIGHT_FIRST)),
            fit_isotonic(*_with_card([(others, 1.0)], card, CARD_WEIGHT)),
        )
    is_first = photos.rank == 0
    weight = OWN_WEIGHT / max(first.queries, OWN_WEIGHT)
    of_first = [(first, weight), (photos.only(is_first), 1.0)]
    of_others = [(others, 1.0), (photos.only(~is_first), 1.0)]
    return Curves(
        fit_sigmoid(*_with_card(of_first, card, CARD_WEIGHT_FIRST)),
        fit_isotonic(*_with_card(of_others, card, CARD_WEIGHT)),
    )


def _with_card(
    parts: Sequence[tuple[JudgedAnswers, float]], card: Curve, card_weight: float
) -> tuple[Probabilities, npt.NDArray[np.bool_], Probabilities]:
    """Return cosines, whether right, and weights: of the answers and of the card.

    parts: answers with the weight of each. The card's curve counts as answers at its
    knots, as many right and wrong as it says.
    """
    cosines, shares = np.array(card).T
    each = card_weight / len(cosines)
    knots = np.ones(len(cosines), np.bool_)
    weights = [np.full(len(asked.rank), weight) for asked, weight in parts]
    return (
        np.concatenate([*(asked.cosine for asked, _ in parts), cosines, cosines]),
        np.concatenate([*(asked.is_right for asked, _ in parts), knots, ~knots]),
        np.concatenate([*weights, shares * each, (1 - shares) * each]),
    )


def _answered(  # noqa: PLR0913
    rows: Rows,
    index: CodeIndex,
    query: npt.NDArray[np.int8],
    code: Codes,
    product: int,
    own_row: int,
) -> tuple[Any, ...]:
    """Return product, ranks, cosines and rightness of the answers to one query."""
    (near,) = index.search_rows(code[np.newaxis], SHORTLIST_IMAGES + 1)
    others = near.rows != own_row
    hits = RowHits(near.rows[others], near.distances[others])
    shortlist = Shortlist.of([(rows, hits)], SHORTLIST_IMAGES)
    answers = shortlist.with_cosines(query, None).best_of_products()[:ANSWERS_A_QUERY]
    n = len(answers)
    is_right = answers.product_id == product
    return np.full(n, product), np.arange(n), answers.cosine, is_right


def probabilities(
    curve: Curve, cosines: npt.NDArray[np.floating[Any]]
) -> Probabilities:
    """Return the probability (n,) that the curve gives to answers at these cosines."""
    knots, shares = zip(*curve, strict=True)
    at_cosines: Probabilities = np.interp(cosines, knots, shares)
    return at_cosines
