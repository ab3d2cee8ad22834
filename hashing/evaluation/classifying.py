"""The baseline that says whether a protocol measures retrieval at all.

Whoever predicts the class, and stores its number as the code, beats most hash codes on
classes that were trained on, in very few bits (Sablayrolles, Douze, Usunier and Jégou,
"How should we evaluate supervised hashing?", ICASSP 2017). On others it cannot work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
import numpy.typing as npt

from hashing.layers.linear import unit

RIDGE = 0.1  # of the mean variance, added to every direction

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Classifier:
    """Features (n, features) to the numbers of classes (n,), by a linear map."""

    names: list[str]
    centre: npt.NDArray[np.float64]  # (features,)
    weights: npt.NDArray[np.float64]  # (features, classes)
    bias: npt.NDArray[np.float64]  # (classes,)

    @property
    def n_bits(self) -> int:
        """Bits that the number of a class takes."""
        return max(1, ceil(log2(len(self.names))))

    def __call__(self, features: Floats) -> npt.NDArray[np.intp]:
        outputs = (unit(features) - self.centre) @ self.weights + self.bias
        classes: npt.NDArray[np.intp] = outputs.argmax(axis=1)
        return classes


def fit_classifier(features: Floats, labels: Sequence[str]) -> Classifier:
    """A linear classifier by discriminants with a shared covariance (Fisher, 1936).

    Every class counts the same, however many pictures it has. Raises ValueError for
    fewer than two classes.
    """
    names, members = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("a classifier needs two classes")
    vectors = unit(features).astype(np.float64)
    centre = vectors.mean(axis=0)
    vectors -= centre
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, members, vectors)
    means = sums / np.bincount(members)[:, None]  # (classes, features)
    within = vectors - means[members]
    covariance = within.T @ within / len(vectors)
    covariance[np.diag_indices_from(covariance)] += RIDGE * (vectors**2).mean() + 1e-12
    weights = np.linalg.solve(covariance, means.T).astype(np.float64)
    bias = -0.5 * (means.T * weights).sum(axis=0)
    return Classifier(names.tolist(), centre, weights, bias)
