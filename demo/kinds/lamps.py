"""Lamps."""

from demo.kind import Kind, Look
from demo.renderer.materials import (
    BRASS,
    CHROME,
    DARK_METAL,
    Material,
    material,
)
from demo.renderer.solids import (
    Solid,
    ball,
    curve,
    rod,
    tube,
    turned,
    turned_solid,
)


def shade_material(look: Look) -> Material:
    return look.main.but(glow=0.28)


def lamp(look: Look) -> Solid:
    solid = Solid()
    bulb = material("matte", "#fff1cf", glow=1.3)
    if look.shape == "table":
        foot = curve(
            [(0.2, 0.02), (0.26, 0.12), (0.24, 0.3), (0.1, 0.46), (0.04, 0.56)], 40
        )
        solid.add(
            turned_solid([(0, 0), (0.2, 0), *foot, (0, 0.56)], look.accent.plain())
        )
        solid.add(rod(0.02, 0.18, look.trim, at=(0, 0.66, 0)))
        solid.add(turned([(0.42, 0.62), (0.27, 1.12)], 0.012, shade_material(look)))
        solid.add(ball(0.09, bulb, at=(0, 0.84, 0)))
    elif look.shape == "mushroom":
        solid.add(
            turned_solid(
                [
                    (0, 0),
                    (0.27, 0),
                    *curve([(0.25, 0.03), (0.12, 0.12), (0.09, 0.36), (0.1, 0.62)], 14),
                    (0, 0.62),
                ],
                look.accent.plain(),
            )
        )
        dome = curve(
            [(0.5, 0.58), (0.47, 0.74), (0.32, 0.92), (0.1, 1.0), (0.0, 1.005)], 48
        )
        solid.add(turned(dome, 0.015, look.main))
        solid.add(ball(0.1, bulb, at=(0, 0.68, 0)))
    elif look.shape == "desk":
        solid.add(rod(0.3, 0.03, look.main.plain(), r=0.02, at=(0.1, 0.03, 0)))
        solid.add(
            tube([(0.1, 0.05, 0), (0.32, 0.56, 0), (-0.12, 0.98, 0)], 0.022, look.trim)
        )
        solid.add(ball(0.045, look.trim, at=(0.32, 0.56, 0)))
        head = curve(
            [(0.24, -0.3), (0.22, -0.16), (0.12, 0.0), (0.07, 0.06), (0.0, 0.08)], 14
        )
        solid.add(turned(head, 0.014, look.main, at=(-0.2, 0.98, 0), turn=(0, 0, -32)))
        solid.add(ball(0.09, bulb, at=(-0.28, 0.84, 0)))
    else:
        solid.add(rod(0.26, 0.035, look.trim, r=0.02, at=(0, 0.035, 0)))
        solid.add(rod(0.03, 0.2, look.trim, at=(0, 0.2, 0)))
        solid.add(ball(0.36, shade_material(look), at=(0, 0.7, 0)))
    return solid


KINDS = (
    Kind(
        "lamp",
        "Home > Lamps",
        lamp,
        {"table": "table", "mushroom": "mushroom", "desk": "desk", "globe": "globe"},
        ("satin", "gloss", "matte"),
        ("plain", "upright stripes", "stripes", "dots", "ombre", "checks", "waves"),
        (BRASS, DARK_METAL, CHROME),
        level=0.85,
        girth=2.2,
        price=(29, 149),
        views=((30, 8), (-50, 20)),
    ),
)
