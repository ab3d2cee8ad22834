"""Umbrellas, sunglasses, watches."""

import math
from dataclasses import replace
from typing import Any

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BLACK,
    BRASS,
    CHROME,
    DARK_METAL,
    OAK,
    RUBBER,
    STEEL,
    WHITE,
    Material,
    material,
)
from demo.renderer.solids import (
    Point,
    Solid,
    arc,
    ball,
    box,
    curve,
    cut,
    ring,
    rod,
    rotation,
    sheet,
    tube,
    turned,
    turned_solid,
)


def umbrella(look: Look) -> Solid:
    solid = Solid()
    if look.shape == "folded":
        body = curve(
            [(0.03, 0.0), (0.07, 0.1), (0.1, 0.45), (0.12, 0.85), (0.06, 0.94)], 16
        )
        lean: dict[str, Any] = {"turn": (0.0, 0.0, -9.0), "at": (-0.08, 0.12, 0.0)}
        solid.add(
            turned_solid(
                [(0, 0.0), *body, (0, 0.94)], look.main, lobes=(7, 0.1, 2.0), **lean
            )
        )
        solid.add(tube([(0, -0.1, 0), (0, 1.0, 0)], 0.018, look.trim, **lean))
        hook = [
            (0, 0.94, 0),
            (0, 1.16, 0),
            *[(x, y, 0.0) for x, y, _ in arc(0.09, 1.16, 0.09, 0.1, 180, 0, 8)],
        ]
        solid.add(tube(hook, 0.035, look.accent.plain(), **lean))
        solid.add(
            turned([(0.105, 0.6), (0.11, 0.66)], 0.025, look.accent.plain(), **lean)
        )
        return solid
    high = 0.62 if look.shape == "dome" else 0.42
    profile = curve(
        [(0.8, 0.0), (0.7, high * 0.45), (0.42, high * 0.84), (0.0, high)], 48
    )
    tilt: dict[str, Any] = {"turn": (10.0, 0.0, -14.0), "at": (0.0, 0.82, 0.0)}
    solid.add(turned(profile, 0.012, look.main, lobes=(8, 0.035, 0.0), **tilt))
    solid.add(tube([(0, -0.62, 0), (0, high + 0.1, 0)], 0.02, look.trim, **tilt))
    hook = [
        (0, -0.55, 0),
        (0, -0.72, 0),
        *[(x, y, 0.0) for x, y, _ in arc(0.08, -0.72, 0.08, 0.1, 180, 360, 8)],
    ]
    solid.add(tube(hook, 0.036, look.accent.plain(), **tilt))
    return solid


LENSES: dict[str, list[Point]] = {
    "round": [(p[0], p[1]) for p in arc(0.31, 0, 0.22, 0.22, 0, 345, 24)],
    "square": curve(
        [
            (0.09, 0.17),
            (0.5, 0.19),
            (0.54, 0.1),
            (0.5, -0.17),
            (0.14, -0.18),
            (0.08, 0.0),
        ],
        24,
        closed=True,
    ),
    "aviator": curve(
        [
            (0.08, 0.16),
            (0.3, 0.2),
            (0.52, 0.16),
            (0.53, -0.04),
            (0.38, -0.24),
            (0.2, -0.18),
            (0.1, -0.02),
        ],
        24,
        closed=True,
    ),
    "cat-eye": curve(
        [
            (0.08, 0.1),
            (0.34, 0.15),
            (0.62, 0.28),
            (0.55, 0.0),
            (0.4, -0.16),
            (0.18, -0.15),
        ],
        24,
        closed=True,
    ),
}


def tinted(colour: str) -> Material:
    """Return a dark lens material with a hint of a colour."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [int(20 + 0.28 * part) for part in parts]
    return material(
        "gloss", "#{:02x}{:02x}{:02x}".format(*mixed), rough=0.05, shine=0.09
    )


def sunglasses(look: Look) -> Solid:
    solid = Solid()
    lens, frame = LENSES[look.shape], look.main
    lift: dict[str, Any] = {"at": (0.0, 0.26, 0.3), "mirror": "x"}
    thin = look.shape in ("aviator",)
    solid.add(
        sheet(lens, 0.022, frame, r=0.05 if not thin else 0.026, **lift),
        cut(sheet(lens, 0.2, None, **lift)),
    )
    solid.add(sheet(lens, 0.008, tinted(look.accent.colour), r=0.004, **lift))
    solid.add(
        tube(
            curve([(0.1, 0.3, 0.3), (0.0, 0.335, 0.31), (-0.1, 0.3, 0.3)], 10),
            0.03 if not thin else 0.016,
            frame,
        )
    )
    outer = max(p[0] for p in lens)
    arm = curve(
        [
            (outer + 0.02, 0.36, 0.29),
            (outer + 0.06, 0.36, 0.1),
            (outer + 0.03, 0.34, -0.5),
            (outer, 0.2, -0.72),
        ],
        14,
    )
    solid.add(tube(arm, 0.028 if not thin else 0.016, frame, mirror="x"))
    solid.add(
        box(
            0.03,
            0.035,
            0.03,
            look.trim,
            r=0.01,
            at=(outer + 0.04, 0.36, 0.28),
            mirror="x",
        )
    )
    return solid


def watch(look: Look) -> Solid:
    """Build a watch lying on its strap, with its face to the customer."""
    solid = Solid()
    strap = look.main
    lean = (62.0, 0.0, 0.0)
    case = look.trim
    dial = material("satin", look.accent.colour)
    y, z = 0.6, 0.42
    loop = ring(0.42, 0.035, strap, at=(0, 0.46, 0), turn=(0, 0, 90), scale=(1, 5.2, 1))
    solid.add(replace(loop, scale=(1.0, 5.0, 1.0)))
    square = look.shape == "square"
    if square:
        solid.add(box(0.27, 0.07, 0.3, case, r=0.06, at=(0, y, z), turn=lean))
        solid.add(box(0.22, 0.075, 0.25, dial, r=0.03, at=(0, y, z), turn=lean))
    else:
        wide = 0.33 if look.shape == "round" else 0.36
        solid.add(rod(wide, 0.07, case, r=0.03, at=(0, y, z), turn=lean))
        solid.add(rod(wide - 0.06, 0.075, dial, at=(0, y, z), turn=lean))
        if look.shape == "diver":
            solid.add(ring(wide - 0.02, 0.03, RUBBER, at=(0, y, z), turn=lean))
    matrix = rotation(lean)

    def on_face(x: float, up: float, off: float) -> tuple[float, float, float]:
        place = matrix @ (x, off, -up)
        return (float(place[0]), float(place[1]) + y, float(place[2]) + z)

    radius = 0.19 if square else 0.21
    ink = (
        WHITE
        if sum(int(look.accent.colour[i : i + 2], 16) for i in (1, 3, 5)) < 330
        else BLACK
    )
    for i in range(12):
        a = math.radians(30 * i)
        solid.add(
            box(
                0.009,
                0.004,
                0.03 if i % 3 == 0 else 0.016,
                ink,
                at=on_face(radius * math.sin(a), radius * math.cos(a), 0.077),
                turn=(lean[0], 0, 0) if i % 6 == 0 else lean,
            )
        )
    for a, length in ((305, 0.1), (60, 0.15)):
        b = math.radians(a)
        solid.add(
            tube(
                [
                    on_face(0, 0, 0.085),
                    on_face(length * math.sin(b), length * math.cos(b), 0.085),
                ],
                0.01,
                ink,
            )
        )
    solid.add(ball(0.04, case, at=on_face(0.33 if not square else 0.28, 0, 0)))
    return solid


KINDS = (
    Kind(
        "umbrella",
        "Accessories > Umbrellas",
        umbrella,
        {"wide": "open", "dome": "dome", "folded": "rolled"},
        ("cloth",),
        ("plain", "panels", "dots", "stripes", "checks", "flowers"),
        (STEEL, OAK, DARK_METAL),
        scale=4.0,
        girth=2.0,
        level=0.4,
        price=(16, 49),
        views=((24, 10), (-40, 18)),
    ),
    Kind(
        "sunglasses",
        "Accessories > Sunglasses",
        sunglasses,
        {
            "round": "round",
            "square": "square",
            "aviator": "aviator",
            "cat-eye": "cat-eye",
        },
        ("gloss", "matte"),
        ("plain", "camouflage", "stripes", "dots"),
        (BRASS, CHROME),
        mapping="box",
        scale=7.0,
        price=(19, 99),
        views=((26, 14), (-34, 26)),
    ),
    Kind(
        "watch",
        "Accessories > Watches",
        watch,
        {"round": "round", "square": "square", "diver": "diver's"},
        ("leather", "cloth", "rubber"),
        ("plain", "stripes", "upright stripes"),
        (STEEL, BRASS, DARK_METAL),
        mapping="front",
        scale=7.0,
        price=(49, 299),
        views=((20, 22), (-30, 34)),
    ),
)
