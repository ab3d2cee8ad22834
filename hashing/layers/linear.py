"""The linear hash layer: a rotation and thresholds, computed exactly.

Embeddings are int8 and the rotation is int16, so every sum of 256 products is a whole
number below 2**53, which float64 holds without rounding. Bits therefore depend neither
on the machine, nor on the linear algebra library, nor on the rest of a batch, and can
be computed again from stored embeddings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float64Array, FloatArray
from hashing.codes import Codes, pack
from hashing.embeddings import Embeddings, l2_normalise

INT16_MAX = 32767


@dataclass(frozen=True)
class LinearHashLayer:
    """Sets bit j of a unit vector e where e · rotation[:, j] >= thresholds[j]."""

    rotation: npt.NDArray[np.int16]  # (dim, n_bits)
    thresholds: Float64Array  # (n_bits,), in the rotation's units

    @classmethod
    def rounded(cls, rotation: FloatArray, thresholds: FloatArray) -> Self:
        """Round a rotation (dim, n_bits) to int16 and scale the thresholds with it."""
        scale = INT16_MAX / np.abs(rotation).max()
        whole = np.rint(rotation * scale).astype(np.int16)
        return cls(whole, np.asarray(thresholds * scale, dtype=np.float64))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Make a layer of what `save` wrote. Raises ValueError if shapes do not fit."""
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
        """Bits per code."""
        return int(self.rotation.shape[1])

    @cached_property
    def _float_rotation(self) -> Float64Array:
        return self.rotation.astype(np.float64)

    def project(self, embeddings: Embeddings) -> Float64Array:
        """Compute how far embeddings (n, dim) lie above each threshold: (n, n_bits)."""
        floats = embeddings.astype(np.float64)
        norms = np.sqrt((floats * floats).sum(axis=1, keepdims=True))
        margins: Float64Array = floats @ self._float_rotation
        margins -= norms * self.thresholds
        return margins

    def codes(self, embeddings: Embeddings) -> Codes:
        """Compute the codes (n, n_bits // 8) of embeddings (n, dim)."""
        check_embeddings(embeddings, self.dim)
        return pack(self.project(embeddings))


def recentre(layer: LinearHashLayer, embeddings: Embeddings) -> LinearHashLayer:
    """Move a layer's thresholds to the mean of some embeddings, keeping its rotation.

    For shops with too few pictures to learn a rotation from.
    """
    mean = l2_normalise(embeddings).mean(axis=0)
    return LinearHashLayer(layer.rotation, mean @ layer.rotation.astype(np.float64))


def check_embeddings(embeddings: Embeddings, dim: int) -> None:
    """Raise ValueError unless embeddings are int8 (n, dim)."""
    if embeddings.dtype != np.int8 or embeddings.shape[1:] != (dim,):
        raise ValueError(
            f"expected int8 (n, {dim}), got {embeddings.dtype} {embeddings.shape}"
        )
