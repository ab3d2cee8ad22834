"""From features to the embedding: what is learned without labels.

The embedding has named parts side by side. `item` is what the network sees, `look` is
what the colours are, and `kind` what labels taught (`hashing.fitting.kind`). Each is
centred, projected and made length one, then weighed; so cosine between embeddings is
the weighed mean of the cosines between parts, and a search can weigh the parts anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashing.layers.linear import unit

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Projection:
    """Features (n, features) to a part of the embedding (n, dim), of length one."""

    centre: Array  # (features,)
    axes: Array  # (features, dim)

    def __call__(self, features: Array) -> Array:
        """Centred, projected, of length one."""
        return unit((features - self.centre) @ self.axes)

    @property
    def bias(self) -> Array:
        """What is added to features that were projected without centring them."""
        bias: Array = -self.centre @ self.axes
        return bias


def fit_projection(sets: Sequence[Array], dim: int, *, power: float) -> Projection:
    """Main axes of features, each set counting by the root of its size.

    Axes are scaled by variance ** (-power / 2): 0 keeps the features' own weights, 1
    makes all alike. In between, what many pictures share counts for less, which helps
    products that nobody trained on.
    """
    features = np.concatenate(sets).astype(np.float64)
    weights = np.concatenate([np.full(len(s), len(s) ** -0.5) for s in sets])
    weights /= weights.sum()
    centre = weights @ features
    centred = features - centre
    variances, axes = np.linalg.eigh((centred.T * weights) @ centred)
    widest = slice(-1, -dim - 1, -1)
    scales = np.maximum(variances[widest], 1e-12) ** (-power / 2)
    return Projection(
        centre.astype(np.float32), (axes[:, widest] * scales).astype(np.float32)
    )
