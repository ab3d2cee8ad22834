"""Headphones, speakers, radios."""

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BLACK,
    BRASS,
    CHROME,
    DARK_METAL,
    STEEL,
    Material,
    material,
)
from demo.renderer.solids import (
    Solid,
    arc,
    ball,
    box,
    curve,
    cut,
    egg,
    ring,
    rod,
    tube,
)


def mesh(colour: str) -> Material:
    return material(
        "matte",
        colour,
        second="#17181a",
        pattern="dots",
        mapping="front",
        scale=22.0,
        amount=0.35,
    )


def headphones(look: Look) -> Solid:
    solid = Solid()
    band = arc(0, 0.62, 0.52, 0.62, -6, 186, 24)
    accent = look.accent.plain()
    if look.shape == "over-ear":
        solid.add(tube(band, 0.055, look.main))
        solid.add(
            rod(
                0.3,
                0.1,
                look.main,
                r=0.06,
                at=(0.56, 0.42, 0),
                turn=(0, 0, 82),
                mirror="x",
                scale=(1, 1, 0.86),
            )
        )
        solid.add(
            ring(0.2, 0.09, accent, at=(0.43, 0.4, 0), turn=(0, 0, 82), mirror="x")
        )
        solid.add(
            rod(
                0.17,
                0.012,
                look.trim,
                at=(0.665, 0.435, 0),
                turn=(0, 0, 82),
                mirror="x",
            )
        )
    elif look.shape == "studio":
        solid.add(tube(band, 0.03, look.trim))
        solid.add(tube(band[4:20], 0.07, accent))
        solid.add(
            box(
                0.1,
                0.32,
                0.24,
                look.main,
                r=0.09,
                at=(0.55, 0.42, 0),
                turn=(0, 0, -6),
                mirror="x",
            )
        )
        solid.add(
            box(
                0.09,
                0.28,
                0.2,
                accent,
                r=0.08,
                at=(0.42, 0.42, 0),
                turn=(0, 0, -6),
                mirror="x",
            )
        )
        solid.add(
            box(
                0.02,
                0.1,
                0.1,
                look.trim,
                r=0.015,
                at=(0.65, 0.44, 0),
                turn=(0, 0, -6),
                mirror="x",
            )
        )
    else:
        solid.add(tube(band, 0.026, look.trim))
        solid.add(
            rod(
                0.22,
                0.06,
                look.main,
                r=0.04,
                at=(0.53, 0.5, 0),
                turn=(0, 0, 82),
                mirror="x",
            )
        )
        solid.add(
            rod(
                0.21,
                0.05,
                accent,
                r=0.05,
                at=(0.44, 0.49, 0),
                turn=(0, 0, 82),
                mirror="x",
            )
        )
        solid.add(tube([(0.52, 0.62, 0), (0.53, 0.5, 0)], 0.04, look.trim, mirror="x"))
    low = (
        0.1 if look.shape == "over-ear" else (0.08 if look.shape == "studio" else 0.26)
    )
    for part in solid.parts:
        part[:] = [p.moved(y=-low) for p in part]
    return solid


def speaker(look: Look) -> Solid:
    solid = Solid()
    grille = mesh(look.accent.colour)
    if look.shape == "cylinder":
        solid.add(rod(0.34, 0.5, look.main, r=0.05, at=(0, 0.5, 0)))
        solid.add(rod(0.3, 0.03, look.accent.plain(), r=0.02, at=(0, 0.99, 0)))
        solid.add(rod(0.35, 0.03, look.trim, r=0.015, at=(0, 0.06, 0)))
    elif look.shape == "box":
        solid.add(box(0.36, 0.55, 0.3, look.main, r=0.04, at=(0, 0.55, 0)))
        solid.add(box(0.32, 0.51, 0.02, BLACK, r=0.02, at=(0, 0.55, 0.29)))
        for y, r in ((0.38, 0.22), (0.84, 0.12)):
            solid.add(ring(r, 0.03, look.trim, at=(0, y, 0.31), turn=(90, 0, 0)))
            solid.add(
                egg(r - 0.03, r - 0.03, 0.03, look.accent.plain(), at=(0, y, 0.31))
            )
            solid.add(ball(r * 0.36, look.accent.plain(), at=(0, y, 0.3)))
    elif look.shape == "ball":
        solid.add(
            ball(0.46, look.main, at=(0, 0.48, 0)),
            cut(box(1, 1, 0.5, look.trim, at=(0, 0.48, 0.86)), 0.03),
        )
        solid.add(rod(0.26, 0.02, grille, at=(0, 0.48, 0.36), turn=(90, 0, 0)))
        solid.add(rod(0.26, 0.03, look.trim, r=0.02, at=(0, 0.03, 0)))
    else:
        solid.add(box(0.62, 0.28, 0.18, look.main, r=0.1, at=(0, 0.3, 0)))
        solid.add(box(0.54, 0.2, 0.02, grille, r=0.015, at=(0, 0.3, 0.172)))
        solid.add(
            tube(
                curve(
                    [
                        (-0.46, 0.5, 0),
                        (-0.42, 0.76, 0),
                        (0.42, 0.76, 0),
                        (0.46, 0.5, 0),
                    ],
                    18,
                ),
                0.034,
                look.trim,
            )
        )
    return solid


def radio(look: Look) -> Solid:
    solid = Solid()
    round_ = look.shape == "curved"
    solid.add(
        box(0.66, 0.38, 0.2, look.main, r=0.18 if round_ else 0.05, at=(0, 0.42, 0))
    )
    solid.add(
        box(0.33, 0.28, 0.02, mesh(look.accent.colour), r=0.02, at=(-0.22, 0.42, 0.195))
    )
    solid.add(
        rod(
            0.15,
            0.02,
            look.accent.plain(),
            r=0.01,
            at=(0.36, 0.5, 0.2),
            turn=(90, 0, 0),
        )
    )
    solid.add(box(0.008, 0.12, 0.01, BLACK, at=(0.36, 0.52, 0.226), turn=(0, 0, -40)))
    for x in (0.25, 0.36, 0.47):
        solid.add(
            rod(0.035, 0.03, look.trim, r=0.01, at=(x, 0.24, 0.21), turn=(90, 0, 0))
        )
    solid.add(box(0.07, 0.03, 0.12, look.trim, r=0.01, at=(0.46, 0.03, 0), mirror="x"))
    if look.shape == "handle":
        solid.add(
            tube(
                curve(
                    [(-0.5, 0.76, 0), (-0.46, 1.0, 0), (0.46, 1.0, 0), (0.5, 0.76, 0)],
                    18,
                ),
                0.035,
                look.trim,
            )
        )
    else:
        solid.add(tube([(0.5, 0.78, -0.1), (0.72, 1.3, -0.14)], 0.014, CHROME))
        solid.add(ball(0.025, CHROME, at=(0.72, 1.3, -0.14)))
    return solid


KINDS = (
    Kind(
        "headphones",
        "Electronics > Headphones",
        headphones,
        {"over-ear": "over-ear", "studio": "studio", "on-ear": "on-ear"},
        ("satin", "gloss", "matte"),
        ("plain", "stripes", "camouflage"),
        (CHROME, DARK_METAL, BRASS),
        mapping="box",
        scale=7.0,
        price=(29, 249),
        views=((34, 12), (-40, 22)),
    ),
    Kind(
        "speaker",
        "Electronics > Speakers",
        speaker,
        {"cylinder": "cylinder", "box": "bookshelf", "ball": "ball", "boom": "carry"},
        ("cloth", "satin", "wood"),
        ("plain", "stripes", "dots", "zigzag", "checks"),
        (BRASS, BLACK, STEEL),
        mapping="box",
        scale=7.0,
        price=(35, 279),
        views=((28, 12), (-36, 26)),
    ),
    Kind(
        "radio",
        "Electronics > Radios",
        radio,
        {"curved": "rounded", "square": "square", "handle": "carry"},
        ("gloss", "wood", "satin"),
        ("plain", "stripes", "speckle"),
        (BRASS, STEEL, DARK_METAL),
        mapping="front",
        scale=5.0,
        level=0.4,
        price=(39, 149),
        views=((26, 12), (-34, 24)),
    ),
)
