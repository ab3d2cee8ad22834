"""Random hyperplanes: the floor that a learned hash layer has to beat.

Charikar, "Similarity Estimation Techniques from Rounding Algorithms", STOC 2002.
"""

import numpy as np

from hashing.layers.itq import recentre
from hashing.layers.linear import Embeddings, HashLayer


def random_layer(dim: int, n_bits: int, *, seed: int = 0) -> HashLayer:
    """Hyperplanes through the origin in random directions; nothing is learned."""
    rotation = np.random.default_rng(seed).standard_normal((dim, n_bits))
    return HashLayer.of(rotation, np.zeros(n_bits))


def fit_lsh(embeddings: Embeddings, n_bits: int, *, seed: int = 0) -> HashLayer:
    """Random hyperplanes through the mean of embeddings (n, dim)."""
    return recentre(random_layer(embeddings.shape[1], n_bits, seed=seed), embeddings)
