"""Handbags, backpacks, suitcases."""

from demo.kind import Kind, Look
from demo.kinds.interior import CLOTH, LEATHER_BROWN
from demo.kinds.pottery import vessel
from demo.renderer.materials import BLACK, BRASS, DARK_METAL, RUBBER, STEEL
from demo.renderer.solids import (
    Solid,
    arc,
    ball,
    box,
    curve,
    cut,
    rod,
    sheet,
    tube,
)


def handbag(look: Look) -> Solid:
    solid = Solid()
    trim = look.accent.plain()
    if look.shape == "tote":
        side = [(-0.5, 0.0), (0.5, 0.0), (0.56, 0.86), (-0.56, 0.86)]
        solid.add(
            sheet(side, 0.16, look.main, r=0.03),
            cut(box(0.5, 0.3, 0.14, trim, at=(0, 0.9, 0))),
        )
        for z in (0.17, -0.17):
            loop = curve(
                [
                    (-0.28, 0.6, z),
                    (-0.27, 0.9, z),
                    (-0.16, 1.3, z * 0.8),
                    (0.16, 1.3, z * 0.8),
                    (0.27, 0.9, z),
                    (0.28, 0.6, z),
                ],
                22,
            )
            solid.add(tube(loop, 0.035, trim))
    elif look.shape == "satchel":
        side = [(-0.56, 0.04), (0.56, 0.04), (0.5, 0.7), (-0.5, 0.7)]
        solid.add(sheet(side, 0.17, look.main, r=0.05))
        flap = curve(
            [
                (-0.52, 0.72),
                (-0.54, 0.46),
                (-0.36, 0.3),
                (0, 0.26),
                (0.36, 0.3),
                (0.54, 0.46),
                (0.52, 0.72),
            ],
            18,
        )
        solid.add(sheet(flap, 0.195, trim, r=0.045))
        solid.add(box(0.07, 0.06, 0.03, look.trim, r=0.015, at=(0, 0.31, 0.25)))
        solid.add(tube(arc(0, 0.74, 0.2, 0.24, 0, 180, 16), 0.035, trim))
    elif look.shape == "bucket":
        solid.add(
            *vessel(
                [(0.38, 0.0), (0.42, 0.04), (0.44, 0.4), (0.4, 0.78)],
                0.03,
                look.main,
                trim,
            )
        )
        solid.add(rod(0.435, 0.09, trim, r=0.01, at=(0, 0.09, 0)))
        solid.add(
            tube(
                curve(
                    [
                        (-0.4, 0.7, 0),
                        (-0.36, 1.05, 0),
                        (0, 1.32, 0),
                        (0.36, 1.05, 0),
                        (0.4, 0.7, 0),
                    ],
                    20,
                ),
                0.032,
                trim,
            )
        )
        solid.add(ball(0.04, look.trim, at=(0.42, 0.68, 0), mirror="x"))
    else:
        arch = arc(0, 0.02, 0.6, 0.62, 0, 180, 22)
        solid.add(sheet([(p[0], p[1]) for p in arch], 0.12, look.main, r=0.05))
        solid.add(tube(arc(0, 0.04, 0.635, 0.65, 4, 176, 24), 0.05, trim))
        solid.add(tube(arc(0, 0.6, 0.26, 0.34, -4, 184, 18), 0.03, trim))
        solid.add(ball(0.05, look.trim, at=(0, 0.73, 0)))
    return solid


def backpack(look: Look) -> Solid:
    solid = Solid()
    trim = look.accent.plain()
    if look.shape == "rounded":
        side = curve(
            [
                (-0.44, 0.06),
                (0.44, 0.06),
                (0.46, 0.6),
                (0.34, 1.1),
                (0, 1.2),
                (-0.34, 1.1),
                (-0.46, 0.6),
            ],
            26,
            closed=True,
        )
        solid.add(sheet(side, 0.24, look.main, r=0.06, pillow=0.22))
        solid.add(box(0.34, 0.22, 0.1, trim, r=0.09, at=(0, 0.36, 0.27)))
        solid.add(
            tube(
                arc(0, 0.62, 0.4, 0.5, 10, 170, 18), 0.014, look.trim, at=(0, 0, 0.235)
            )
        )
        solid.add(tube([(-0.24, 0.5, 0.37), (0.24, 0.5, 0.37)], 0.014, look.trim))
    elif look.shape == "roll-top":
        solid.add(box(0.42, 0.48, 0.22, look.main, r=0.08, at=(0, 0.5, 0)))
        solid.add(
            rod(0.16, 0.4, look.main.plain(), r=0.06, at=(0, 1.05, 0), turn=(0, 0, 90))
        )
        solid.add(box(0.04, 0.3, 0.02, trim, at=(0.2, 0.78, 0.225), mirror="x", r=0.01))
        solid.add(
            box(0.06, 0.05, 0.03, look.trim, r=0.01, at=(0.2, 0.6, 0.24), mirror="x")
        )
    else:
        solid.add(box(0.42, 0.5, 0.2, look.main, r=0.1, at=(0, 0.52, 0)))
        solid.add(box(0.45, 0.2, 0.24, trim, r=0.1, at=(0, 0.94, 0.02)))
        solid.add(box(0.3, 0.17, 0.08, look.main.plain(), r=0.06, at=(0, 0.32, 0.22)))
        solid.add(
            box(0.03, 0.16, 0.02, LEATHER_BROWN, at=(0.22, 0.68, 0.25), mirror="x")
        )
        solid.add(
            box(
                0.045, 0.035, 0.03, look.trim, r=0.01, at=(0.22, 0.56, 0.25), mirror="x"
            )
        )
    solid.add(
        tube(arc(0, 1.12, 0.12, 0.14, 0, 180, 10), 0.03, trim, at=(0, 0.0, -0.06))
    )
    strap = curve(
        [(0.2, 1.08, -0.2), (0.26, 0.9, -0.4), (0.28, 0.5, -0.42), (0.3, 0.14, -0.2)],
        14,
    )
    solid.add(tube(strap, 0.05, trim, mirror="x"))
    return solid


def suitcase(look: Look) -> Solid:
    solid = Solid()
    trim = look.accent.plain()
    tall, wide, deep = {
        "cabin": (0.52, 0.36, 0.2),
        "trunk": (0.66, 0.42, 0.25),
        "vintage": (0.4, 0.58, 0.18),
    }[look.shape]
    low = 0.1 if look.shape != "vintage" else 0.0
    y = low + tall
    solid.add(box(wide, tall, deep, look.main, r=0.09 if low else 0.05, at=(0, y, 0)))
    if look.shape == "vintage":
        solid.add(
            box(
                0.05,
                tall + 0.012,
                deep + 0.012,
                trim,
                r=0.04,
                at=(0.34, y, 0),
                mirror="x",
            )
        )
        solid.add(
            tube(
                curve(
                    [
                        (-0.16, 2 * tall, 0),
                        (-0.13, 2 * tall + 0.13, 0),
                        (0.13, 2 * tall + 0.13, 0),
                        (0.16, 2 * tall, 0),
                    ],
                    14,
                ),
                0.035,
                trim,
            )
        )
        solid.add(
            box(
                0.05,
                0.05,
                0.02,
                look.trim,
                r=0.01,
                at=(0.2, 2 * tall - 0.14, deep + 0.01),
                mirror="x",
            )
        )
        return solid
    if look.shape == "cabin":
        for i in range(4):
            solid.add(
                box(
                    0.02,
                    tall - 0.1,
                    deep + 0.014,
                    look.main,
                    r=0.014,
                    at=(0.06 + 0.085 * i, y, 0),
                    mirror="x",
                )
            )
    else:
        solid.add(
            box(wide + 0.012, 0.05, deep + 0.012, trim, r=0.03, at=(0, y + 0.3, 0))
        )
        solid.add(
            box(wide + 0.012, 0.05, deep + 0.012, trim, r=0.03, at=(0, y - 0.3, 0))
        )
    solid.add(
        tube(
            [
                (-0.16, y + tall - 0.05, -0.1),
                (-0.16, y + tall + 0.36, -0.1),
                (0.16, y + tall + 0.36, -0.1),
                (0.16, y + tall - 0.05, -0.1),
            ],
            0.024,
            look.trim,
        )
    )
    solid.add(box(0.16, 0.03, 0.04, trim, r=0.03, at=(0, y + tall + 0.36, -0.1)))
    solid.add(
        rod(
            0.07,
            0.03,
            RUBBER,
            r=0.015,
            at=(wide - 0.1, 0.07, deep - 0.07),
            turn=(0, 0, 90),
            mirror="xz",
        )
    )
    solid.add(
        box(0.05, 0.05, 0.05, BLACK, at=(wide - 0.1, 0.12, deep - 0.08), mirror="xz")
    )
    return solid


KINDS = (
    Kind(
        "handbag",
        "Bags > Handbags",
        handbag,
        {
            "tote": "tote",
            "satchel": "satchel",
            "bucket": "bucket bag",
            "moon": "half-moon",
        },
        ("leather", "cloth"),
        CLOTH,
        (BRASS, STEEL),
        mapping="front",
        scale=7.0,
        level=0.35,
        price=(29, 149),
        views=((24, 12), (-36, 24)),
    ),
    Kind(
        "backpack",
        "Bags > Backpacks",
        backpack,
        {"rounded": "rounded", "roll-top": "roll-top", "flap": "flap-top"},
        ("cloth", "leather"),
        (*CLOTH, "camouflage"),
        (DARK_METAL, BRASS, STEEL),
        mapping="front",
        scale=6.0,
        level=0.5,
        price=(35, 119),
        views=((28, 12), (-38, 22)),
    ),
    Kind(
        "suitcase",
        "Bags > Suitcases",
        suitcase,
        {"cabin": "ribbed cabin", "trunk": "large", "vintage": "vintage-style"},
        ("satin", "gloss"),
        ("plain", "stripes", "dots", "checks", "camouflage", "ombre", "zigzag"),
        (STEEL, BRASS, DARK_METAL),
        mapping="box",
        scale=5.0,
        level=0.6,
        price=(59, 229),
        views=((30, 12), (-36, 26)),
    ),
)
