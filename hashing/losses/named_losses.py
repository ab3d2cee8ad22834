"""Losses by name, for training and benchmarks."""

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
from hashing.losses.regularisers import BitBalance, Decorrelation, Quantisation
from hashing.losses.supcon import supcon
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

# Losses with a target or weights for every class.
CLASS_LOSSES = {"csq", "greedyhash", "orthohash", "proxy_anchor"}

# Called with the teacher's embeddings in the place of labels.
DISTILLATIONS: dict[str, Callable[..., nn.Module]] = {
    "neighbours": NeighbourDistillation,
    "similarities": SimilarityDistillation,
}


def make_loss(name: str, *, n_classes: int, n_bits: int, **options: Any) -> nn.Module:
    """Make a loss of `LOSSES`, called with outputs (B, n_bits) and labels (B,) int64.

    Labels are below n_classes. `options` are the paper's hyper-parameters, with the
    paper's defaults. Some losses have parameters of their own to optimise. Raises
    ValueError for unknown names and options.
    """
    if name in CLASS_LOSSES:
        options = {"n_classes": n_classes, "n_bits": n_bits, **options}
    return _make("loss", LOSSES, name, options)


def make_distillation(name: str, **options: Any) -> nn.Module:
    """Make one of `DISTILLATIONS`. Raises ValueError as `make_loss` does."""
    return _make("distillation", DISTILLATIONS, name, options)


def _make(
    what: str,
    table: Mapping[str, Callable[..., nn.Module]],
    name: str,
    options: Mapping[str, Any],
) -> nn.Module:
    if name not in table:
        raise ValueError(f"no {what} {name!r}; there are {', '.join(table)}")
    allowed = signature(table[name]).parameters
    if unknown := [option for option in options if option not in allowed]:
        raise ValueError(
            f"{name} has no option {', '.join(unknown)}; there are {', '.join(allowed)}"
        )
    return table[name](**options)
