"""Principal component analysis: one bit for each axis along which embeddings vary most.

Gong and Lazebnik, CVPR 2011, call the signs of these axes PCA-Direct. Narrow axes count
as much as wide ones, so longer codes get worse; ITQ's rotation mends that.
"""

import numpy as np

from hashing.arrays import Float64Array
from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.linear import LinearHashLayer


def main_axes(centred: Float64Array, n_axes: int) -> tuple[Float64Array, Float64Array]:
    """Return the widest axes (dim, n_axes) of centred vectors (n, dim), and variances.

    Raises ValueError for more axes than there are vectors or numbers in a vector.
    """
    n, dim = centred.shape
    if n_axes > min(n, dim):
        raise ValueError(f"{n_axes} bits from {n} embeddings of {dim} numbers")
    variances, axes = np.linalg.eigh(centred.T @ centred / n)
    return axes[:, ::-1][:, :n_axes], variances[::-1][:n_axes]


def fit_pca(embeddings: Embeddings, n_bits: int, *, seed: int = 0) -> LinearHashLayer:
    """Fit a bit to each main axis of embeddings (n, dim): the side of their mean."""
    vectors = l2_normalise(embeddings).astype(np.float64)
    centre = vectors.mean(axis=0)
    axes, _ = main_axes(vectors - centre, n_bits)
    return LinearHashLayer.rounded(axes, centre @ axes)
