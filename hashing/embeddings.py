"""Embeddings: unit vectors stored as int8 and compared by cosine."""

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float32Array, FloatArray

INT8_MAX = 127

Embeddings = npt.NDArray[np.int8]  # (n, dim)


def quantise_embeddings(vectors: FloatArray) -> Embeddings:
    """Round unit vectors (n, dim) to int8, each scaled by its own largest number.

    Cosine ignores length, so the scale is not stored. Zero vectors stay zero.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors * (INT8_MAX / np.where(largest == 0, 1, largest))
    return np.rint(scaled).astype(np.int8)


def l2_normalise(vectors: Embeddings | FloatArray) -> Float32Array:
    """Scale rows (n, dim) to length one, as float32. Zero rows stay zero."""
    floats = vectors.astype(np.float32)
    norms = np.linalg.norm(floats, axis=1, keepdims=True)
    floats /= np.where(norms == 0, 1, norms)  # `astype` copied: the caller's is intact
    return floats
