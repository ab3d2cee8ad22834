"""Chairs, stools, tables."""

from demo.kind import Kind, Look
from demo.renderer.materials import BEECH, DARK_METAL, OAK, STEEL, WALNUT
from demo.renderer.solids import (
    Solid,
    box,
    cone,
    curve,
    cut,
    egg,
    ring,
    rod,
    sheet,
    tube,
)


def chair(look: Look) -> Solid:
    solid = Solid()
    legs = look.trim
    if look.shape == "shell":
        shell = egg(0.5, 0.62, 0.48, look.main, at=(0, 0.98, 0.02), skin=0.02)
        solid.add(
            shell,
            cut(box(1, 0.5, 0.7, None, at=(0, 1.32, 0.62), turn=(-14, 0, 0)), 0.1),
            cut(box(1, 0.3, 1, None, at=(0, 1.78, 0)), 0.1),
        )
        solid.add(
            tube(
                [(0.2, 0.46, 0.2), (0.38, 0.0, 0.38)],
                0.035,
                legs,
                end=0.02,
                mirror="xz",
            )
        )
        solid.add(rod(0.22, 0.03, legs, at=(0, 0.42, 0)))
        return solid
    if look.shape == "armchair":
        solid.add(
            box(0.42, 0.13, 0.42, look.accent.plain(), r=0.09, at=(0, 0.46, 0.06))
        )
        solid.add(
            box(
                0.52, 0.36, 0.13, look.main, r=0.11, at=(0, 0.78, -0.4), turn=(-8, 0, 0)
            )
        )
        solid.add(
            box(0.12, 0.24, 0.48, look.main, r=0.1, at=(0.5, 0.48, 0), mirror="x")
        )
        solid.add(box(0.52, 0.13, 0.46, look.main, r=0.06, at=(0, 0.28, 0)))
        solid.add(
            tube(
                [(0.42, 0.2, 0.36), (0.46, 0.0, 0.4)],
                0.04,
                legs,
                end=0.025,
                mirror="xz",
            )
        )
        return solid
    if look.shape == "slatted":
        solid.add(box(0.4, 0.035, 0.38, look.main, r=0.025, at=(0, 0.66, 0)))
        solid.add(
            tube(
                [(0.34, 0.64, 0.32), (0.37, 0.0, 0.36)],
                0.035,
                legs,
                end=0.028,
                mirror="x",
            )
        )
        solid.add(
            tube(
                [(0.34, 0.0, -0.4), (0.34, 0.64, -0.34), (0.36, 1.42, -0.46)],
                0.033,
                legs,
                mirror="x",
            )
        )
        for y in (0.94, 1.14, 1.35):
            solid.add(
                box(
                    0.36,
                    0.055,
                    0.022,
                    look.main,
                    r=0.015,
                    at=(0, y, -0.36 - (y - 0.64) * 0.13),
                )
            )
        solid.add(
            tube([(0.355, 0.3, 0.34), (0.345, 0.3, -0.37)], 0.018, legs, mirror="x")
        )
        return solid
    solid.add(rod(0.4, 0.04, look.main, r=0.035, at=(0, 0.68, 0)))
    hoop = curve(
        [
            (-0.34, 0.68, -0.18),
            (-0.36, 1.1, -0.26),
            (0, 1.42, -0.34),
            (0.36, 1.1, -0.26),
            (0.34, 0.68, -0.18),
        ],
        20,
    )
    solid.add(tube(hoop, 0.03, legs))
    for x in (-0.15, 0.0, 0.15):
        solid.add(tube([(x, 0.7, -0.3), (x * 1.1, 1.36, -0.34)], 0.018, legs))
    solid.add(
        tube(
            [(0.24, 0.66, 0.24), (0.34, 0.0, 0.34)], 0.032, legs, end=0.024, mirror="xz"
        )
    )
    solid.add(ring(0.36, 0.016, legs, at=(0, 0.3, 0)))
    return solid


def stool(look: Look) -> Solid:
    solid = Solid()
    legs = look.trim
    if look.shape == "round":
        solid.add(rod(0.38, 0.055, look.main, r=0.045, at=(0, 0.72, 0)))
        solid.add(
            tube([(0.24, 0.7, 0.0), (0.4, 0.0, 0.0)], 0.04, legs, end=0.026, repeat=3)
        )
    elif look.shape == "bar":
        solid.add(rod(0.3, 0.06, look.main, r=0.05, at=(0, 1.24, 0)))
        solid.add(
            tube([(0.17, 1.2, 0.17), (0.28, 0.0, 0.28)], 0.028, legs, mirror="xz")
        )
        solid.add(ring(0.345, 0.02, legs, at=(0, 0.4, 0)))
    elif look.shape == "pouffe":
        solid.add(rod(0.48, 0.27, look.main, r=0.13, at=(0, 0.28, 0)))
        solid.add(rod(0.05, 0.02, look.accent.plain(), r=0.015, at=(0, 0.55, 0)))
    else:
        solid.add(box(0.44, 0.1, 0.34, look.main, r=0.07, at=(0, 0.6, 0)))
        solid.add(
            tube(
                [(0.32, 0.54, 0.24), (0.4, 0.0, 0.3)],
                0.036,
                legs,
                end=0.026,
                mirror="xz",
            )
        )
    return solid


def table(look: Look) -> Solid:
    solid = Solid()
    legs = look.trim
    if look.shape == "pedestal":
        solid.add(rod(0.55, 0.03, look.main, r=0.02, at=(0, 0.9, 0)))
        solid.add(rod(0.045, 0.42, legs, at=(0, 0.46, 0)))
        solid.add(cone(0.32, 0.07, 0.04, legs, at=(0, 0.04, 0)))
    elif look.shape == "drawer":
        solid.add(box(0.44, 0.2, 0.34, look.main, r=0.02, at=(0, 0.78, 0)))
        solid.add(
            box(0.37, 0.13, 0.02, look.accent.plain(), r=0.01, at=(0, 0.78, 0.34))
        )
        solid.add(rod(0.035, 0.03, legs, r=0.015, at=(0, 0.78, 0.38), turn=(90, 0, 0)))
        solid.add(
            tube(
                [(0.36, 0.6, 0.26), (0.4, 0.0, 0.3)], 0.035, legs, end=0.02, mirror="xz"
            )
        )
    elif look.shape == "tray":
        solid.add(
            rod(0.52, 0.05, look.main, r=0.01, at=(0, 0.72, 0)),
            cut(rod(0.49, 0.05, look.accent.plain(), at=(0, 0.77, 0))),
        )
        solid.add(
            tube([(0.38, 0.68, 0), (0.46, 0.02, 0)], 0.03, legs, end=0.022, repeat=4)
        )
        solid.add(tube([(0.43, 0.26, 0), (-0.43, 0.26, 0)], 0.018, legs, mirror="x"))
        solid.add(tube([(0, 0.26, 0.43), (0, 0.26, -0.43)], 0.018, legs, mirror="z"))
    else:
        side = [
            (-0.52, 0.0),
            (-0.44, 0.0),
            (-0.4, 0.62),
            (0.4, 0.62),
            (0.44, 0.0),
            (0.52, 0.0),
            (0.48, 0.74),
            (-0.48, 0.74),
        ]
        solid.add(sheet(side, 0.34, look.main, r=0.01))
        solid.add(box(0.42, 0.02, 0.3, look.accent.plain(), at=(0, 0.28, 0)))
    return solid


KINDS = (
    Kind(
        "chair",
        "Furniture > Chairs",
        chair,
        {
            "shell": "shell",
            "armchair": "arm",
            "slatted": "slat-back",
            "hoop": "hoop-back",
        },
        ("satin", "cloth", "matte"),
        ("plain", "stripes", "checks", "dots", "tartan", "zigzag"),
        (OAK, WALNUT, DARK_METAL, BEECH),
        mapping="box",
        scale=5.0,
        price=(59, 349),
        views=((32, 14), (-40, 24)),
    ),
    Kind(
        "stool",
        "Furniture > Stools",
        stool,
        {"round": "three-legged", "bar": "bar", "pouffe": "pouffe", "bench": "padded"},
        ("cloth", "leather", "satin"),
        ("plain", "stripes", "checks", "dots", "zigzag", "diamonds"),
        (OAK, WALNUT, DARK_METAL, STEEL),
        mapping="box",
        scale=6.0,
        price=(29, 139),
        views=((25, 16), (-65, 28)),
    ),
    Kind(
        "side table",
        "Furniture > Side tables",
        table,
        {
            "pedestal": "pedestal",
            "drawer": "one-drawer",
            "tray": "tray",
            "bridge": "slab",
        },
        ("satin", "gloss", "wood"),
        ("plain", "marble", "terrazzo", "checks"),
        (OAK, DARK_METAL, WALNUT),
        mapping="box",
        scale=3.0,
        price=(49, 219),
        views=((28, 18), (-42, 32)),
    ),
)
