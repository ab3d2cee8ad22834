"""Curves from the cosine of an answer to the probability that it is the right product.

A cosine cannot be compared between queries, shops or encoders; a probability can.
`fit_isotonic` finds the rising curve nearest to answers known to be right or wrong, by
pooling adjacent violators (Zadrozny and Elkan, "Transforming classifier scores into
accurate multiclass probability estimates", KDD 2002); it assumes nothing else about
the curve's shape. `fit_sigmoid` is for few answers.
"""

import numpy as np

from hashing.arrays import BoolArray, Float64Array
from hashing.embeddings import Embeddings, l2_normalise

Curve = tuple[tuple[float, float], ...]  # (cosine, probability), both ascending

ANSWERS_PER_QUERY = 20  # what a shopper sees of a result
KNOT_COSINES = np.linspace(-0.2, 1.0, 25)
MIN_PROBABILITY = 0.005  # no answer is certain, either way
NEWTON_STEPS = 30  # about ten are needed
PRIOR_PRECISION = np.array([1e-6, 1.0])  # of a sigmoid's level and slope
MIN_DEVIATION = 1e-6  # of cosines


def fit_isotonic(
    cosines: Float64Array, is_right: BoolArray, weights: Float64Array
) -> Curve:
    """Fit a rising curve to answers (n,), each with a weight.

    Interpolate linearly between its points; beyond its ends it is flat. Raises
    ValueError unless some answers are right and some are wrong.
    """
    _check_both_outcomes(is_right)
    order = np.argsort(cosines, kind="stable")
    steps = _pool_adjacent_violators(
        cosines[order], is_right[order].astype(np.float64), weights[order]
    )
    middles, shares = zip(*steps, strict=True)
    return _curve_at_knots(np.interp(KNOT_COSINES, middles, shares))


def fit_sigmoid(
    cosines: Float64Array, is_right: BoolArray, weights: Float64Array
) -> Curve:
    """Fit a sigmoid to answers (n,), each with a weight; as `fit_isotonic` otherwise.

    Platt, "Probabilistic outputs for support vector machines" (1999). An isotonic curve
    would follow the noise of a few hundred answers; a sigmoid has two parameters, and a
    normal prior of deviation one, where cosines have deviation one, draws the slope to
    zero. The curve is flat where right answers have no higher cosines than wrong ones.
    """
    _check_both_outcomes(is_right)
    centre = np.average(cosines, weights=weights)
    variance = np.average((cosines - centre) ** 2, weights=weights)
    deviation = max(np.sqrt(variance), MIN_DEVIATION)
    design = np.stack([np.ones_like(cosines), (cosines - centre) / deviation], axis=1)
    line = np.zeros(2)  # level and slope
    for _ in range(NEWTON_STEPS):
        predicted = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (weights * (is_right - predicted))
        gradient -= PRIOR_PRECISION * line
        curvature = (weights * predicted * (1 - predicted))[:, None]
        hessian = (design * curvature).T @ design + np.diag(PRIOR_PRECISION)
        line += np.linalg.solve(hessian, gradient)
    if line[1] < 0:
        share = np.average(is_right, weights=weights)
        line = np.array([np.log(share / (1 - share)), 0.0])
    logits = line[0] + line[1] * (KNOT_COSINES - centre) / deviation
    return _curve_at_knots(1 / (1 + np.exp(-logits)))


def nearest_answers(
    queries: Embeddings,
    gallery: Embeddings,
    *,
    is_same_picture: BoolArray,
    is_right: BoolArray,
) -> tuple[Float64Array, BoolArray]:
    """Return cosine and rightness of each query's nearest answers, concatenated.

    Both tables are (queries, gallery). The same picture is no answer; queries without a
    right answer in the gallery are left out.
    """
    cosines = l2_normalise(queries).astype(np.float64) @ l2_normalise(gallery).T
    cosines[is_same_picture] = -np.inf
    is_answerable = (is_right & ~is_same_picture).any(axis=1)
    order = np.argsort(-cosines[is_answerable], axis=1, kind="stable")
    nearest = order[:, :ANSWERS_PER_QUERY]
    nearest_cosines = np.take_along_axis(cosines[is_answerable], nearest, axis=1)
    nearest_right = np.take_along_axis(is_right[is_answerable], nearest, axis=1)
    is_answer = np.isfinite(nearest_cosines)
    return nearest_cosines[is_answer], nearest_right[is_answer]


def _check_both_outcomes(is_right: BoolArray) -> None:
    if is_right.all() or not is_right.any():
        raise ValueError("a curve needs right answers and wrong ones")


def _curve_at_knots(probabilities: Float64Array) -> Curve:
    clipped = probabilities.clip(MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return tuple(
        (round(float(cosine), 4), round(float(probability), 4))
        for cosine, probability in zip(KNOT_COSINES, clipped, strict=True)
    )


def _pool_adjacent_violators(
    x: Float64Array, y: Float64Array, weights: Float64Array
) -> list[tuple[float, float]]:
    """Pool neighbours until the weighted means of y rise; return the pools' (x, y)."""
    pools: list[tuple[float, float, float]] = []  # weight, sum of x, sum of y
    for weight, wx, wy in zip(
        weights.tolist(), (weights * x).tolist(), (weights * y).tolist(), strict=True
    ):
        pool = (weight, wx, wy)
        while pools and pools[-1][2] * pool[0] >= pool[2] * pools[-1][0]:
            weight, wx, wy = pools.pop()
            pool = (pool[0] + weight, pool[1] + wx, pool[2] + wy)
        pools.append(pool)
    return [(wx / weight, wy / weight) for weight, wx, wy in pools]
