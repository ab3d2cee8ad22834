"""Cameras and phones."""

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BLACK,
    BRASS,
    CHROME,
    DARK_METAL,
    STEEL,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    box,
    egg,
    ring,
    rod,
    sheet,
)

LENS = material(
    "gloss",
    "#15171f",
    second="#273a6b",
    pattern="ombre",
    level=0.5,
    rough=0.04,
    shine=0.08,
)


SCREEN = material("gloss", "#101318", rough=0.05, shine=0.06)


def camera(look: Look) -> Solid:
    solid = Solid()
    top = look.trim
    wrap = look.main
    if look.shape == "rangefinder":
        solid.add(box(0.6, 0.3, 0.16, wrap, r=0.05, at=(0, 0.32, 0)))
        solid.add(box(0.6, 0.08, 0.165, top, r=0.04, at=(0, 0.6, 0)))
        solid.add(box(0.6, 0.03, 0.165, top, r=0.02, at=(0, 0.04, 0)))
        solid.add(rod(0.08, 0.04, top, r=0.01, at=(0.42, 0.7, 0)))
        solid.add(rod(0.06, 0.03, top, r=0.01, at=(-0.44, 0.7, 0)))
        solid.add(box(0.09, 0.05, 0.02, SCREEN, r=0.01, at=(-0.36, 0.59, 0.16)))
        depth, wide, y, x = 0.1, 0.21, 0.32, 0.0
    elif look.shape == "reflex":
        solid.add(box(0.58, 0.32, 0.16, wrap, r=0.07, at=(0, 0.34, 0)))
        solid.add(box(0.16, 0.32, 0.14, wrap, r=0.1, at=(-0.46, 0.33, 0.12)))
        prism = [(-0.24, 0.6), (0.24, 0.6), (0.14, 0.84), (-0.14, 0.84)]
        solid.add(sheet(prism, 0.14, look.accent.plain(), r=0.03))
        solid.add(rod(0.09, 0.04, top, r=0.01, at=(0.4, 0.69, 0)))
        solid.add(ball(0.05, look.accent.plain(), at=(-0.44, 0.66, 0.1)))
        depth, wide, y, x = 0.24, 0.25, 0.34, 0.04
    else:
        side = [
            (-0.5, 0.0),
            (0.5, 0.0),
            (0.46, 0.5),
            (0.36, 0.82),
            (-0.36, 0.82),
            (-0.46, 0.5),
        ]
        solid.add(sheet(side, 0.18, wrap, r=0.05))
        solid.add(box(0.5, 0.1, 0.26, wrap.plain(), r=0.06, at=(0, 0.1, 0.04)))
        solid.add(box(0.36, 0.02, 0.02, BLACK, at=(0, 0.1, 0.3)))
        solid.add(box(0.13, 0.07, 0.03, WHITE, r=0.02, at=(-0.24, 0.7, 0.22)))
        solid.add(box(0.08, 0.06, 0.03, SCREEN, r=0.02, at=(0.24, 0.7, 0.22)))
        solid.add(
            rod(
                0.055,
                0.03,
                look.accent.plain(),
                r=0.015,
                at=(-0.34, 0.42, 0.24),
                turn=(90, 0, 0),
            )
        )
        depth, wide, y, x = 0.08, 0.22, 0.46, 0.02
    front = 0.16 + depth
    solid.add(
        rod(wide, depth, look.accent.plain(), r=0.02, at=(x, y, front), turn=(90, 0, 0))
    )
    solid.add(
        ring(wide - 0.015, 0.022, top, at=(x, y, front + depth * 0.9), turn=(90, 0, 0))
    )
    solid.add(
        rod(wide - 0.06, 0.02, BLACK, at=(x, y, front + depth - 0.01), turn=(90, 0, 0))
    )
    solid.add(
        egg(wide - 0.09, wide - 0.09, 0.06, LENS.but(level=y), at=(x, y, front + depth))
    )
    return solid


def phone(look: Look) -> Solid:
    """Build an upright phone seen from behind, since the cover is what one buys."""
    solid = Solid()
    lean = (-7.0, 0.0, 0.0)
    solid.add(box(0.36, 0.74, 0.045, look.main, r=0.04, at=(0, 0.74, 0), turn=lean))
    solid.add(box(0.335, 0.715, 0.02, SCREEN, r=0.02, at=(0, 0.742, -0.036), turn=lean))
    z = -0.02
    if look.shape == "trio":
        solid.add(
            box(
                0.15,
                0.16,
                0.03,
                look.accent.plain(),
                r=0.03,
                at=(-0.17, 1.24, z),
                turn=lean,
            )
        )
        places = [(-0.235, 1.31), (-0.235, 1.17), (-0.1, 1.24)]
    elif look.shape == "bar":
        solid.add(
            box(
                0.362,
                0.08,
                0.035,
                look.accent.plain(),
                r=0.03,
                at=(0, 1.2, z),
                turn=lean,
            )
        )
        places = [(-0.2, 1.2), (-0.06, 1.2)]
    else:
        solid.add(
            rod(
                0.19,
                0.03,
                look.accent.plain(),
                r=0.02,
                at=(0, 1.14, z),
                turn=(83, 0, 0),
            )
        )
        places = [(-0.07, 1.2), (0.07, 1.2), (0.0, 1.08)]
    for x, y in places:
        solid.add(rod(0.06, 0.02, look.trim, at=(x, y, z + 0.022), turn=(83, 0, 0)))
        solid.add(
            rod(0.046, 0.024, LENS.plain(), at=(x, y, z + 0.022), turn=(83, 0, 0))
        )
    return solid


KINDS = (
    Kind(
        "camera",
        "Electronics > Cameras",
        camera,
        {"rangefinder": "rangefinder", "reflex": "reflex", "instant": "instant"},
        ("leather", "satin"),
        ("plain", "stripes", "checks"),
        (STEEL, DARK_METAL, BRASS),
        mapping="front",
        scale=6.0,
        level=0.3,
        price=(79, 699),
        views=((26, 14), (-34, 24)),
    ),
    Kind(
        "phone",
        "Electronics > Phones",
        phone,
        {"trio": "triple-camera", "bar": "camera-bar", "dial": "round-camera"},
        ("gloss", "matte"),
        (
            "plain",
            "ombre",
            "dots",
            "stripes",
            "checks",
            "flowers",
            "diagonal stripes",
            "waves",
            "marble",
            "terrazzo",
            "camouflage",
        ),
        (CHROME, DARK_METAL),
        mapping="front",
        scale=7.0,
        level=0.7,
        price=(189, 899),
        views=((24, 8), (-28, 18)),
        lies=True,
    ),
)
