"""Building solids: primitives joined, cut and intersected into parts.

One unit is about the height of a mug drawn one unit high; y points up, the ground is
y = 0 and z points to the customer. Angles are degrees.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from demo.renderer import program as D
from demo.renderer.materials import Material

Point = tuple[float, ...]


@dataclass(frozen=True)
class Primitive:
    kind: int
    material: Material | None
    size: tuple[float, ...] = (0.0, 0.0, 0.0)
    points: tuple[Point, ...] = ()
    half: tuple[float, float, float] = (0.0, 0.0, 0.0)  # its box, before at and turn
    middle: tuple[float, float, float] = (0.0, 0.0, 0.0)
    at: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    mirror: str = ""
    repeat: int = 0  # copies about the y axis; the first lies towards x
    round: float = 0.0
    skin: float = 0.0
    lobes: tuple[int, float, float] = (0, 0.0, 0.0)  # count, depth, twist
    op: int = D.JOIN
    soft: float = 0.0

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Primitive":
        return replace(self, at=(self.at[0] + x, self.at[1] + y, self.at[2] + z))


def rotation(turn: Sequence[float]) -> D.Floats:
    """Return the matrix that turns about x, then y, then z."""
    x, y, z = (math.radians(angle) for angle in turn)
    cx, sx, cy, sy, cz, sz = (f(a) for a in (x, y, z) for f in (math.cos, math.sin))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float64)


def ball(r: float, m: Material | None, **more: Any) -> Primitive:
    return Primitive(D.SPHERE, m, (r, 0, 0), half=(r, r, r), **more)


def egg(a: float, b: float, c: float, m: Material | None, **more: Any) -> Primitive:
    return Primitive(D.ELLIPSOID, m, (a, b, c), half=(a, b, c), **more)


def box(
    a: float, b: float, c: float, m: Material | None, r: float = 0.0, **more: Any
) -> Primitive:
    """Return a box of half sizes a, b, c with edges rounded by r."""
    size = (a - r, b - r, c - r)
    return Primitive(D.BOX, m, size, half=(a, b, c), round=r, **more)


def rod(
    radius: float, half: float, m: Material | None, r: float = 0.0, **more: Any
) -> Primitive:
    """Return an upright cylinder of half height `half`."""
    size = (radius - r, 0, half - r)
    return Primitive(D.CYLINDER, m, size, half=(radius, half, radius), round=r, **more)


def cone(
    low: float,
    high: float,
    half: float,
    m: Material | None,
    r: float = 0.0,
    **more: Any,
) -> Primitive:
    wide = max(low, high)
    size = (low - r, high - r, half - r)
    return Primitive(D.CONE, m, size, half=(wide, half, wide), round=r, **more)


def ring(big: float, small: float, m: Material | None, **more: Any) -> Primitive:
    """Return a torus that lies flat."""
    half = (big + small, small, big + small)
    return Primitive(D.TORUS, m, (big, small, 0), half=half, **more)


def _profile(
    kind: int,
    points: Sequence[Point],
    m: Material | None,
    grow: float,
    **more: Any,
) -> Primitive:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    wide = max(abs(x) for x in xs) * (1 + more.get("lobes", (0, 0, 0))[1]) + grow
    middle = (0.0, (min(ys) + max(ys)) / 2, 0.0)
    half = (wide, (max(ys) - min(ys)) / 2 + grow, wide)
    return Primitive(kind, m, points=tuple(points), half=half, middle=middle, **more)


def turned(points: Sequence[Point], wall: float, m: Material, **more: Any) -> Primitive:
    """Return a thin-walled vessel: (radius, height) points turned about y."""
    return _profile(D.LATHE, points, m, wall, round=wall, **more)


def turned_solid(
    points: Sequence[Point], m: Material | None, r: float = 0.0, **more: Any
) -> Primitive:
    """Return a full body of revolution; the end points should lie on the axis."""
    return _profile(D.BODY, points, m, r, round=r, **more)


def sheet(  # noqa: PLR0913 - a drawing, its thickness, edge
    points: Sequence[Point],
    half: float,
    m: Material | None,
    r: float = 0.0,
    pillow: float = 0.0,
    **more: Any,
) -> Primitive:
    """Return an extruded polygon in x and y, `half` thick each way, grown by r."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, 0.0)
    reach = ((max(xs) - min(xs)) / 2 + r, (max(ys) - min(ys)) / 2 + r, half + r)
    return Primitive(
        D.PRISM,
        m,
        (half, pillow, 0),
        points=tuple(points),
        half=reach,
        middle=middle,
        round=r,
        **more,
    )


def tube(
    points: Sequence[Point], r: float, m: Material | None, end: float = 0.0, **more: Any
) -> Primitive:
    """Return a bent rod through the points; its radius runs from r to `end`."""
    end = end or r
    steps = max(1, len(points) - 1)
    full = tuple(
        (p[0], p[1], p[2] if len(p) > 2 else 0.0, r + (end - r) * i / steps)
        for i, p in enumerate(points)
    )
    low, high = np.min(full, axis=0)[:3], np.max(full, axis=0)[:3]
    half = (high - low) / 2 + max(r, end)
    middle = (high + low) / 2
    return Primitive(
        D.TUBE, m, points=full, half=tuple(half), middle=tuple(middle), **more
    )


def blend(primitive: Primitive, soft: float) -> Primitive:
    return replace(primitive, op=D.BLEND, soft=soft)


def cut(primitive: Primitive, soft: float = 0.0) -> Primitive:
    return replace(primitive, op=D.CUT, soft=soft)


def keep(primitive: Primitive, soft: float = 0.0) -> Primitive:
    return replace(primitive, op=D.KEEP, soft=soft)


def curve(points: Sequence[Point], n: int = 14, *, closed: bool = False) -> list[Point]:
    """Return n points on a smooth line through the given ones (Catmull-Rom)."""
    given = np.array(points, dtype=np.float64)
    if closed:
        given = np.vstack([given[-1], given, given[0], given[1]])
    else:
        given = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    spans = len(given) - 3
    places = np.linspace(0, spans, n, endpoint=not closed)
    drawn = []
    for place in places:
        i = min(int(place), spans - 1)
        t = place - i
        a, b, c, d = given[i : i + 4]
        drawn.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return [tuple(float(v) for v in point) for point in drawn]


def arc(  # noqa: PLR0913 - an ellipse, two angles, a count
    x: float, y: float, rx: float, ry: float, start: float, end: float, n: int = 12
) -> list[Point]:
    """Return points of an ellipse's arc in the xy plane, from angle to angle."""
    angles = np.radians(np.linspace(start, end, n))
    return [(x + rx * math.cos(a), y + ry * math.sin(a), 0.0) for a in angles]


@dataclass
class Solid:
    """The shape of one product; glass parts are kept apart, as light passes them."""

    parts: list[list[Primitive]] = field(default_factory=list)
    glass: list[list[Primitive]] = field(default_factory=list)

    def add(self, *primitives: Primitive) -> "Solid":
        first = primitives[0].material
        clear = first is not None and first.glass > 0
        (self.glass if clear else self.parts).append(list(primitives))
        return self


def bounds(primitive: Primitive) -> tuple[D.Floats, D.Floats]:
    """Return the low and high corner of a primitive in its product's space."""
    matrix = rotation(primitive.turn)
    scale = np.array(primitive.scale)
    middle = matrix @ (np.array(primitive.middle) * scale) + np.array(primitive.at)
    half = np.abs(matrix) @ (np.array(primitive.half) * scale)
    half = half + primitive.skin
    low, high = middle - half, middle + half
    for axis, letter in ((0, "x"), (2, "z")):
        if letter in primitive.mirror:
            high[axis] = max(abs(low[axis]), abs(high[axis]))
            low[axis] = -high[axis]
    if primitive.repeat:
        wide = math.hypot(
            max(abs(low[0]), abs(high[0])), max(abs(low[2]), abs(high[2]))
        )
        low[[0, 2]], high[[0, 2]] = -wide, wide
    return low, high
