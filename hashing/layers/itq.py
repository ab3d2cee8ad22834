"""Iterative quantisation: the rotation that brings vectors nearest to corners.

Gong and Lazebnik, "Iterative Quantization: A Procrustean Approach to Learning Binary
Codes", CVPR 2011. No labels are needed, so a shop fits it to its own catalogue.

Whitening before it is from Jégou and Chum, "Negative Evidences and Co-occurrences in
Image Retrieval", ECCV 2012; within classes, it is that of linear discriminants (Fisher,
1936): directions in which pictures of one class differ count for less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashing.layers.linear import Embeddings, Floats, HashLayer, unit
from hashing.layers.ordering import best_first
from hashing.layers.pca import main_axes

ROUNDS = 50
FIRST = 32  # bits: the shortest code that begins a longer one
RIDGE = 0.1  # of the mean variance, added to every direction within classes


@dataclass(frozen=True)
class Axes:
    """Which axes are rotated, and how wide each is made first."""

    centring: bool = True  # off: thresholds stay at zero
    # Axes are scaled by variance ** (-whitening / 2). 0.5 helps where codes serve
    # another catalogue than they were fitted to; 1 makes all alike.
    whitening: float = 0.0
    labels: Sequence[str] | None = None  # of the embeddings: whiten within classes


def fit_itq(
    embeddings: Embeddings,
    n_bits: int,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    axes: Axes = Axes(),
    prefixes: bool = True,
) -> HashLayer:
    """Learn centre, rotation and thresholds from embeddings (n, dim).

    With `prefixes`, every multiple of 32 bits is a code worth using: the first 32 are
    what 32 bits alone would be, a rotation of the 32 widest axes, and the best of the
    whole rotation follow, the most telling first. Without, bits are those of one
    rotation, all at right angles, and none says more than another.

    More bits than the embedding has numbers come from several rotations of them all,
    each begun elsewhere. Raises ValueError for fewer embeddings than axes that are
    rotated: no rotation can be learned from those.
    """
    vectors = unit(embeddings).astype(np.float64)
    centre = vectors.mean(axis=0) * axes.centring
    n_axes = min(n_bits, vectors.shape[1])
    chosen = _choose(vectors - centre, n_axes, axes)  # (dim, n_axes), widest first
    projected = (vectors - centre) @ chosen
    rotation = _rotations(projected, n_bits, seed=seed, rounds=rounds)
    if prefixes and n_axes > FIRST:
        short = np.zeros((n_axes, FIRST))
        short[:FIRST] = rotate(projected[:, :FIRST], seed=seed, rounds=rounds)
        both = np.hstack([short, rotation])  # (n_axes, FIRST + n_bits)
        bits = np.where(projected @ both >= 0, 1.0, -1.0)
        order = best_first(bits, vectors - centre, given=FIRST)
        rotation = both[:, order[:n_bits]]
    rotation = chosen @ rotation  # (dim, n_bits)
    return HashLayer.of(rotation, centre @ rotation)


def recentre(layer: HashLayer, embeddings: Embeddings) -> HashLayer:
    """The same rotation with its thresholds at the mean of these embeddings.

    For a shop with too few pictures to learn a rotation from.
    """
    thresholds = unit(embeddings).mean(axis=0) @ layer.rotation.astype(np.float64)
    return HashLayer(layer.rotation, thresholds)


def rotate(projected: Floats, *, seed: int, rounds: int = ROUNDS) -> Floats:
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


def _rotations(projected: Floats, n_bits: int, *, seed: int, rounds: int) -> Floats:
    """Directions (axes, n_bits) for projected (n, axes), from as many as are needed."""
    n_axes = projected.shape[1]
    starts = range(0, n_bits, n_axes)
    turned = [rotate(projected, seed=seed + start, rounds=rounds) for start in starts]
    return np.hstack(turned)[:, :n_bits]


def _choose(centred: Floats, n_bits: int, axes: Axes) -> Floats:
    """The axes that are rotated, scaled as asked for: (dim, n_bits)."""
    whole: Floats = np.eye(centred.shape[1])
    if axes.labels is not None:
        whole = _within(centred, axes.labels)
    main, variances = main_axes(centred @ whole, n_bits)
    chosen: Floats = (
        whole @ main * np.maximum(variances, 1e-12) ** (-axes.whitening / 2)
    )
    return chosen


def _within(vectors: Floats, labels: Sequence[str]) -> Floats:
    """What makes differences within classes alike in every direction: (dim, dim)."""
    _, members = np.unique(labels, return_inverse=True)
    sums = np.zeros((members.max() + 1, vectors.shape[1]))
    np.add.at(sums, members, vectors)
    apart = vectors - (sums / np.bincount(members)[:, None])[members]
    covariance = apart.T @ apart / len(vectors)
    variances, axes = np.linalg.eigh(covariance)
    variances = np.maximum(variances, 0) + RIDGE * variances.mean()
    whole: Floats = axes * variances**-0.5 @ axes.T
    return whole
