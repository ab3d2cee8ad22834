"""All that decides what `fit` makes, read from a TOML file and saved on the card."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hashing.fitting.tuning import Tuning


@dataclass(frozen=True)
class Source:
    """A SET to learn from, and under which terms it may be used."""

    set: str
    licence: str
    label: str = ""  # the column whose kinds are learned; none of them without
    retakes: int = 0  # made-up other photos of each picture, for its kind
    weight: float = 1.0  # of each picture, for its kind
    is_place: bool = False  # each picture is remembered (see hashing.fitting.kind)
    shows: str = ""  # the column of what the network is tuned to tell apart
    views: int = 4  # made-up other photos of each picture, for that
    share: float = 0.0  # of the pictures that are shown then


@dataclass(frozen=True)
class Trial:
    """Queries and a gallery in which answers with the same `label` are right.

    Queries that are `altered` were cropped, compressed and darkened a little: they
    stand for a shopper's copy of the shop's own picture, which is then the answer.
    """

    queries: str
    gallery: str
    label: str
    altered: bool = False
    weight: float = 1.0  # how often such queries are expected, for the match curve


@dataclass(frozen=True)
class Recipe:
    """Everything but the pictures themselves."""

    name: str
    description: str
    seed: int
    n_bits: int
    item_dim: int
    kind_dim: int  # of those, that give way to the kind; 0: no labels are learned
    look_dim: int
    item_power: float  # axes are scaled by their variance to the power -item_power/2
    look_power: float
    kind_weight: float  # of the kind beside an item of weight one, where it is known
    look_weight: float  # of the look beside an item of weight one
    kind_ridge: float
    kind_places: int  # beside those that are pictures of their own
    kind_near: tuple[float, float]  # cosines at which the kind begins and is whole
    weights: str  # where the network's weights come from, and their licence
    tuning: Tuning  # of the network's last stage
    sources: tuple[Source, ...]
    match: tuple[Trial, ...]  # what the match curve is fitted to
    figures: tuple[Trial, ...]  # what is measured and put on the card
    limits: tuple[str, ...]  # what the encoder is not good at

    @property
    def parts(self) -> dict[str, tuple[int, float]]:
        """Name, dim and weight of each part of the embedding, in order."""
        kind = {"kind": (self.kind_dim, self.kind_weight)} if self.kind_dim else {}
        item = {"item": (self.item_dim - self.kind_dim, 1.0)}
        return item | kind | {"look": (self.look_dim, self.look_weight)}

    @property
    def dim(self) -> int:
        """Numbers in the embedding."""
        return sum(dim for dim, _ in self.parts.values())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file with these names; raises ValueError for others."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            values["sources"] = tuple(Source(**s) for s in values["sources"])
            values["match"] = tuple(Trial(**t) for t in values["match"])
            values["figures"] = tuple(Trial(**t) for t in values["figures"])
            values["limits"] = tuple(values["limits"])
            values["tuning"] = Tuning(**values["tuning"])
            begins, whole = values["kind_near"]
            values["kind_near"] = (float(begins), float(whole))
            return cls(**values)
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path} is no recipe: {error}") from error
