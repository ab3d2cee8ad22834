"""Shoes: a side view cut to the outline of a sole."""

from demo.kind import Kind, Look
from demo.kinds.clothes import INNER
from demo.renderer.materials import (
    RUBBER,
    WHITE,
    Material,
    material,
)
from demo.renderer.solids import (
    Point,
    Primitive,
    Solid,
    ball,
    box,
    curve,
    cut,
    egg,
    keep,
    sheet,
    tube,
)


def upper(side: list[Point], m: Material, grow: float = 0.0) -> list[Primitive]:
    """Build a shoe's body: its side view cut to the outline of the sole."""
    sole = sheet(SOLE, 1.2, None, r=0.01 + grow, turn=(90, 0, 0))
    return [sheet(side, 0.4, m, r=0.01 + grow), keep(sole, 0.16)]


SOLE = curve(
    [
        (-0.62, 0.0),
        (-0.54, -0.17),
        (-0.2, -0.18),
        (0.2, -0.22),
        (0.5, -0.19),
        (0.68, -0.05),
        (0.66, 0.08),
        (0.46, 0.2),
        (0.16, 0.21),
        (-0.2, 0.16),
        (-0.54, 0.15),
    ],
    30,
    closed=True,
)


SHOES: dict[str, list[Point]] = {
    "sneaker": [
        (-0.6, 0.1),
        (0.66, 0.1),
        (0.68, 0.2),
        (0.5, 0.28),
        (0.24, 0.36),
        (0.02, 0.5),
        (-0.1, 0.54),
        (-0.3, 0.48),
        (-0.5, 0.5),
        (-0.58, 0.56),
        (-0.63, 0.4),
    ],
    "high-top": [
        (-0.6, 0.1),
        (0.66, 0.1),
        (0.68, 0.2),
        (0.5, 0.29),
        (0.2, 0.4),
        (0.02, 0.62),
        (-0.04, 0.92),
        (-0.3, 0.9),
        (-0.58, 0.96),
        (-0.56, 0.6),
        (-0.63, 0.36),
    ],
    "boot": [
        (-0.6, 0.12),
        (0.66, 0.12),
        (0.69, 0.24),
        (0.5, 0.36),
        (0.2, 0.46),
        (0.04, 0.7),
        (0.04, 1.24),
        (-0.58, 1.24),
        (-0.54, 0.7),
        (-0.63, 0.36),
    ],
    "loafer": [
        (-0.6, 0.09),
        (0.66, 0.09),
        (0.7, 0.16),
        (0.54, 0.27),
        (0.28, 0.33),
        (0.1, 0.42),
        (0.02, 0.42),
        (-0.3, 0.36),
        (-0.52, 0.44),
        (-0.62, 0.46),
        (-0.63, 0.3),
    ],
}


def shoe(look: Look) -> Solid:
    solid = Solid()
    side = SHOES[look.shape]
    top = max(p[1] for p in side)
    opening = {"sneaker": -0.28, "high-top": -0.3, "boot": -0.27, "loafer": -0.24}[
        look.shape
    ]
    width = 0.26 if look.shape != "loafer" else 0.3
    solid.add(
        *upper(side, look.main),
        cut(
            egg(
                width,
                0.36 if top < 0.7 else 0.5,
                0.125,
                INNER,
                at=(opening, top + 0.1, 0),
            ),
            0.04,
        ),
    )
    tread = look.trim
    solid.add(sheet(SOLE, 0.05, tread, r=0.025, at=(0, 0.07, 0), turn=(90, 0, 0)))
    accent = look.accent.plain()
    if look.shape in ("sneaker", "high-top"):
        solid.add(
            *upper(side, accent, 0.008), keep(ball(0.34, None, at=(0.74, 0.1, 0)))
        )
        solid.add(
            *upper(side, accent, 0.007),
            keep(
                sheet([(-0.7, 0.1), (-0.42, 0.1), (-0.48, 0.62), (-0.7, 0.62)], 1, None)
            ),
        )
        stripe = [(-0.18, 0.12), (-0.04, 0.12), (0.08, 0.4), (-0.02, 0.46)]
        solid.add(
            *upper(side, accent, 0.006),
            keep(sheet(stripe, 1, None)),
            cut(box(0.3, 0.5, 0.12, None, at=(0, 0.5, 0))),
        )
        steps = 4 if look.shape == "sneaker" else 6
        for i in range(steps):
            x, y = 0.36 - i * 0.1, 0.335 + i * 0.05
            if i > 3:
                x, y = 0.02, 0.64 + (i - 4) * 0.11
            solid.add(
                tube([(x, y, -0.085), (x, y + 0.025, 0.0), (x, y, 0.085)], 0.02, WHITE)
            )
    elif look.shape == "boot":
        solid.add(box(0.2, 0.12, 0.05, tread, at=(-0.4, 0.1, 0), r=0.01))
        gusset = [(-0.34, 0.5), (-0.16, 0.5), (-0.1, 1.16), (-0.4, 1.16)]
        solid.add(*upper(side, accent, 0.006), keep(sheet(gusset, 1, None)))
    else:
        strap = [(0.1, 0.22), (0.24, 0.2), (0.22, 0.46), (0.06, 0.48)]
        solid.add(*upper(side, accent, 0.01), keep(sheet(strap, 1, None)))
    return solid


KINDS = (
    Kind(
        "shoe",
        "Clothing > Shoes",
        shoe,
        {
            "sneaker": "sneaker",
            "high-top": "high-top sneaker",
            "boot": "ankle boot",
            "loafer": "loafer",
        },
        ("cloth", "leather"),
        ("plain", "checks", "camouflage", "dots", "diagonal stripes", "grid"),
        (WHITE, RUBBER, material("rubber", "#c98f5a")),
        mapping="front",
        scale=8.0,
        price=(35, 129),
        views=((28, 14), (-150, 22)),
    ),
)
