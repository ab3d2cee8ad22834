"""Worlds that an encoder was not taught: queries, a gallery, and 10,000 distractors.

A world belongs to a group of the sets that teach, or to none: then nobody is taught it.
A twin of a candidate is trained without some groups and asked about their worlds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt

from benchmarks.unseen.sets import SEED, Pictures, made_up, plain

FURNITURE = ("Living room", "Bedroom", "Office", "Bathroom", "Lights")
MAX_QUERIES = 600  # of a set; more are thinned out evenly
DISTRACTORS = 10_000
SETS = (
    "grocery",
    "clothing",
    "clothingplus",
    "luma",
    "renders3d",
    "demoshop",
    "demoshops2",
    "warehouse",
    "dreambooth",
    "street",
)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Side:
    """Some rows of a set, as queries or as part of a gallery, and their labels."""

    pictures: Pictures
    rows: Rows
    label: str

    @classmethod
    def of(
        cls,
        pictures: Pictures,
        chosen: Sequence[bool] | None = None,
        label: str = "product_id",
    ) -> Self:
        """All rows of a set, or those `chosen`."""
        if chosen is None:
            chosen = [True] * len(pictures.rows)
        return cls(pictures, np.flatnonzero(chosen), label)

    def thinned(self) -> "Side":
        """At most MAX_QUERIES rows, evenly spread."""
        step = -(-len(self.rows) // MAX_QUERIES)
        return Side(self.pictures, self.rows[::step], self.label)

    def column(self, name: str) -> list[str]:
        values = self.pictures.column(name)
        return [values[row] for row in self.rows]

    @property
    def keys(self) -> list[str]:
        """Names of pictures, the same for the same picture."""
        return [f"{self.pictures.name}:{row}" for row in self.rows]


@dataclass(frozen=True, eq=False)
class World:
    """A question that an encoder is asked without having been taught its answers."""

    name: str
    queries: tuple[Side, ...]
    gallery: tuple[Side, ...]
    group: str = ""  # of the sets that teach
    apart: str = ""  # a column in which an answer has to differ from its query

    @property
    def sets(self) -> set[str]:
        """Names of the sets that its gallery is of."""
        return {side.pictures.name for side in self.gallery}


def photos(
    name: str, pictures: Pictures, group: str = "", chosen: Sequence[bool] | None = None
) -> World:
    """Photos of a set, asked for its catalogue pictures."""
    kinds = pictures.column("kind")
    among = [True] * len(kinds) if chosen is None else chosen
    queries, gallery = (
        [own == kind and ok for own, ok in zip(kinds, among, strict=True)]
        for kind in ("photo", "catalogue")
    )
    return World(
        name,
        (Side.of(pictures, queries).thinned(),),
        (Side.of(pictures, gallery),),
        group,
    )


def garments() -> World:
    """Garments by kind, among those of other people."""
    clothing, more = plain("clothing"), plain("clothingplus")
    trains = [split == "train" for split in clothing.column("split")]
    others = [not one for one in trains]
    return World(
        "garments, by kind",
        (
            Side.of(more, label="fine_label"),
            Side.of(clothing, others, "fine_label"),
        ),
        (
            Side.of(more, label="fine_label"),
            Side.of(clothing, trains, "fine_label"),
        ),
        "garments",
        apart="sender_id",
    )


def is_furniture() -> list[bool]:
    return [kind in FURNITURE for kind in plain("renders3d").column("coarse_label")]


@cache
def worlds() -> tuple[World, ...]:
    """Every world, in the order of the table."""
    renders, luma, things = plain("renders3d"), plain("luma"), plain("dreambooth")
    is_main = [view == "main" for view in luma.column("view")]
    demo = ("demoshop", "demoshops2")
    everything = Side.of(things)
    return (
        photos("groceries", plain("grocery"), "groceries"),
        garments(),
        World(
            "luma, other views",
            (Side.of(luma, [not main for main in is_main]),),
            (Side.of(luma, is_main),),
            "luma",
        ),
        photos("3D household", renders, "household", [not f for f in is_furniture()]),
        photos("3D furniture", renders, "furniture", is_furniture()),
        World(
            "demo shops, made-up photos",
            tuple(Side.of(made_up(name)) for name in demo),
            tuple(Side.of(plain(name)) for name in demo),
            "demo shops",
        ),
        photos("warehouse", plain("warehouse")),
        World("dreambooth, other photos", (everything,), (everything,)),
        photos("street photos", plain("street")),
    )


@cache
def distractors(world: World) -> tuple[Side, ...]:
    """10,000 pictures of other sets, of 3D models of the other sort at most."""
    sides = [Side.of(plain(name)) for name in SETS if name not in world.sets]
    if "renders3d" in world.sets:
        own = world.name == "3D furniture"
        sides.append(Side.of(plain("renders3d"), [f != own for f in is_furniture()]))
    starts = np.cumsum([0, *(len(side.rows) for side in sides)])
    drawn = np.random.default_rng(SEED).permutation(starts[-1])[:DISTRACTORS]
    return tuple(
        Side(
            side.pictures, side.rows[np.sort(drawn[(drawn >= a) & (drawn < b)]) - a], ""
        )
        for side, a, b in zip(sides, starts, starts[1:], strict=False)
    )
