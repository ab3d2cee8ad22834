"""Locality-sensitive hashing: random hyperplanes, the floor for a learned hash layer.

Charikar, "Similarity Estimation Techniques from Rounding Algorithms", STOC 2002.
"""

import numpy as np

from hashing.embeddings import Embeddings
from hashing.layers.linear import LinearHashLayer, recentre


def random_hyperplanes(dim: int, n_bits: int, *, seed: int = 0) -> LinearHashLayer:
    """Draw hyperplanes through the origin; nothing is learned."""
    rotation = np.random.default_rng(seed).standard_normal((dim, n_bits))
    return LinearHashLayer.rounded(rotation, np.zeros(n_bits))


def fit_lsh(embeddings: Embeddings, n_bits: int, *, seed: int = 0) -> LinearHashLayer:
    """Draw hyperplanes through the mean of embeddings (n, dim)."""
    layer = random_hyperplanes(embeddings.shape[1], n_bits, seed=seed)
    return recentre(layer, embeddings)
