"""Vases, plant pots, candles."""

from typing import Any

from demo.kind import Kind, Look
from demo.kinds.pottery import POTTERY, vessel
from demo.renderer.materials import (
    BRASS,
    DARK_METAL,
    OAK,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Point,
    Solid,
    ball,
    cone,
    curve,
    egg,
    rod,
    turned,
    turned_solid,
)

LEAF = material(
    "satin", "#4f8a4b", second="#2f6b3a", pattern="ombre", amount=0.4, level=0.9
)


CACTUS = material(
    "matte",
    "#4e9160",
    second="#a9d09a",
    pattern="upright stripes",
    scale=8.0,
    amount=0.2,
    girth=1.2,
)


SOIL = material("matte", "#4a362b", second="#2e221c", pattern="speckle", scale=8.0)


FLAME = material("matte", "#ffd27a", glow=1.6)


WICK = material("matte", "#3a3330")


VASES: dict[str, list[Point]] = {
    "bottle": [
        (0.2, 0.0),
        (0.32, 0.1),
        (0.36, 0.34),
        (0.16, 0.62),
        (0.09, 0.84),
        (0.13, 1.1),
    ],
    "urn": [
        (0.2, 0.0),
        (0.24, 0.04),
        (0.44, 0.52),
        (0.4, 0.78),
        (0.22, 0.92),
        (0.27, 1.02),
    ],
    "cylinder": [(0.26, 0.0), (0.28, 0.03), (0.28, 0.5), (0.28, 1.05)],
    "gourd": [
        (0.22, 0.0),
        (0.38, 0.16),
        (0.34, 0.42),
        (0.19, 0.56),
        (0.25, 0.76),
        (0.12, 0.98),
    ],
    "twisted": [(0.24, 0.0), (0.3, 0.08), (0.36, 0.4), (0.28, 0.75), (0.33, 1.02)],
    "trumpet": [(0.26, 0.0), (0.14, 0.1), (0.13, 0.3), (0.2, 0.66), (0.4, 1.04)],
}


def vase(look: Look) -> Solid:
    profile = curve(VASES[look.shape], 60)
    more: dict[str, Any] = {"lobes": (9, 0.05, 2.2)} if look.shape == "twisted" else {}
    if look.main.glass:
        return Solid().add(turned([(0.0, 0.03), *profile], 0.022, look.main))
    return Solid().add(*vessel(profile, 0.032, look.main, look.accent.plain(), **more))


POTS: dict[str, list[Point]] = {
    "classic": [(0.27, 0.0), (0.37, 0.5), (0.42, 0.5), (0.44, 0.64)],
    "round": [(0.24, 0.0), (0.42, 0.14), (0.46, 0.34), (0.38, 0.56)],
    "cylinder": [(0.4, 0.0), (0.41, 0.02), (0.41, 0.3), (0.41, 0.6)],
    "ribbed": [(0.32, 0.0), (0.36, 0.04), (0.42, 0.3), (0.43, 0.56)],
}


def plant(solid: Solid, shape: str, base: float) -> None:
    if shape == "classic":
        for lean, high, count in ((64, 0.34, 8), (40, 0.42, 6), (14, 0.44, 4)):
            solid.add(
                egg(
                    0.1,
                    high,
                    0.03,
                    LEAF,
                    repeat=count,
                    at=(0.04 + lean / 260, base + high * 0.72, 0),
                    turn=(0, 90, -lean * 0.75),
                )
            )
    elif shape == "round":
        solid.add(egg(0.24, 0.36, 0.24, CACTUS, at=(0, base + 0.28, 0)))
        solid.add(
            egg(0.1, 0.16, 0.1, CACTUS, at=(0.22, base + 0.42, 0.05), turn=(0, 0, -35))
        )
        solid.add(ball(0.06, material("matte", "#e0709a"), at=(0, base + 0.65, 0)))
    elif shape == "cylinder":
        for angle, high in ((8, 0.5), (-14, 0.42), (26, 0.36), (-30, 0.3)):
            solid.add(
                egg(
                    0.075,
                    high,
                    0.025,
                    LEAF,
                    at=(-angle / 160, base + high * 0.8, angle / 300),
                    turn=(angle * 0.4, angle * 3.0, angle * 0.6),
                )
            )
    else:
        for lean, big, count in ((72, 0.2, 9), (45, 0.18, 7), (18, 0.14, 5)):
            solid.add(
                egg(
                    0.055,
                    big,
                    0.085,
                    CACTUS.plain(),
                    repeat=count,
                    at=(0.07 + lean / 500, base + 0.16 - lean / 900, 0),
                    turn=(0, 0, -lean),
                )
            )


def plant_pot(look: Look) -> Solid:
    profile = POTS[look.shape]
    profile = profile if look.shape == "classic" else curve(profile, 48)
    more: dict[str, Any] = {"lobes": (22, 0.022, 0.0)} if look.shape == "ribbed" else {}
    top, rim = profile[-1][1], profile[-1][0]
    solid = Solid().add(
        *vessel(list(profile), 0.035, look.main, look.main.plain(), **more)
    )
    solid.add(rod(rim - 0.03, 0.03, SOIL, at=(0, top - 0.08, 0)))
    plant(solid, look.shape, top - 0.06)
    return solid


def candle(look: Look) -> Solid:
    solid = Solid()
    if look.shape == "jar":
        solid.add(
            *vessel(
                [(0.36, 0.0), (0.38, 0.03), (0.38, 0.84)],
                0.03,
                look.main,
                look.main.plain(),
            )
        )
        solid.add(rod(0.35, 0.05, CREAM_WAX, at=(0, 0.66, 0)))
        top = 0.7
    elif look.shape == "pillar":
        solid.add(rod(0.3, 0.48, look.main, r=0.03, at=(0, 0.52, 0)))
        solid.add(rod(0.42, 0.025, look.trim, r=0.015, at=(0, 0.025, 0)))
        top = 0.99
    elif look.shape == "taper":
        solid.add(cone(0.075, 0.05, 0.55, look.main, at=(0, 0.84, 0)))
        foot = [
            (0, 0),
            (0.3, 0),
            (0.28, 0.04),
            (0.06, 0.1),
            (0.05, 0.22),
            (0.1, 0.28),
            (0.1, 0.36),
            (0, 0.36),
        ]
        solid.add(turned_solid(foot, look.trim, r=0.008))
        top = 1.38
    else:
        solid.add(
            *[
                turned_solid(
                    [
                        (0, 0),
                        *curve([(0.3, 0.0), (0.37, 0.2), (0.37, 0.5), (0.3, 0.7)], 14),
                        (0, 0.7),
                    ],
                    look.main,
                    lobes=(12, 0.06, 1.6),
                )
            ]
        )
        top = 0.69
    solid.add(rod(0.014, 0.05, WICK, at=(0, top + 0.04, 0)))
    solid.add(egg(0.032, 0.09, 0.032, FLAME, at=(0, top + 0.15, 0)))
    return solid


CREAM_WAX = material("wax", "#f4ead2")


KINDS = (
    Kind(
        "vase",
        "Home > Vases",
        vase,
        {
            "bottle": "bottle",
            "urn": "urn",
            "cylinder": "cylinder",
            "gourd": "gourd",
            "twisted": "twisted",
            "trumpet": "trumpet",
        },
        ("gloss", "matte", "glass"),
        POTTERY,
        level=0.4,
        girth=2.0,
        price=(16, 74),
        views=((30, 17), (-50, 34)),
    ),
    Kind(
        "plant pot",
        "Garden > Plant pots",
        plant_pot,
        {
            "classic": "rimmed",
            "round": "round",
            "cylinder": "straight",
            "ribbed": "ribbed",
        },
        ("matte", "gloss"),
        POTTERY,
        level=0.25,
        girth=2.5,
        price=(12, 42),
        views=((25, 12), (-60, 28)),
    ),
    Kind(
        "candle",
        "Home > Candles",
        candle,
        {"jar": "jar", "pillar": "pillar", "taper": "dinner", "twist": "twisted"},
        ("wax",),
        ("plain", "stripes", "ombre", "band", "marble", "dipped", "terrazzo"),
        (BRASS, OAK, DARK_METAL, WHITE),
        level=0.4,
        girth=1.8,
        price=(7, 32),
        views=((20, 12), (-45, 30)),
    ),
)
