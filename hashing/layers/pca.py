"""Main axes: where embeddings vary most, one bit an axis.

Gong and Lazebnik, CVPR 2011, call its signs PCA-Direct. Narrow axes count as much as
wide ones, so codes get worse as bits grow; ITQ's rotation repairs that.
"""

import numpy as np
import numpy.typing as npt

from hashing.layers.linear import Embeddings, Floats, HashLayer, unit


def main_axes(
    centred: Floats, n_axes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The widest axes (dim, n_axes) of centred vectors (n, dim), and their variances.

    Raises ValueError for more axes than there are vectors or numbers in one.
    """
    n, dim = centred.shape
    if n_axes > min(n, dim):
        raise ValueError(f"{n_axes} bits from {n} embeddings of {dim} numbers")
    variances, axes = np.linalg.eigh(centred.T @ centred / n)
    return axes[:, ::-1][:, :n_axes], variances[::-1][:n_axes]


def fit_pca(embeddings: Embeddings, n_bits: int, *, seed: int = 0) -> HashLayer:
    """Bits of embeddings (n, dim): which side of their mean, along each main axis."""
    vectors = unit(embeddings).astype(np.float64)
    centre = vectors.mean(axis=0)
    axes, _ = main_axes(vectors - centre, n_bits)
    return HashLayer.of(axes, centre @ axes)
