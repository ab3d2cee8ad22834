"""The interface of every hash layer: codes of embeddings, and a file to keep it in."""

from pathlib import Path
from typing import Protocol

from hashing.codes import Codes
from hashing.embeddings import Embeddings


class HashLayer(Protocol):
    """Makes codes of embeddings."""

    @property
    def dim(self) -> int:
        """Numbers in an embedding."""

    @property
    def n_bits(self) -> int:
        """Bits per code; a multiple of eight."""

    def codes(self, embeddings: Embeddings) -> Codes:
        """Compute the codes (n, n_bits // 8) of embeddings (n, dim)."""

    def save(self, path: Path) -> None:
        """Write the layer as `.npz`; `hashing.layers.stored_layers` reads it."""
