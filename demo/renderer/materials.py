"""What surfaces are made of: colours, patterns, finishes."""

from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

Colour = tuple[float, float, float]  # linear light

PATTERNS = (
    "plain",
    "stripes",
    "upright stripes",
    "dots",
    "checks",
    "gingham",
    "band",
    "speckle",
    "dipped",
    "zigzag",
    "diagonal stripes",
    "ombre",
    "marble",
    "wood",
    "diamonds",
    "flowers",
    "tartan",
    "terrazzo",
    "waves",
    "grid",
    "colour block",
    "camouflage",
    "panels",
)
MAPPINGS = ("around", "front", "top", "box", "side", "panel")
GRAINS = ("none", "weave", "leather", "brushed", "knit", "hammered", "fur", "wood")

# Columns of a material's row, in the order of `Material.row`.
(BASE, SECOND, THIRD) = (0, 3, 6)
(PATTERN, MAPPING, ACROSS, UP, AMOUNT, LEVEL, MIDDLE) = range(9, 16)
(ROUGH, METAL, SHINE, GRAIN, COARSE, SHEEN, GLOW, GLASS) = range(18, 26)
WIDTH = 26


def linear(colour: str) -> Colour:
    """Convert '#rrggbb' to linear light."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    light = np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )
    return (float(light[0]), float(light[1]), float(light[2]))


@dataclass(frozen=True)
class Material:
    colour: str = "#cccccc"
    second: str = "#ffffff"
    third: str = "#333333"
    pattern: str = "plain"
    mapping: str = "around"
    scale: float = 6.0  # cells to a unit
    girth: float = 2.4  # the way around, for patterns that must close
    amount: float = 0.5  # share of the second colour
    level: float = 0.3  # height of a band or of a dip
    middle: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rough: float = 0.5
    metal: float = 0.0
    shine: float = 0.04
    grain: str = "none"
    coarse: float = 40.0
    sheen: float = 0.0
    glow: float = 0.0
    glass: float = 0.0

    def row(self) -> list[float]:
        around = self.mapping == "around"
        across = self.scale
        if around:
            across = max(1.0, round(self.girth * self.scale))
            # Checks and camouflage need an even count to meet behind.
            across += across % 2
        return [
            *linear(self.colour),
            *linear(self.second),
            *linear(self.third),
            PATTERNS.index(self.pattern),
            MAPPINGS.index(self.mapping),
            across,
            self.scale,
            self.amount,
            self.level,
            *self.middle,
            self.rough,
            self.metal,
            self.shine,
            GRAINS.index(self.grain),
            self.coarse,
            self.sheen,
            self.glow,
            self.glass,
        ]

    def but(self, **changes: Any) -> "Material":
        return replace(self, **changes)

    def plain(self) -> "Material":
        return replace(self, pattern="plain")

    def __hash__(self) -> int:
        return hash(astuple(self))


FINISHES: dict[str, dict[str, Any]] = {
    "gloss": {"rough": 0.1, "shine": 0.05},
    "satin": {"rough": 0.32, "shine": 0.045},
    "matte": {"rough": 0.7, "shine": 0.03},
    "plastic": {"rough": 0.22, "shine": 0.045},
    "rubber": {"rough": 0.6, "shine": 0.04},
    "metal": {"rough": 0.16, "metal": 1.0},
    "brushed": {"rough": 0.34, "metal": 1.0, "grain": "brushed", "coarse": 120.0},
    "hammered": {"rough": 0.2, "metal": 1.0, "grain": "hammered", "coarse": 9.0},
    "enamel": {"rough": 0.14, "shine": 0.06},
    "cloth": {
        "rough": 0.95,
        "shine": 0.02,
        "grain": "weave",
        "coarse": 75.0,
        "sheen": 0.25,
    },
    "knit": {
        "rough": 0.95,
        "shine": 0.02,
        "grain": "knit",
        "coarse": 26.0,
        "sheen": 0.3,
    },
    "fur": {"rough": 1.0, "shine": 0.0, "grain": "fur", "coarse": 60.0, "sheen": 0.5},
    "leather": {"rough": 0.38, "shine": 0.045, "grain": "leather", "coarse": 42.0},
    "wood": {"rough": 0.5, "shine": 0.035, "pattern": "wood", "mapping": "box"},
    "lacquer": {"rough": 0.18, "shine": 0.05},
    "wax": {"rough": 0.45, "shine": 0.04, "sheen": 0.15},
    "glass": {"rough": 0.05, "shine": 0.05, "glass": 1.0},
}


def material(finish: str, colour: str, **more: Any) -> Material:
    return Material(colour=colour, **{**FINISHES[finish], **more})


STEEL = material("brushed", "#c9ccd0")
CHROME = material("metal", "#dfe2e6")
BRASS = material("metal", "#d9ae5f", rough=0.22)
COPPER = material("metal", "#d98a63", rough=0.22)
DARK_METAL = material("satin", "#2b2d31", rough=0.3, shine=0.06)
OAK = material("wood", "#c99a63", second="#a97a45", scale=3.0)
WALNUT = material("wood", "#7a4e31", second="#573521", scale=3.0)
BEECH = material("wood", "#e0bd8c", second="#cfa671", scale=3.0)
BLACK = material("plastic", "#1d1e21")
WHITE = material("plastic", "#f1f0ec")
RUBBER = material("rubber", "#26272a")
