"""From a cosine to a probability, and from that to a word that a shopper understands.

A curve says how likely an answer at a cosine is the product asked for; of the first
answer one curve, of those behind it another, since one product at most is the right one
and the first is it much sooner. Both are fitted on the shop's own catalogue whenever a
snapshot is built: each picture of a product that has several is asked for, and the
others of that product are the right answers. What the encoder's card says counts as a
few more answers, so that it decides where a shop has few products, and hardly matters
where it has many.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing import CodeIndex, Codes, Curve, Found, fit_curve, fit_sigmoid
from search.neighbours import Shortlist
from search.rows import Rows

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
BINS = np.linspace(0, 1, 11)


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


@dataclass(frozen=True)
class Bin:
    """Answers whose probability lies between two numbers, and how it came out."""

    low: float
    high: float
    answers: int
    predicted: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """Curves, and how well some fitted to other products say what comes out.

    error, first_error: expected calibration error, over all answers and over the first
    of each query; card_error: the same of the card's curve. None where nothing could
    be measured.
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


def calibrate(found: Rows, index: CodeIndex, card: Curve) -> Calibration:
    """On these pictures, whose codes are in the index row by row."""
    asked = ask(found, index)
    products = np.unique(asked.product_id)
    if len(products) < FEWEST:
        of_card = Curves.of_card(card)
        return Calibration(of_card, len(products), 0, None, None, None, ())
    predicted = judged(asked, asked, card)
    is_first = asked.rank == 0
    right = asked.is_right
    return Calibration(
        curves=fitted(asked, np.ones(len(right), np.bool_), card),
        products=len(products),
        queries=int(is_first.sum()),
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


def judged(asked: Asked, fit_on: Asked, card: Curve) -> Chances:
    """What is said of these answers (n,) by curves that saw other products alone.

    The products fall into two halves; each is judged by the other's curve.
    """
    products = np.unique(fit_on.product_id)
    half = np.searchsorted(products, asked.product_id) % 2
    fit_half = np.searchsorted(products, fit_on.product_id) % 2
    predicted = np.empty(len(half))
    for each in (0, 1):
        curves = fitted(fit_on, fit_half != each, card)
        for curve, place in (
            (curves.first, asked.rank == 0),
            (curves.others, asked.rank > 0),
        ):
            which = (half == each) & place
            predicted[which] = read(curve, asked.cosine[which])
    return predicted


def fitted(asked: Asked, use: npt.NDArray[np.bool_], card: Curve) -> Curves:
    """To the answers of which `use` (n,) says so, and to the card's curve."""
    is_first = asked.rank == 0
    first = _with_card(asked, use & is_first, card, CARD_COUNTS_FIRST)
    others = _with_card(asked, use & ~is_first, card, CARD_COUNTS)
    return Curves(fit_sigmoid(*first), fit_curve(*others))


def _with_card(
    asked: Asked, use: npt.NDArray[np.bool_], card: Curve, counts: float
) -> tuple[Chances, npt.NDArray[np.bool_], Chances]:
    """Cosines, rightness and weights: of the answers, and of what the card says."""
    cosines, shares = np.array(card).T
    each = counts / len(cosines)
    n = int(use.sum())
    return (
        np.concatenate([asked.cosine[use], cosines, cosines]),
        np.repeat([*asked.is_right[use], True, False], [1] * n + [len(cosines)] * 2),
        np.concatenate([np.ones(n), shares * each, (1 - shares) * each]),
    )


def expected_error(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> float:
    """Mean distance of what was said from what came out, in ten bins of equal width.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning" (AAAI 2015).
    """
    bins = reliability(predicted, is_right)
    apart = sum(each.answers * abs(each.predicted - each.right) for each in bins)
    return round(apart / max(1, len(predicted)), 4)


def reliability(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> tuple[Bin, ...]:
    """Without the bins that nothing fell into."""
    which = np.digitize(predicted, BINS[1:-1])
    return tuple(
        Bin(
            low=round(float(BINS[at]), 1),
            high=round(float(BINS[at + 1]), 1),
            answers=int((which == at).sum()),
            predicted=round(float(predicted[which == at].mean()), 4),
            right=round(float(is_right[which == at].mean()), 4),
        )
        for at in np.unique(which).tolist()
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
