"""Hash layers by name, for recipes, commands and benchmarks.

A new layer is a function here that takes embeddings (n, dim) and n_bits, and returns a
`HashLayer`. One that is not linear also needs a line in `stored_layers`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Any

from hashing.embeddings import Embeddings
from hashing.layers.autoencoder import fit_autoencoder
from hashing.layers.hash_layer import HashLayer
from hashing.layers.heads import fit_head
from hashing.layers.itq import AxisOptions, fit_itq
from hashing.layers.kmeans import fit_kmeans
from hashing.layers.linear import LinearHashLayer
from hashing.layers.lsh import fit_lsh
from hashing.layers.pca import fit_pca

HIDDEN_NUMBERS = 512
GIVEN = {"embeddings", "n_bits", "seed", "labels"}  # parameters that are no options


def fit_itq_within_classes(
    embeddings: Embeddings, n_bits: int, *, labels: Sequence[str], seed: int = 0
) -> LinearHashLayer:
    """Fit ITQ to embeddings (n, dim) that are first whitened within classes."""
    return fit_itq(embeddings, n_bits, seed=seed, axes=AxisOptions(labels=labels))


LAYERS: dict[str, Callable[..., HashLayer]] = {
    "autoencoder": fit_autoencoder,
    "itq": fit_itq,
    "itq_one_rotation": partial(fit_itq, prefixes=False),
    "itq_uncentred": partial(fit_itq, axes=AxisOptions(centring=False)),
    "itq_half_white": partial(fit_itq, axes=AxisOptions(whitening=0.5)),
    "itq_white": partial(fit_itq, axes=AxisOptions(whitening=1.0)),
    "kmeans": fit_kmeans,
    "lsh": fit_lsh,
    "pca": fit_pca,
}

# Layers that learn from labels too.
LABELLED_LAYERS: dict[str, Callable[..., HashLayer]] = {
    "itq_within_classes": fit_itq_within_classes,
    "linear_head": fit_head,
    "two_layer_head": partial(fit_head, hidden=HIDDEN_NUMBERS),
}


def fit_layer(
    name: str,
    embeddings: Embeddings,
    n_bits: int,
    *,
    seed: int = 0,
    labels: Sequence[str] | None = None,
    **options: Any,
) -> HashLayer:
    """Fit a layer of `LAYERS` or `LABELLED_LAYERS` to embeddings (n, dim).

    Only the latter use `labels`, and need them. Raises ValueError for unknown names and
    options, missing labels and too few embeddings.
    """
    check_layer(name, options)
    if name in LAYERS:
        return LAYERS[name](embeddings, n_bits, seed=seed, **options)
    if labels is None:
        raise ValueError(f"layer {name!r} is learned from labels, and there are none")
    return LABELLED_LAYERS[name](
        embeddings, n_bits, seed=seed, labels=labels, **options
    )


def check_layer(name: str, options: Mapping[str, Any]) -> None:
    """Raise ValueError unless there is a layer of that name with these options."""
    layers = LAYERS | LABELLED_LAYERS
    if name not in layers:
        raise ValueError(f"no layer {name!r}; there are {', '.join(layers)}")
    parameters = signature(layers[name]).parameters.values()
    if any(each.kind == Parameter.VAR_KEYWORD for each in parameters):
        return  # the loss of a head checks its own options
    allowed = [each.name for each in parameters if each.name not in GIVEN]
    if unknown := [option for option in options if option not in allowed]:
        raise ValueError(
            f"layer {name} has no option {', '.join(unknown)}; "
            f"there are {', '.join(allowed) or 'none'}"
        )
