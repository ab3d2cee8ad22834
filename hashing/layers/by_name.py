"""Layers that are fitted without labels by name, for recipes and benchmarks."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from hashing.codes import Codes
from hashing.layers.autoencoder import fit_autoencoder
from hashing.layers.itq import Axes, fit_itq
from hashing.layers.kmeans import fit_kmeans
from hashing.layers.linear import Embeddings
from hashing.layers.lsh import fit_lsh
from hashing.layers.pca import fit_pca


class Layer(Protocol):
    """What makes codes of embeddings; a `HashLayer` where that is linear."""

    @property
    def n_bits(self) -> int:
        """Bits in a code."""

    def codes(self, embeddings: Embeddings) -> Codes:
        """Codes (n, n_bits // 8) of embeddings (n, dim)."""


LAYERS: dict[str, Callable[..., Layer]] = {
    "autoencoder": fit_autoencoder,
    "itq": fit_itq,
    "itq_one_rotation": partial(fit_itq, prefixes=False),
    "itq_uncentred": partial(fit_itq, axes=Axes(centring=False)),
    "itq_half_white": partial(fit_itq, axes=Axes(whitening=0.5)),
    "itq_white": partial(fit_itq, axes=Axes(whitening=1.0)),
    "kmeans": fit_kmeans,
    "lsh": fit_lsh,
    "pca": fit_pca,
}


def fit_layer(
    name: str, embeddings: Embeddings, n_bits: int, *, seed: int = 0
) -> Layer:
    """A layer of `LAYERS` fitted to embeddings (n, dim).

    Raises ValueError for a name that there is not, or for too few embeddings.
    """
    if name not in LAYERS:
        raise ValueError(f"no layer {name!r}; there are {', '.join(LAYERS)}")
    return LAYERS[name](embeddings, n_bits, seed=seed)
