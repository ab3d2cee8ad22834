"""Projections from features to parts of the embedding, learned without labels.

The embedding has named parts side by side: `item` is what the network sees, `look` the
colours, and `kind` what labels taught (`hashing.fitting.kind_projection`). Each is
centred, projected, scaled to length one and weighted; so the cosine of two embeddings
is the weighted mean of the cosines of their parts, and a search can weight the parts
differently.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashing.arrays import Float32Array
from hashing.embeddings import l2_normalise

MIN_VARIANCE = 1e-12


@dataclass(frozen=True)
class Projection:
    """A map from features (n, features) to unit vectors (n, dim)."""

    centre: Float32Array  # (features,)
    axes: Float32Array  # (features, dim)

    def __call__(self, features: Float32Array) -> Float32Array:
        """Centre, project and normalise features."""
        return l2_normalise((features - self.centre) @ self.axes)

    def tensors(self) -> dict[str, Float32Array]:
        """Return what `append_embedding` needs of this part, except its weight.

        Names are those of PART_TENSORS in `hashing.networks.export`. A graph projects
        without centring and adds a bias instead.
        """
        return {"axes": self.axes, "bias": -self.centre @ self.axes}


def fit_projection(
    sets: Sequence[Float32Array], dim: int, *, whitening: float
) -> Projection:
    """Find the main axes of sets of features, each weighted by the root of its size.

    Axes are scaled by variance ** (-whitening / 2): 0 keeps their variances, 1 makes
    them equal. In between, what many pictures share counts for less, which helps with
    products that were not trained on.
    """
    features = np.concatenate(sets).astype(np.float64)
    weights = np.concatenate([np.full(len(each), len(each) ** -0.5) for each in sets])
    weights /= weights.sum()
    centre = weights @ features
    centred = features - centre
    variances, axes = np.linalg.eigh((centred.T * weights) @ centred)
    widest = slice(-1, -dim - 1, -1)  # eigh sorts ascending
    scales = np.maximum(variances[widest], MIN_VARIANCE) ** (-whitening / 2)
    return Projection(
        centre.astype(np.float32), (axes[:, widest] * scales).astype(np.float32)
    )
