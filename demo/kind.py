"""What a kind of product is: how it is built and in which variants it comes."""

from collections.abc import Callable
from dataclasses import dataclass

from demo.renderer.materials import Material
from demo.renderer.solids import Solid


@dataclass(frozen=True)
class Look:
    """The shape and materials a builder makes a product of."""

    shape: str
    main: Material
    accent: Material
    trim: Material


@dataclass(frozen=True)
class Kind:
    """A kind of product: how it is built, and the variants it comes in."""

    name: str
    category: str
    build: Callable[[Look], Solid]
    shapes: dict[str, str]  # the builder's word: how a name says it
    finishes: tuple[str, ...]
    patterns: tuple[str, ...] = ("plain",)
    trims: tuple[Material, ...] = ()
    mapping: str = "around"
    girth: float = 2.4
    scale: float = 5.0
    level: float = 0.4  # where a band lies or a dip ends
    band: float = 0.09
    middle: tuple[float, float, float] = (0.0, 0.0, 0.0)
    views: tuple[tuple[float, float], ...] = ((30.0, 17.0), (-38.0, 32.0))
    price: tuple[float, float] = (10.0, 40.0)
    lies: bool = False  # flat things lie on their backs in photos
