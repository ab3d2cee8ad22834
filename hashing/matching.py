"""How likely an answer is the right product, given its cosine to the query.

A cosine cannot be compared between queries, shops or encoders; a probability can.
The curve is the rising one that is nearest to answers of which it is known whether
they were right (isotonic regression by pooling adjacent violators; Zadrozny and Elkan,
"Transforming classifier scores into accurate multiclass probability estimates", KDD
2002). Nothing is assumed about its shape.
"""

import numpy as np
import numpy.typing as npt

from hashing.layers.linear import Embeddings, unit

Numbers = npt.NDArray[np.float64]  # (n,)
Curve = tuple[tuple[float, float], ...]  # (cosine, probability), both ascending

NEIGHBOURS = 20  # answers a query: what a shopper sees of a result
KNOTS = np.linspace(-0.2, 1.0, 25)
LEAST = 0.005  # no answer is certain, either way
NEWTON_STEPS = 30  # of which some ten are needed
PRIOR = np.array([1e-6, 1.0])  # on the level and the slope of a sigmoid


def fit_curve(
    cosines: Numbers, is_right: npt.NDArray[np.bool_], weights: Numbers
) -> Curve:
    """A rising curve through answers (n,), some right, each with a weight.

    Between its points interpolate; beyond its ends it is flat. Raises ValueError
    unless some answers are right and some are wrong.
    """
    if is_right.all() or not is_right.any():
        raise ValueError("a curve needs right answers and wrong ones")
    order = np.argsort(cosines, kind="stable")
    steps = _rising(cosines[order], is_right[order].astype(np.float64), weights[order])
    middles, shares = zip(*steps, strict=True)
    return _curve(np.interp(KNOTS, middles, shares))


def fit_sigmoid(
    cosines: Numbers, is_right: npt.NDArray[np.bool_], weights: Numbers
) -> Curve:
    """As `fit_curve`, of the shape of a sigmoid, for few answers.

    Platt, "Probabilistic outputs for support vector machines" (1999). A curve of any
    shape would follow the chance in some hundred answers; this one has two numbers, of
    which the slope is drawn to zero by a normal prior, of deviation one where cosines
    have deviation one. Where right answers have no higher cosines it is flat.
    """
    if is_right.all() or not is_right.any():
        raise ValueError("a curve needs right answers and wrong ones")
    centre = np.average(cosines, weights=weights)
    spread = max(np.sqrt(np.average((cosines - centre) ** 2, weights=weights)), 1e-6)
    at = np.stack([np.ones_like(cosines), (cosines - centre) / spread], axis=1)
    line = np.zeros(2)  # level and slope
    for _ in range(NEWTON_STEPS):
        said = 1 / (1 + np.exp(-at @ line))
        gradient = at.T @ (weights * (is_right - said)) - PRIOR * line
        bend = (at * (weights * said * (1 - said))[:, None]).T @ at + np.diag(PRIOR)
        line += np.linalg.solve(bend, gradient)
    if line[1] < 0:
        share = np.average(is_right, weights=weights)
        line = np.array([np.log(share / (1 - share)), 0.0])
    chances = 1 / (1 + np.exp(-line[0] - line[1] * (KNOTS - centre) / spread))
    return _curve(chances)


def _curve(chances: Numbers) -> Curve:
    """Through these chances at KNOTS."""
    return tuple(
        (round(float(cosine), 4), round(float(chance), 4))
        for cosine, chance in zip(KNOTS, chances.clip(LEAST, 1 - LEAST), strict=True)
    )


def _rising(x: Numbers, y: Numbers, weights: Numbers) -> list[tuple[float, float]]:
    """Means (x, y) of the runs into which y falls, pooled until the means of y rise."""
    runs: list[tuple[float, float, float]] = []  # weight, sum of x, sum of y
    for weight, wx, wy in zip(
        weights.tolist(), (weights * x).tolist(), (weights * y).tolist(), strict=True
    ):
        run = (weight, wx, wy)
        while runs and runs[-1][2] * run[0] >= run[2] * runs[-1][0]:
            weight, wx, wy = runs.pop()
            run = (run[0] + weight, run[1] + wx, run[2] + wy)
        runs.append(run)
    return [(wx / weight, wy / weight) for weight, wx, wy in runs]


def answers(
    queries: Embeddings,
    gallery: Embeddings,
    *,
    is_same_picture: npt.NDArray[np.bool_],
    is_right: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Cosine and rightness of the nearest answers of each query, strung together.

    Both tables are (queries, gallery); what is the same picture is no answer. Queries
    to which the gallery has no right answer are left out.
    """
    cosines = unit(queries).astype(np.float64) @ unit(gallery).T
    cosines[is_same_picture] = -np.inf
    answerable = (is_right & ~is_same_picture).any(axis=1)
    nearest = np.argsort(-cosines[answerable], axis=1, kind="stable")[:, :NEIGHBOURS]
    found = np.take_along_axis(cosines[answerable], nearest, axis=1)
    right = np.take_along_axis(is_right[answerable], nearest, axis=1)
    real = np.isfinite(found)
    return found[real], right[real]
