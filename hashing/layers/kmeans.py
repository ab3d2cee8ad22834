"""K-means hashing: codewords whose numbers differ in bits as they differ in distance.

He, Wen and Sun, "K-Means Hashing: An Affinity-Preserving Quantization Method for
Learning Binary Compact Codes", CVPR 2013. The rotated embedding is cut into subspaces
of four numbers; in each, the number of the nearest of 16 codewords gives four bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float64Array
from hashing.codes import Codes, pack, unpack
from hashing.embeddings import Embeddings
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer, check_embeddings

SUBSPACE_BITS = 4  # bits of a codeword's number, and numbers of the rotated embedding
N_CODEWORDS = 2**SUBSPACE_BITS
ITERATIONS = 20
AFFINITY_WEIGHT = 10.0  # the paper's lambda: weight of distances between codewords

# (16, 4) of ±1: the corner at which a codeword starts, in the order of its number.
CORNERS = unpack(np.arange(N_CODEWORDS, dtype=np.uint8)[:, None])[:, 4:] * 2.0 - 1.0
# (16, 16): square root of the number of bits in which two codeword numbers differ.
CORNER_DISTANCES = np.sqrt((CORNERS[:, None] != CORNERS).sum(axis=2))


@dataclass(frozen=True)
class KMeansHashLayer:
    """A rotation, and 16 codewords in each of its subspaces."""

    linear: LinearHashLayer
    codewords: Float64Array  # (n_bits / 4, 16, 4)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Make a layer of what `save` wrote. Raises ValueError if shapes do not fit."""
        linear = LinearHashLayer.from_arrays(arrays)
        codewords = arrays["codewords"]
        if codewords.shape != (linear.n_bits // SUBSPACE_BITS, *CORNERS.shape):
            raise ValueError(f"codewords {codewords.shape} for {linear.n_bits} bits")
        return cls(linear, codewords)

    def save(self, path: Path) -> None:
        """Write the layer as `.npz`."""
        np.savez(
            path,
            kind=np.array("kmeans"),
            rotation=self.linear.rotation,
            thresholds=self.linear.thresholds,
            codewords=self.codewords,
        )

    @property
    def dim(self) -> int:
        """Numbers in an embedding."""
        return self.linear.dim

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return self.linear.n_bits

    def codes(self, embeddings: Embeddings) -> Codes:
        """Compute the codes (n, n_bits // 8) of embeddings (n, dim)."""
        check_embeddings(embeddings, self.dim)
        subspaces = split_subspaces(self.linear, embeddings)
        numbers = np.stack(
            [
                nearest_codewords(vectors, codewords)
                for vectors, codewords in zip(subspaces, self.codewords, strict=True)
            ],
            axis=1,
        )  # (n, n_bits / 4)
        return pack(CORNERS[numbers].reshape(len(embeddings), self.n_bits))


def fit_kmeans(
    embeddings: Embeddings, n_bits: int, *, seed: int = 0
) -> KMeansHashLayer:
    """Learn codewords from embeddings (n, dim), n >= n_bits. Raises as `fit_itq`."""
    linear = fit_itq(embeddings, n_bits, seed=seed, prefixes=False)
    subspaces = split_subspaces(linear, embeddings)
    return KMeansHashLayer(linear, np.stack([learn_codewords(s) for s in subspaces]))


def split_subspaces(
    linear: LinearHashLayer, embeddings: Embeddings
) -> list[Float64Array]:
    """Rotate embeddings (n, dim) and cut them into subspaces, (n, 4) each.

    Numbers are distances from the thresholds, of about the same scale in all subspaces.
    """
    margins = linear.project(embeddings)
    lengths = np.sqrt((embeddings.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    margins /= np.where(lengths == 0, 1, lengths) * np.abs(linear.rotation).max()
    return np.split(margins, linear.n_bits // SUBSPACE_BITS, axis=1)


def nearest_codewords(
    vectors: Float64Array, codewords: Float64Array
) -> npt.NDArray[np.intp]:
    """Return the number of the nearest of codewords (16, 4) to vectors (n, 4): (n,)."""
    nearest: npt.NDArray[np.intp] = np.argmin(
        (codewords**2).sum(axis=1) - 2 * vectors @ codewords.T, axis=1
    )
    return nearest


def learn_codewords(vectors: Float64Array) -> Float64Array:
    """Learn the codewords (16, 4) of a subspace (n, 4), starting from its corners.

    Each iteration moves a codeword to the weighted mean of the vectors nearest to it
    and of the places at which its distances from other codewords fit their bits.
    """
    scale = np.abs(vectors).mean()
    codewords: Float64Array = CORNERS * scale
    for _ in range(ITERATIONS):
        nearest = nearest_codewords(vectors, codewords)
        shares = np.bincount(nearest, minlength=N_CODEWORDS) / len(vectors)
        sums = np.zeros_like(codewords)
        np.add.at(sums, nearest, vectors)
        weights = 2 * AFFINITY_WEIGHT * np.outer(shares, shares)  # (16, 16)
        targets = _affinity_targets(codewords, 2 * scale)
        affinity = (weights[:, :, None] * targets).sum(axis=1)
        total = shares + weights.sum(axis=1)
        is_used = total > 0
        moved = sums / len(vectors) + affinity
        codewords[is_used] = moved[is_used] / total[is_used, None]
    return codewords


def _affinity_targets(codewords: Float64Array, scale: float) -> Float64Array:
    """Return where codeword i fits its bits' distance from codeword j: (16, 16, 4)."""
    between = codewords[:, None] - codewords  # (16, 16, 4)
    lengths = np.linalg.norm(between, axis=2, keepdims=True)
    directions = between / np.where(lengths == 0, 1, lengths)
    distances = (scale * CORNER_DISTANCES)[:, :, None]
    targets: Float64Array = codewords + directions * distances
    return targets
