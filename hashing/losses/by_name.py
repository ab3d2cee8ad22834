"""Losses by name: what training and benchmarks learn with, from one table."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from torch import nn

from hashing.losses.contrastive import contrastive
from hashing.losses.csq import CSQ
from hashing.losses.distillation import NeighbourDistillation, SimilarityDistillation
from hashing.losses.dsh import DSH
from hashing.losses.greedyhash import GreedyHash
from hashing.losses.hashnet import HashNet
from hashing.losses.orthohash import OrthoHash
from hashing.losses.proxy_anchor import proxy_anchor
from hashing.losses.supcon import supcon
from hashing.losses.terms import BitBalance, Decorrelation, Quantisation
from hashing.losses.triplet import triplet

LOSSES: dict[str, Callable[..., nn.Module]] = {
    "contrastive": contrastive,
    "csq": CSQ,
    "dsh": DSH,
    "greedyhash": GreedyHash,
    "hashnet": HashNet,
    "orthohash": OrthoHash,
    "proxy_anchor": proxy_anchor,
    "supcon": supcon,
    "triplet": triplet,
    "balance": BitBalance,
    "decorrelation": Decorrelation,
    "quantisation": Quantisation,
}

# These hold something for every class.
OF_CLASSES = {"csq", "greedyhash", "orthohash", "proxy_anchor"}

# Called with the general embeddings in the place of labels.
DISTILLATIONS: dict[str, Callable[..., nn.Module]] = {
    "neighbours": NeighbourDistillation,
    "similarities": SimilarityDistillation,
}


def make_loss(name: str, *, n_classes: int, n_bits: int, **options: Any) -> nn.Module:
    """A loss of `LOSSES`, called with outputs (B, n_bits) and labels (B,) int64.

    Labels are below n_classes. `options` are the paper's hyper-parameters, each with
    the paper's default. A loss may have parameters of its own to optimise. Raises
    ValueError for a name or an option that there is not.
    """
    if name in OF_CLASSES:
        options = {"n_classes": n_classes, "n_bits": n_bits, **options}
    return _make("loss", LOSSES, name, options)


def make_distillation(name: str, **options: Any) -> nn.Module:
    """One of `DISTILLATIONS`; raises ValueError as `make_loss` does."""
    return _make("distillation", DISTILLATIONS, name, options)


def _make(
    kind: str,
    table: Mapping[str, Callable[..., nn.Module]],
    name: str,
    options: Mapping[str, Any],
) -> nn.Module:
    if name not in table:
        raise ValueError(f"no {kind} {name!r}; there are {', '.join(table)}")
    known = signature(table[name]).parameters
    if unknown := [option for option in options if option not in known]:
        raise ValueError(
            f"{name} has no option {', '.join(unknown)}; there are {', '.join(known)}"
        )
    return table[name](**options)
