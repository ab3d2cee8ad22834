"""K-means hashing: codewords whose numbers differ in bits as they differ in place.

He, Wen and Sun, "K-Means Hashing: An Affinity-Preserving Quantization Method for
Learning Binary Compact Codes", CVPR 2013. The rotated embedding is cut into pieces of
four numbers, and in each the nearest of 16 codewords gives four bits. That is not
linear: such codes are for comparison, a shop is served by a rotation and thresholds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, pack, unpack
from hashing.layers.itq import fit_itq
from hashing.layers.linear import Embeddings, HashLayer

PIECE = 4  # bits of a codeword's number, and dimensions that it stands for
ROUNDS = 20
AFFINITY = 10.0  # the paper's lambda: what distances between codewords count

Floats64 = npt.NDArray[np.float64]

# (16, 4) of ±1: the corner that a codeword begins at and is named after.
CORNERS = unpack(np.arange(16, dtype=np.uint8)[:, None])[:, 4:] * 2.0 - 1.0
# (16, 16): the root of how many bits two numbers differ in.
APART = np.sqrt((CORNERS[:, None] != CORNERS).sum(axis=2))


@dataclass(frozen=True)
class Codewords:
    """A rotation, and in each piece of it 16 codewords."""

    rotation: HashLayer
    words: Floats64  # (n_bits / 4, 16, 4)

    @property
    def n_bits(self) -> int:
        """Bits in a code."""
        return self.rotation.n_bits

    def codes(self, embeddings: Embeddings) -> Codes:
        """Codes (n, n_bits // 8) of embeddings (n, dim)."""
        nearest = np.stack(
            [
                assign(part, words)
                for part, words in zip(
                    pieces(self.rotation, embeddings), self.words, strict=True
                )
            ],
            axis=1,
        )  # (n, n_bits / 4)
        return pack(CORNERS[nearest].reshape(len(embeddings), self.n_bits))


def fit_kmeans(embeddings: Embeddings, n_bits: int, *, seed: int = 0) -> Codewords:
    """Learn codewords from embeddings (n, dim), n >= n_bits; raises as `fit_itq`."""
    rotation = fit_itq(embeddings, n_bits, seed=seed, prefixes=False)
    parts = pieces(rotation, embeddings)
    return Codewords(rotation, np.stack([learn_words(part) for part in parts]))


def pieces(rotation: HashLayer, embeddings: Embeddings) -> list[Floats64]:
    """What lies beyond the thresholds, as (n, 4) each, of about the same scale."""
    beyond = rotation.project(embeddings)
    lengths = np.sqrt((embeddings.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    beyond /= np.where(lengths == 0, 1, lengths) * np.abs(rotation.rotation).max()
    return np.split(beyond, rotation.n_bits // PIECE, axis=1)


def assign(part: Floats64, words: Floats64) -> npt.NDArray[np.intp]:
    """The nearest of words (16, 4) to each of a piece (n, 4)."""
    nearest: npt.NDArray[np.intp] = np.argmin(
        (words**2).sum(axis=1) - 2 * part @ words.T, axis=1
    )
    return nearest


def learn_words(part: Floats64) -> Floats64:
    """16 codewords (16, 4) of a piece (n, 4), from the corners that name them.

    Each round moves a word to the mean of what is nearest to it, and to where its
    distances from the other words fit the bits between them, by weight.
    """
    scale = np.abs(part).mean()
    words: Floats64 = CORNERS * scale
    for _ in range(ROUNDS):
        nearest = assign(part, words)
        shares = np.bincount(nearest, minlength=16) / len(part)
        sums = np.zeros_like(words)
        np.add.at(sums, nearest, part)
        weights = 2 * AFFINITY * np.outer(shares, shares)  # (16, 16), each pair twice
        wanted = _where_bits_fit(words, 2 * scale)
        pulled = (weights[:, :, None] * wanted).sum(axis=1)
        total = shares + weights.sum(axis=1)
        kept = total > 0
        words[kept] = (sums / len(part) + pulled)[kept] / total[kept, None]
    return words


def _where_bits_fit(words: Floats64, scale: float) -> Floats64:
    """Where word i should be for its distance from word j alone: (16, 16, 4)."""
    between = words[:, None] - words  # (16, 16, 4)
    lengths = np.linalg.norm(between, axis=2, keepdims=True)
    direction = between / np.where(lengths == 0, 1, lengths)
    wanted: Floats64 = words + direction * (scale * APART)[:, :, None]
    return wanted
