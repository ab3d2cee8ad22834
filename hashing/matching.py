"""How likely an answer is the right product, given its cosine to the query.

A cosine cannot be compared between queries, shops or encoders; a probability can.
The curve is a logistic fitted to answers of which it is known whether they were right
(Platt, "Probabilistic outputs for support vector machines", 1999).
"""

import numpy as np
import numpy.typing as npt

from hashing.layers.linear import Embeddings, unit

Curve = tuple[tuple[float, float], ...]  # (cosine, probability), both ascending

NEIGHBOURS = 20  # answers a query: what a shopper sees of a result
KNOTS = np.linspace(-0.2, 1.0, 25)


def fit_curve(
    cosines: npt.NDArray[np.float64],
    is_right: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> Curve:
    """A rising curve through answers (n,), some right, each with a weight.

    Between its points interpolate; beyond its ends it is flat. Raises ValueError
    unless some answers are right and some are wrong.
    """
    if is_right.all() or not is_right.any():
        raise ValueError("a curve needs right answers and wrong ones")
    offset, slope = _logistic(cosines, is_right.astype(np.float64), weights)
    chances = 1 / (1 + np.exp(-(offset + max(slope, 0.0) * KNOTS)))
    return tuple(
        (round(float(cosine), 4), round(float(chance), 4))
        for cosine, chance in zip(KNOTS, chances, strict=True)
    )


def _logistic(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Offset and slope by Newton's method, with a little ridge so that it ends."""
    design = np.stack([np.ones_like(x), x], axis=1)  # (n, 2)
    share = weights / weights.mean()
    ridge = 1e-3 * np.eye(2)
    beta = np.zeros(2)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-design @ beta))
        slope = design.T @ (share * (y - chance)) - ridge @ beta
        bend = (design.T * (share * chance * (1 - chance))) @ design + ridge
        step = np.linalg.solve(bend, slope)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[0]), float(beta[1])


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
