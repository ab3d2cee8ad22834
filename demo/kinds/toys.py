"""Toy cars, stacking toys, balls."""

import math

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BEECH,
    BLACK,
    CHROME,
    DARK_METAL,
    OAK,
    RUBBER,
    WALNUT,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    blend,
    box,
    curve,
    cut,
    keep,
    ring,
    rod,
    sheet,
    tube,
)

WINDOW = material("gloss", "#2c3a46", rough=0.06, shine=0.08)


CARS = {
    "beetle": (
        [
            (-0.72, 0.16),
            (0.72, 0.16),
            (0.74, 0.3),
            (0.62, 0.44),
            (0.38, 0.48),
            (0.2, 0.72),
            (-0.1, 0.8),
            (-0.4, 0.7),
            (-0.64, 0.46),
            (-0.74, 0.3),
        ],
        [(0.28, 0.5), (0.16, 0.68), (-0.08, 0.74), (-0.36, 0.66), (-0.5, 0.5)],
    ),
    "van": (
        [
            (-0.76, 0.16),
            (0.74, 0.16),
            (0.76, 0.4),
            (0.66, 0.56),
            (0.54, 0.9),
            (-0.7, 0.94),
            (-0.76, 0.8),
        ],
        [(0.58, 0.56), (0.48, 0.84), (-0.64, 0.86), (-0.66, 0.56)],
    ),
    "racer": (
        [
            (-0.78, 0.14),
            (0.82, 0.14),
            (0.84, 0.2),
            (0.5, 0.34),
            (0.16, 0.38),
            (0.0, 0.52),
            (-0.2, 0.56),
            (-0.5, 0.44),
            (-0.78, 0.42),
        ],
        [(0.06, 0.38), (-0.04, 0.5), (-0.2, 0.53), (-0.34, 0.4)],
    ),
    "pickup": (
        [
            (-0.8, 0.18),
            (0.78, 0.18),
            (0.8, 0.44),
            (0.4, 0.5),
            (0.24, 0.84),
            (-0.12, 0.86),
            (-0.18, 0.5),
            (-0.8, 0.5),
        ],
        [(0.3, 0.52), (0.2, 0.78), (-0.08, 0.8), (-0.12, 0.52)],
    ),
}


def car(look: Look) -> Solid:
    body, glass = CARS[look.shape]
    solid = Solid()
    smooth = curve(body, 30, closed=True) if look.shape == "beetle" else body
    parts = [sheet(smooth, 0.32, look.main, r=0.05)]
    for x in (0.44, -0.44):
        parts.append(cut(rod(0.2, 0.6, BLACK, at=(x, 0.16, 0), turn=(90, 0, 0))))
    solid.add(*parts)
    solid.add(sheet(glass, 0.36, WINDOW, r=0.012))
    front = [p for p in body if p[0] > 0.1 and p[1] > 0.36]
    (ax, ay), (bx, by) = front[-2][:2] if len(front) > 1 else (0.3, 0.5), front[-1][:2]
    turn = math.degrees(math.atan2(by - ay, bx - ax))
    solid.add(
        box(
            math.hypot(bx - ax, by - ay) * 0.4,
            0.012,
            0.25,
            WINDOW,
            r=0.01,
            at=((ax + bx) / 2 + 0.035, (ay + by) / 2 + 0.035, 0),
            turn=(0, 0, turn),
        )
    )
    for x in (0.44, -0.44):
        solid.add(
            rod(
                0.165,
                0.07,
                RUBBER,
                r=0.04,
                at=(x, 0.165, 0.31),
                turn=(90, 0, 0),
                mirror="z",
            )
        )
        solid.add(
            rod(
                0.085,
                0.075,
                look.accent.plain(),
                r=0.02,
                at=(x, 0.165, 0.316),
                turn=(90, 0, 0),
                mirror="z",
            )
        )
    nose = max(p[0] for p in body)
    solid.add(
        ball(
            0.055, material("gloss", "#fff2c4"), at=(nose + 0.02, 0.3, 0.2), mirror="z"
        )
    )
    solid.add(box(0.03, 0.03, 0.34, look.trim, r=0.02, at=(nose + 0.04, 0.18, 0)))
    if look.shape == "racer":
        solid.add(
            box(0.1, 0.015, 0.38, look.accent.plain(), r=0.01, at=(-0.74, 0.62, 0))
        )
        solid.add(
            box(
                0.03, 0.1, 0.02, look.accent.plain(), at=(-0.72, 0.52, 0.24), mirror="z"
            )
        )
    if look.shape == "van":
        solid.add(box(0.5, 0.02, 0.22, look.accent.plain(), r=0.02, at=(-0.1, 1.0, 0)))
    return solid


def rings(look: Look) -> Solid:
    solid = Solid()
    solid.add(rod(0.5, 0.04, look.trim, r=0.02, at=(0, 0.04, 0)))
    solid.add(rod(0.05, 0.5, look.trim, at=(0, 0.5, 0)))
    colours = [
        look.main,
        look.accent.plain(),
        look.main,
        look.accent.plain(),
        look.main,
    ]
    square = look.shape == "squares"
    y = 0.08
    for i, m in enumerate(colours):
        wide = (0.46 - i * 0.06) if look.shape != "even" else 0.36
        if square:
            solid.add(box(wide, 0.085, wide, m, r=0.04, at=(0, y + 0.09, 0)))
        else:
            solid.add(
                ring(wide - 0.1, 0.098, m, at=(0, y + 0.095, 0)),
                blend(rod(0.06, 0.05, m, at=(0, y + 0.09, 0)), 0.1),
            )
        y += 0.18
    solid.add(ball(0.12, look.trim, at=(0, y + 0.1, 0)))
    return solid


def ball_toy(look: Look) -> Solid:
    solid = Solid()
    line = look.accent.plain()
    middle = (0.0, 0.5, 0.0)
    if look.shape == "beach":
        solid.add(
            ball(0.5, look.main.but(pattern="panels", girth=1.0, scale=6.0), at=middle)
        )
        solid.add(rod(0.09, 0.01, line, at=(0, 0.998, 0)))
    elif look.shape == "basket":
        solid.add(ball(0.5, look.main.but(grain="leather", coarse=60.0), at=middle))
        for turn in ((0, 0, 0), (90, 0, 0), (0, 0, 90)):
            solid.add(ring(0.497, 0.012, line, at=middle, turn=turn))
        solid.add(ring(0.4, 0.012, line, at=(0.3, 0.5, 0), turn=(0, 0, 90), mirror="x"))
    elif look.shape == "football":
        solid.add(ball(0.5, look.main, at=middle))
        phi = (1 + 5**0.5) / 2
        size = math.hypot(1, phi)
        for a, b in ((1, phi), (-1, phi), (1, -phi), (-1, -phi)):
            for x, y, z in ((0, a, b), (a, b, 0), (b, 0, a)):
                solid.add(
                    ball(0.502, line, at=middle),
                    keep(
                        ball(
                            0.17,
                            None,
                            at=(x / size * 0.5, 0.5 + y / size * 0.5, z / size * 0.5),
                        )
                    ),
                )
    else:
        solid.add(ball(0.5, look.main.but(grain="fur", coarse=110.0), at=middle))
        solid.add(
            tube(
                [
                    (
                        0.5 * math.cos(t) * math.cos(0.7 * math.sin(2 * t)),
                        0.5 + 0.5 * math.sin(0.7 * math.sin(2 * t)),
                        0.5 * math.sin(t) * math.cos(0.7 * math.sin(2 * t)),
                    )
                    for t in [i * 2 * math.pi / 48 for i in range(49)]
                ],
                0.02,
                line,
            )
        )
    return solid


KINDS = (
    Kind(
        "toy car",
        "Toys > Cars",
        car,
        {
            "beetle": "rounded",
            "van": "camper van",
            "racer": "racing",
            "pickup": "pick-up",
        },
        ("gloss", "satin"),
        ("plain", "dipped", "band", "dots", "stripes", "checks"),
        (CHROME, DARK_METAL),
        mapping="front",
        scale=5.0,
        level=0.45,
        band=0.06,
        price=(9, 39),
        views=((38, 18), (-40, 30)),
    ),
    Kind(
        "stacking toy",
        "Toys > Stacking toys",
        rings,
        {"cone": "ring", "squares": "square", "even": "even-ring"},
        ("satin", "gloss"),
        ("plain", "dots", "speckle", "panels"),
        (BEECH, OAK, WALNUT, WHITE),
        scale=6.0,
        girth=2.0,
        price=(12, 34),
        views=((25, 16), (-65, 32)),
    ),
    Kind(
        "ball",
        "Toys > Balls",
        ball_toy,
        {
            "beach": "beach ball",
            "basket": "basketball",
            "football": "football",
            "seam": "tennis ball",
        },
        ("satin",),
        ("plain", "dots", "stripes", "speckle"),
        (BLACK,),
        scale=6.0,
        girth=3.0,
        price=(6, 34),
        views=((20, 14), (-50, 34)),
    ),
)
