"""Losses by name, for recipes and benchmarks."""

from collections.abc import Callable
from typing import Any

from torch import nn

from hashing.losses.contrastive import contrastive
from hashing.losses.csq import CSQ
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


def make_loss(name: str, *, n_classes: int, n_bits: int, **options: Any) -> nn.Module:
    """A loss of `LOSSES`, called with outputs (B, n_bits) and labels (B,) int64.

    Labels are below n_classes. `options` are the paper's hyper-parameters, each with
    the paper's default. A loss may have parameters of its own to optimise. Raises
    ValueError for a name that there is not.
    """
    if name not in LOSSES:
        raise ValueError(f"no loss {name!r}; there are {', '.join(LOSSES)}")
    if name in OF_CLASSES:
        return LOSSES[name](n_classes, n_bits, **options)
    return LOSSES[name](**options)
