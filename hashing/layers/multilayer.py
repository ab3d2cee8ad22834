"""A hash layer with a hidden layer: not linear, so that its bits are not exact.

It is computed in float32, whose rounding depends on the machine: of a code's bits a few
in a million may differ elsewhere. `hashing.layers.autoencoder` and the two-layer head
of `hashing.layers.heads` are trained into this form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float32Array
from hashing.codes import Codes, pack
from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.linear import check_embeddings


@dataclass(frozen=True)
class MultilayerHashLayer:
    """Unit vectors to bits by a hidden layer with ReLU and an output layer."""

    hidden_weights: Float32Array  # (dim, hidden)
    hidden_bias: Float32Array  # (hidden,)
    output_weights: Float32Array  # (hidden, n_bits)
    thresholds: Float32Array  # (n_bits,), of the outputs
    normalises_hidden: bool  # to length one, before the output layer

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Make a layer of what `save` wrote. Raises ValueError if shapes do not fit."""
        layer = cls(
            arrays["hidden_weights"],
            arrays["hidden_bias"],
            arrays["output_weights"],
            arrays["thresholds"],
            bool(arrays["normalises_hidden"]),
        )
        n_hidden, n_bits = layer.output_weights.shape
        shapes = (layer.hidden_weights.shape[1:], layer.hidden_bias.shape)
        if shapes != ((n_hidden,), (n_hidden,)) or layer.thresholds.shape != (n_bits,):
            raise ValueError("weights of its two layers do not fit")
        return layer

    def save(self, path: Path) -> None:
        """Write the layer as `.npz`."""
        np.savez(path, kind=np.array("multilayer"), allow_pickle=False, **vars(self))

    @property
    def dim(self) -> int:
        """Numbers in an embedding."""
        return int(self.hidden_weights.shape[0])

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return int(self.output_weights.shape[1])

    def codes(self, embeddings: Embeddings) -> Codes:
        """Compute the codes (n, n_bits // 8) of embeddings (n, dim)."""
        check_embeddings(embeddings, self.dim)
        vectors = l2_normalise(embeddings) @ self.hidden_weights + self.hidden_bias
        hidden = np.maximum(vectors, 0)
        if self.normalises_hidden:
            hidden = l2_normalise(hidden)
        return pack(hidden @ self.output_weights - self.thresholds)
