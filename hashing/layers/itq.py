"""Iterative quantisation: the rotation that brings vectors nearest to ±1 corners.

Gong and Lazebnik, "Iterative Quantization: A Procrustean Approach to Learning Binary
Codes", CVPR 2011. No labels are needed, so a shop can fit it to its own catalogue.

Axes may be whitened first (Jégou and Chum, "Negative Evidences and Co-occurrences in
Image Retrieval", ECCV 2012), or whitened within classes, as for linear discriminants
(Fisher, 1936): directions in which pictures of one class differ then count for less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashing.arrays import Float64Array
from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.bit_order import order_bits
from hashing.layers.linear import LinearHashLayer
from hashing.layers.pca import main_axes

ITERATIONS = 50
PREFIX_BITS = 32  # the shortest prefix that is a good code by itself
RIDGE_SHARE = 0.1  # of the mean variance, added to each direction within classes
MIN_VARIANCE = 1e-12


@dataclass(frozen=True)
class AxisOptions:
    """Which axes are rotated, and how they are scaled first."""

    centring: bool = True  # without it, thresholds stay at zero
    # Axes are scaled by variance ** (-whitening / 2). 0.5 helps where codes serve
    # another catalogue than they were fitted to; 1 gives all axes the same variance.
    whitening: float = 0.0
    labels: Sequence[str] | None = None  # of the embeddings: whiten within classes


def fit_itq(
    embeddings: Embeddings,
    n_bits: int,
    *,
    seed: int = 0,
    iterations: int = ITERATIONS,
    axes: AxisOptions = AxisOptions(),
    prefixes: bool = True,
) -> LinearHashLayer:
    """Learn centre, rotation and thresholds from embeddings (n, dim).

    With `prefixes`, every multiple of 32 bits of a code is a good code by itself: the
    first 32 are those that 32 bits alone would be, a rotation of the 32 widest axes;
    the bits of the whole rotation follow, the most informative first. Without, all bits
    come from one rotation and none is more informative than another.

    More bits than the embedding has numbers come from several rotations of all axes,
    each with another initialisation. Raises ValueError for fewer embeddings than axes.
    """
    vectors = l2_normalise(embeddings).astype(np.float64)
    centre = vectors.mean(axis=0) * axes.centring
    n_axes = min(n_bits, vectors.shape[1])
    scaled_axes = _scaled_axes(vectors - centre, n_axes, axes)  # (dim, n_axes)
    projected = (vectors - centre) @ scaled_axes  # the widest axes come first
    rotation = _learn_rotations(projected, n_bits, seed=seed, iterations=iterations)
    if prefixes and n_axes > PREFIX_BITS:
        prefix = np.zeros((n_axes, PREFIX_BITS))
        prefix[:PREFIX_BITS] = learn_rotation(
            projected[:, :PREFIX_BITS], seed=seed, iterations=iterations
        )
        both = np.hstack([prefix, rotation])  # (n_axes, PREFIX_BITS + n_bits)
        bits = np.where(projected @ both >= 0, 1.0, -1.0)
        order = order_bits(bits, vectors - centre, n_fixed=PREFIX_BITS)
        rotation = both[:, order[:n_bits]]
    rotation = scaled_axes @ rotation  # (dim, n_bits)
    return LinearHashLayer.rounded(rotation, centre @ rotation)


def learn_rotation(
    projected: Float64Array, *, seed: int, iterations: int = ITERATIONS
) -> Float64Array:
    """Learn the orthogonal (bits, bits) that moves projected (n, bits) towards ±1."""
    n_bits = projected.shape[1]
    normal = np.random.default_rng(seed).standard_normal((n_bits, n_bits))
    rotation: Float64Array = np.linalg.qr(normal)[0]
    for _ in range(iterations):
        corners = np.where(projected @ rotation >= 0, 1.0, -1.0)
        # The orthogonal Procrustes problem: rotate `projected` onto its corners.
        left, _, right = np.linalg.svd(projected.T @ corners)
        rotation = left @ right
    return rotation


def _learn_rotations(
    projected: Float64Array, n_bits: int, *, seed: int, iterations: int
) -> Float64Array:
    """Learn as many rotations of projected (n, axes) as n_bits need: (axes, n_bits)."""
    n_axes = projected.shape[1]
    rotations = [
        learn_rotation(projected, seed=seed + start, iterations=iterations)
        for start in range(0, n_bits, n_axes)
    ]
    return np.hstack(rotations)[:, :n_bits]


def _scaled_axes(
    centred: Float64Array, n_axes: int, options: AxisOptions
) -> Float64Array:
    """Return the axes to rotate, scaled as the options say: (dim, n_axes)."""
    whitening: Float64Array = np.eye(centred.shape[1])
    if options.labels is not None:
        whitening = _within_class_whitening(centred, options.labels)
    main, variances = main_axes(centred @ whitening, n_axes)
    scales = np.maximum(variances, MIN_VARIANCE) ** (-options.whitening / 2)
    scaled: Float64Array = whitening @ main * scales
    return scaled


def _within_class_whitening(
    vectors: Float64Array, labels: Sequence[str]
) -> Float64Array:
    """Return (dim, dim) that gives differences within classes equal variances."""
    _, members = np.unique(labels, return_inverse=True)
    sums = np.zeros((members.max() + 1, vectors.shape[1]))
    np.add.at(sums, members, vectors)
    residuals = vectors - (sums / np.bincount(members)[:, None])[members]
    covariance = residuals.T @ residuals / len(vectors)
    variances, axes = np.linalg.eigh(covariance)
    variances = np.maximum(variances, 0) + RIDGE_SHARE * variances.mean()
    whitening: Float64Array = axes * variances**-0.5 @ axes.T
    return whitening
