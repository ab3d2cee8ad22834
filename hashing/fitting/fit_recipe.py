"""Options of `python -m hashing fit`, read from a TOML file and kept on the card."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from hashing.fitting.tuning import TuningOptions
from hashing.layers.named_layers import check_layer
from hashing.networks.architectures import NETWORKS

# Names that were used before, and are still read.
FORMER_NAMES = {
    "item_power": "item_whitening",
    "look_power": "look_whitening",
    "kind_places": "kind_prototypes",
    "kind_near": "kind_fade_cosines",
    # of [tuning]
    "rate": "learning_rate",
    "photos": "photo_weight",
    "distillation": "distillation_weight",
    "way": "interpolation",
    # of [[sources]]
    "retakes": "kind_photos",
    "is_place": "is_prototype",
    "shows": "tuning_label",
    "views": "tuning_photos",
    "share": "tuning_share",
}


@dataclass(frozen=True)
class RecipeSource:
    """A set of pictures to learn from, and the terms under which it may be used."""

    set: str  # SET[:SPLIT]
    licence: str
    label: str = ""  # column of the kinds that are learned; "": none
    kind_photos: int = 0  # synthetic photos of each picture, to learn kinds from
    weight: float = 1.0  # of each picture, for its kind; 0: not used for kinds
    is_prototype: bool = False  # remember each picture, see `kind_projection`
    tuning_label: str = ""  # column that tuning tells apart; "": not used for tuning
    tuning_photos: int = 4  # synthetic photos of each picture, for tuning
    tuning_share: float = 0.0  # of the pictures in a batch of tuning


@dataclass(frozen=True)
class RetrievalTask:
    """Queries and a gallery, in which answers with the same `label` are right.

    `altered` queries are cropped, compressed and made a little darker or lighter: they
    stand for a shopper's copy of the shop's own picture, which is then the answer.
    """

    queries: str
    gallery: str
    label: str
    altered: bool = False
    weight: float = 1.0  # expected frequency of such queries, for the match curve


@dataclass(frozen=True)
class FitRecipe:
    """Everything that decides what is fitted, except the pictures themselves."""

    name: str
    description: str
    seed: int
    n_bits: int
    item_dim: int  # numbers of `item`, including those that overlap `kind`
    kind_dim: int  # numbers of `kind`, at the end of `item`; 0: there is no such part
    look_dim: int
    item_whitening: float  # see `hashing.fitting.projection.fit_projection`
    look_whitening: float
    kind_weight: float  # beside an item of weight one, where it counts in full
    look_weight: float  # beside an item of weight one
    kind_ridge: float
    kind_prototypes: int  # clusters, in addition to pictures remembered singly
    kind_fade_cosines: tuple[float, float]  # at which kind starts, and counts in full
    weights: str  # where the network's weights come from, and their licence
    tuning: TuningOptions
    sources: tuple[RecipeSource, ...]
    match: tuple[RetrievalTask, ...]  # what the match curve is fitted to
    figures: tuple[RetrievalTask, ...]  # what is measured for the card
    limits: tuple[str, ...]  # what the encoder is not good at
    network: str = "efficientnet_lite0"  # one of hashing/networks/architectures.py
    weights_file: str = ""  # that torch.save wrote; "": those of the network's package
    layer: str = "itq"  # one of hashing/layers/named_layers.py
    layer_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, tuple[int, float]]:
        """Dim and weight of each part of the embedding by name, in order."""
        kind = {"kind": (self.kind_dim, self.kind_weight)} if self.kind_dim else {}
        item = {"item": (self.item_dim - self.kind_dim, 1.0)}
        return item | kind | {"look": (self.look_dim, self.look_weight)}

    @property
    def dim(self) -> int:
        """Numbers in the embedding."""
        return sum(dim for dim, _ in self.parts.values())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file with the names above.

        Raises ValueError for unknown, missing and wrong ones.
        """
        try:
            values = _renamed(tomllib.loads(path.read_text(encoding="utf-8")))
            tables = [_renamed(source) for source in values["sources"]]
            values["sources"] = tuple(RecipeSource(**source) for source in tables)
            values["match"] = tuple(RetrievalTask(**task) for task in values["match"])
            values["figures"] = tuple(
                RetrievalTask(**task) for task in values["figures"]
            )
            values["limits"] = tuple(values["limits"])
            values["tuning"] = TuningOptions(**_renamed(values["tuning"]))
            start, full = values["kind_fade_cosines"]
            values["kind_fade_cosines"] = (float(start), float(full))
            recipe = cls(**values)
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path} is no recipe: {error}") from error
        check_layer(recipe.layer, recipe.layer_options)
        recipe._check_network(path)
        return recipe

    def _check_network(self, path: Path) -> None:
        """Raise ValueError if the recipe asks a network for what it does not have."""
        if self.network not in NETWORKS:
            names = ", ".join(NETWORKS)
            raise ValueError(f"{path}: no network {self.network!r}; there are {names}")
        if not self.weights_file and NETWORKS[self.network].package is None:
            raise ValueError(
                f"{path}: no package holds weights of {self.network}: name a file of "
                "them as `weights_file`"
            )
        if self.network.startswith("efficientnet_lite"):
            return
        tuned = [source.set for source in self.sources if source.tuning_label]
        if self.kind_dim or tuned:
            raise ValueError(
                f"{path}: {self.network} has no part `kind` and is not tuned: set "
                "kind_dim = 0, and leave out tuning_label"
            )


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}
