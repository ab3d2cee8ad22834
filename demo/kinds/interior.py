"""Clocks, cushions, baskets."""

from math import cos, radians, sin

from demo.kind import Kind, Look
from demo.kinds.pottery import vessel
from demo.renderer.materials import (
    BRASS,
    DARK_METAL,
    WALNUT,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    box,
    curve,
    egg,
    ring,
    rod,
    sheet,
    tube,
)


def face(solid: Solid, radius: float, z: float, y: float, look: Look) -> None:
    """Build a dial with marks and hands, facing the customer."""
    dial = material("satin", look.accent.colour)
    ink = look.trim
    solid.add(rod(radius, 0.012, dial, at=(0, y, z), turn=(90, 0, 0)))
    for i in range(12):
        size = 0.055 if i % 3 == 0 else 0.03
        turn = -30.0 * i
        reach = radius * 0.83
        place = (-reach * sin(radians(turn)), y + reach * cos(radians(turn)), z + 0.016)
        solid.add(
            box(0.014, size * radius / 0.45, 0.006, ink, at=place, turn=(0, 0, turn))
        )
    for turn, length, wide in ((-305.0, 0.5, 0.02), (-60.0, 0.72, 0.014)):
        half = radius * length / 2
        place = (-half * sin(radians(turn)), y + half * cos(radians(turn)), z + 0.028)
        solid.add(box(wide, half, 0.006, ink, at=place, turn=(0, 0, turn)))
    solid.add(rod(0.03, 0.016, ink, at=(0, y, z + 0.03), turn=(90, 0, 0)))


def clock(look: Look) -> Solid:
    solid = Solid()
    if look.shape == "alarm":
        solid.add(rod(0.46, 0.16, look.main, r=0.05, at=(0, 0.58, 0), turn=(90, 0, 0)))
        face(solid, 0.38, 0.15, 0.58, look)
        solid.add(
            egg(
                0.17,
                0.12,
                0.15,
                look.trim,
                at=(0.26, 1.06, 0),
                turn=(0, 0, -28),
                mirror="x",
            )
        )
        solid.add(
            tube([(0.3, 0.25, 0), (0.4, 0.02, 0.02)], 0.035, look.trim, mirror="x")
        )
        solid.add(tube([(0.0, 1.0, 0), (0.0, 1.12, 0)], 0.02, look.trim))
    elif look.shape == "wall":
        solid.add(ring(0.52, 0.065, look.main, at=(0, 0.585, 0), turn=(90, 0, 0)))
        solid.add(
            rod(0.53, 0.03, look.accent.plain(), at=(0, 0.585, -0.02), turn=(90, 0, 0))
        )
        face(solid, 0.48, 0.02, 0.585, look)
    elif look.shape == "cube":
        solid.add(box(0.46, 0.46, 0.2, look.main, r=0.08, at=(0, 0.46, 0)))
        face(solid, 0.36, 0.2, 0.46, look)
    else:
        arch = [(-0.5, 0.0), (0.5, 0.0), (0.47, 0.12), (0.38, 0.2), (0.36, 0.5)]
        full = (
            arch
            + [(0.36 * c, 0.5 + 0.36 * s) for c, s in ARCH]
            + [(-x, y) for x, y in reversed(arch[2:])]
        )
        solid.add(sheet(full, 0.14, look.main, r=0.015))
        face(solid, 0.27, 0.155, 0.5, look)
    return solid


ARCH = (
    (0.92, 0.38),
    (0.71, 0.71),
    (0.38, 0.92),
    (0, 1),
    (-0.38, 0.92),
    (-0.71, 0.71),
    (-0.92, 0.38),
)


def cushion(look: Look) -> Solid:
    solid = Solid()
    if look.shape == "square":
        side = curve(
            [
                (-0.54, -0.54),
                (0.0, -0.505),
                (0.54, -0.54),
                (0.505, 0.0),
                (0.54, 0.54),
                (0.0, 0.505),
                (-0.54, 0.54),
                (-0.505, 0.0),
            ],
            48,
            closed=True,
        )
        solid.add(
            sheet(
                side,
                0.2,
                look.main,
                r=0.03,
                pillow=0.4,
                at=(0, 0.54, 0),
                turn=(-10, 0, 0),
            )
        )
    elif look.shape == "oblong":
        side = curve(
            [
                (-0.7, -0.36),
                (0.0, -0.34),
                (0.7, -0.36),
                (0.675, 0.0),
                (0.7, 0.36),
                (0.0, 0.34),
                (-0.7, 0.36),
                (-0.675, 0.0),
            ],
            48,
            closed=True,
        )
        solid.add(
            sheet(
                side,
                0.18,
                look.main,
                r=0.03,
                pillow=0.32,
                at=(0, 0.38, 0),
                turn=(-10, 0, 0),
            )
        )
    elif look.shape == "round":
        solid.add(rod(0.52, 0.15, look.main, r=0.13, at=(0, 0.5, 0), turn=(66, 0, 0)))
        solid.add(
            ring(0.5, 0.028, look.accent.plain(), at=(0, 0.5, 0), turn=(66, 0, 0))
        )
        solid.add(ball(0.05, look.accent.plain(), at=(0, 0.565, 0.135)))
    else:
        solid.add(rod(0.24, 0.62, look.main, r=0.07, at=(0, 0.25, 0), turn=(0, 0, 90)))
        solid.add(
            rod(
                0.25,
                0.02,
                look.accent.plain(),
                r=0.02,
                at=(0.52, 0.25, 0),
                turn=(0, 0, 90),
                mirror="x",
            )
        )
    return solid


def basket(look: Look) -> Solid:
    solid = Solid()
    tall = {"round": 0.62, "tall": 0.95, "low": 0.4}[look.shape]
    wide = {"round": 0.5, "tall": 0.4, "low": 0.6}[look.shape]
    profile = curve(
        [(wide * 0.86, 0.0), (wide, 0.1), (wide, tall * 0.6), (wide * 0.96, tall)], 16
    )
    solid.add(*vessel(profile, 0.04, look.main, look.main.plain()))
    solid.add(ring(wide * 0.95, 0.04, look.accent.plain(), at=(0, tall, 0)))
    loop = curve(
        [
            (wide * 0.94, tall, 0.14),
            (wide, tall + 0.17, 0.1),
            (wide, tall + 0.17, -0.1),
            (wide * 0.94, tall, -0.14),
        ],
        14,
    )
    solid.add(tube(loop, 0.03, look.trim, mirror="x"))
    return solid


CLOTH = (
    "plain",
    "stripes",
    "checks",
    "dots",
    "zigzag",
    "gingham",
    "tartan",
    "flowers",
    "diagonal stripes",
    "diamonds",
    "waves",
    "grid",
)


LEATHER_BROWN = material("leather", "#8a5a36")


KINDS = (
    Kind(
        "clock",
        "Home > Clocks",
        clock,
        {
            "alarm": "twin-bell alarm",
            "wall": "round wall",
            "cube": "square",
            "mantel": "mantel",
        },
        ("gloss", "satin", "wood"),
        ("plain", "speckle", "marble", "stripes", "dots"),
        (DARK_METAL, BRASS),
        mapping="front",
        level=0.5,
        price=(19, 89),
        views=((24, 8), (-32, 20)),
    ),
    Kind(
        "cushion",
        "Home > Cushions",
        cushion,
        {
            "square": "square",
            "oblong": "oblong",
            "round": "round",
            "bolster": "bolster",
        },
        ("cloth", "knit"),
        CLOTH,
        mapping="front",
        scale=6.0,
        level=0.5,
        price=(15, 45),
        views=((20, 14), (-32, 26)),
        lies=True,
    ),
    Kind(
        "basket",
        "Home > Baskets",
        basket,
        {"round": "round", "tall": "tall", "low": "low"},
        ("cloth",),
        ("plain", "stripes", "zigzag", "dipped", "band", "diamonds", "checks"),
        (LEATHER_BROWN, WALNUT),
        level=0.3,
        girth=3.0,
        price=(18, 55),
        views=((28, 18), (-50, 36)),
    ),
)
