"""The baseline that reveals whether a protocol measures retrieval at all.

On classes that were trained on, predicting the class and storing its number as the code
beats most hash codes, with very few bits (Sablayrolles, Douze, Usunier and Jégou, "How
should we evaluate supervised hashing?", ICASSP 2017). On other classes it cannot work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float64Array, FloatArray
from hashing.embeddings import l2_normalise

RIDGE_SHARE = 0.1  # of the mean variance, added in every direction
MIN_RIDGE = 1e-12


@dataclass(frozen=True)
class Classifier:
    """A linear map from features (n, features) to the numbers of classes (n,)."""

    names: list[str]  # of the classes
    centre: Float64Array  # (features,)
    weights: Float64Array  # (features, classes)
    bias: Float64Array  # (classes,)

    @property
    def n_bits(self) -> int:
        """Bits that the number of a class takes."""
        return max(1, ceil(log2(len(self.names))))

    def __call__(self, features: FloatArray) -> npt.NDArray[np.intp]:
        """Predict the class of each row of features."""
        logits = (l2_normalise(features) - self.centre) @ self.weights + self.bias
        classes: npt.NDArray[np.intp] = logits.argmax(axis=1)
        return classes


def fit_classifier(features: FloatArray, labels: Sequence[str]) -> Classifier:
    """Fit linear discriminants with a shared covariance (Fisher, 1936).

    Every class counts the same, however many pictures it has. Raises ValueError for
    fewer than two classes.
    """
    names, members = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("a classifier needs two classes")
    vectors = l2_normalise(features).astype(np.float64)
    centre = vectors.mean(axis=0)
    vectors -= centre
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, members, vectors)
    means = sums / np.bincount(members)[:, None]  # (classes, features)
    residuals = vectors - means[members]
    covariance = residuals.T @ residuals / len(vectors)
    ridge = RIDGE_SHARE * (vectors**2).mean() + MIN_RIDGE
    covariance[np.diag_indices_from(covariance)] += ridge
    weights = np.linalg.solve(covariance, means.T).astype(np.float64)
    bias = -0.5 * (means.T * weights).sum(axis=0)
    return Classifier(names.tolist(), centre, weights, bias)
