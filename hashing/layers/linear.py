"""A hash layer: embedding to bits by a rotation and thresholds.

The arithmetic is exact. An embedding is int8 and the rotation int16, so every sum of
256 products is a whole number below 2**53, which float64 holds without rounding. Bits
therefore depend neither on the machine, nor on the linear algebra library, nor on
what else is in the batch, and can be made again from stored embeddings.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hashing.codes import Codes, pack

Embeddings = npt.NDArray[np.int8]  # (n, dim)
Floats = npt.NDArray[np.floating]

LARGEST = 32767  # of an int16


@dataclass(frozen=True)
class HashLayer:
    """Bit j of a unit vector e is e · rotation[:, j] >= thresholds[j]."""

    rotation: npt.NDArray[np.int16]  # (dim, n_bits)
    thresholds: npt.NDArray[np.float64]  # (n_bits,), in the rotation's units

    @classmethod
    def of(cls, rotation: Floats, thresholds: Floats) -> Self:
        """Round a rotation (dim, n_bits) of real numbers, thresholds alongside."""
        scale = LARGEST / np.abs(rotation).max()
        whole = np.rint(rotation * scale).astype(np.int16)
        return cls(whole, np.asarray(thresholds * scale, dtype=np.float64))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; raises OSError, ValueError or KeyError if damaged."""
        with np.load(path, allow_pickle=False) as arrays:
            layer = cls(arrays["rotation"], arrays["thresholds"])
        if layer.rotation.dtype != np.int16 or layer.rotation.ndim != 2:
            raise ValueError(
                f"rotation is {layer.rotation.dtype}, not int16 (dim, bits)"
            )
        if layer.thresholds.shape != (layer.n_bits,) or layer.n_bits % 8:
            raise ValueError(
                f"{layer.thresholds.shape} thresholds, {layer.n_bits} bits"
            )
        return layer

    def save(self, path: Path) -> None:
        """Write the layer as `.npz`; the same layer gives the same bytes."""
        np.savez(path, rotation=self.rotation, thresholds=self.thresholds)

    @property
    def dim(self) -> int:
        """Numbers in an embedding."""
        return int(self.rotation.shape[0])

    @property
    def n_bits(self) -> int:
        """Bits in a code."""
        return int(self.rotation.shape[1])

    @cached_property
    def _wide_rotation(self) -> npt.NDArray[np.float64]:
        return self.rotation.astype(np.float64)

    def project(self, embeddings: Embeddings) -> npt.NDArray[np.float64]:
        """How far each embedding (n, dim) lies beyond each threshold: (n, n_bits)."""
        whole = embeddings.astype(np.float64)
        norms = np.sqrt((whole * whole).sum(axis=1, keepdims=True))
        beyond: npt.NDArray[np.float64] = whole @ self._wide_rotation
        beyond -= norms * self.thresholds
        return beyond

    def codes(self, embeddings: Embeddings) -> Codes:
        """Codes (n, n_bits // 8) of embeddings (n, dim)."""
        if embeddings.dtype != np.int8 or embeddings.shape[1:] != (self.dim,):
            raise ValueError(
                f"expected int8 (n, {self.dim}), got "
                f"{embeddings.dtype} {embeddings.shape}"
            )
        return pack(self.project(embeddings))


def quantise(vectors: Floats) -> Embeddings:
    """Unit vectors (n, dim) as int8, each by its own largest number.

    Cosine ignores the length, so the scale need not be kept. Zero stays zero.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors * (127 / np.where(largest == 0, 1, largest))
    return np.rint(scaled).astype(np.int8)


def unit(vectors: Embeddings | Floats) -> npt.NDArray[np.float32]:
    """Rows (n, dim) scaled to length one, as float32; zero stays zero."""
    floats = vectors.astype(np.float32)
    norms = np.linalg.norm(floats, axis=1, keepdims=True)
    floats /= np.where(norms == 0, 1, norms)  # `floats` is a copy of ours
    return floats
