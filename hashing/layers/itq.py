"""Iterative quantisation: the rotation that brings vectors nearest to corners.

Gong and Lazebnik, "Iterative Quantization: A Procrustean Approach to Learning Binary
Codes", CVPR 2011. No labels are needed, so a shop fits it to its own catalogue.
"""

import numpy as np

from hashing.layers.linear import Embeddings, Floats, HashLayer, unit

ROUNDS = 50


def fit_itq(
    embeddings: Embeddings, n_bits: int, *, seed: int = 0, rounds: int = ROUNDS
) -> HashLayer:
    """Learn centre, rotation and thresholds from embeddings (n, dim), n >= n_bits.

    Raises ValueError for more bits than the embedding has numbers, or than there are
    embeddings: a rotation cannot be learned from fewer.
    """
    vectors = unit(embeddings).astype(np.float64)
    n, dim = vectors.shape
    if n_bits > min(n, dim):
        raise ValueError(f"{n_bits} bits from {n} embeddings of {dim} numbers")
    centre = vectors.mean(axis=0)
    centred = vectors - centre
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :n_bits]  # widest first: (dim, n_bits)
    rotation = axes @ _rotate(centred @ axes, seed=seed, rounds=rounds)
    return HashLayer.of(rotation, centre @ rotation)


def recentre(layer: HashLayer, embeddings: Embeddings) -> HashLayer:
    """The same rotation with its thresholds at the mean of these embeddings.

    For a shop with too few pictures to learn a rotation from.
    """
    thresholds = unit(embeddings).mean(axis=0) @ layer.rotation.astype(np.float64)
    return HashLayer(layer.rotation, thresholds)


def _rotate(projected: Floats, *, seed: int, rounds: int) -> Floats:
    """The orthogonal (bits, bits) that moves projected (n, bits) towards ±1."""
    bits = projected.shape[1]
    normal = np.random.default_rng(seed).standard_normal((bits, bits))
    rotation: Floats = np.linalg.qr(normal)[0]
    for _ in range(rounds):
        corners = np.where(projected @ rotation >= 0, 1.0, -1.0)
        # The orthogonal Procrustes problem: rotate `projected` onto its corners.
        left, _, right = np.linalg.svd(projected.T @ corners)
        rotation = left @ right
    return rotation
