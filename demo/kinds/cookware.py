"""Bottles, pans, kettles."""

from demo.kind import Kind, Look
from demo.kinds.pottery import vessel
from demo.renderer.materials import (
    BEECH,
    BLACK,
    BRASS,
    CHROME,
    COPPER,
    OAK,
    STEEL,
    WHITE,
)
from demo.renderer.solids import (
    Point,
    Solid,
    arc,
    ball,
    cone,
    curve,
    ring,
    rod,
    tube,
    turned_solid,
)

BOTTLES: dict[str, list[Point]] = {
    "slim": [
        (0.2, 0.0),
        (0.22, 0.03),
        (0.22, 0.7),
        (0.2, 0.86),
        (0.13, 0.96),
        (0.12, 1.02),
    ],
    "wide": [
        (0.29, 0.0),
        (0.32, 0.04),
        (0.32, 0.62),
        (0.3, 0.76),
        (0.2, 0.86),
        (0.19, 0.9),
    ],
    "curved": [
        (0.2, 0.0),
        (0.26, 0.06),
        (0.27, 0.3),
        (0.2, 0.52),
        (0.23, 0.74),
        (0.12, 0.94),
    ],
    "tumbler": [(0.22, 0.0), (0.24, 0.03), (0.28, 0.45), (0.33, 0.92)],
}


def bottle(look: Look) -> Solid:
    profile = BOTTLES[look.shape]
    neck, top = profile[-1][0], profile[-1][1]
    solid = Solid().add(
        turned_solid([(0.0, 0.0), *curve(profile, 48), (0.0, top)], look.main)
    )
    lid = look.accent.plain()
    if look.shape == "slim":
        solid.add(rod(0.14, 0.07, lid, r=0.02, at=(0, top + 0.08, 0)))
        solid.add(ring(0.075, 0.02, lid, at=(0, top + 0.2, 0), turn=(90, 0, 0)))
    elif look.shape == "wide":
        solid.add(rod(0.22, 0.06, lid, r=0.015, at=(0, top + 0.06, 0)))
        loop = arc(0, top + 0.1, 0.19, 0.2, 0, 180, 14)
        solid.add(tube(loop, 0.03, lid))
    elif look.shape == "curved":
        solid.add(
            turned_solid(
                [
                    (0, top),
                    (0.15, top),
                    (0.14, top + 0.1),
                    (0.06, top + 0.14),
                    (0.055, top + 0.22),
                    (0, top + 0.22),
                ],
                lid,
                r=0.01,
            )
        )
    else:
        solid.add(rod(0.345, 0.03, lid, r=0.015, at=(0, top + 0.02, 0)))
        solid.add(tube([(0.1, top, 0), (0.14, top + 0.42, 0)], 0.022, look.trim))
    if look.shape in ("slim", "wide"):
        solid.add(rod(neck + 0.012, 0.012, look.trim, at=(0, top + 0.005, 0)))
    return solid


def pan(look: Look) -> Solid:
    inside = look.accent.plain()
    grip = look.trim
    solid = Solid()
    if look.shape == "frying":
        profile = [(0.46, 0.0), (0.5, 0.02), (0.56, 0.1), (0.62, 0.17)]
        solid.add(*vessel(profile, 0.025, inside, look.main))
        solid.add(tube([(0.58, 0.12, 0), (0.75, 0.17, 0)], 0.03, STEEL))
        solid.add(
            tube(
                [(0.74, 0.165, 0), (1.0, 0.21, 0), (1.28, 0.23, 0)],
                0.05,
                grip,
                end=0.04,
            )
        )
        return solid
    if look.shape == "saucepan":
        solid.add(
            *vessel([(0.44, 0.0), (0.46, 0.03), (0.46, 0.46)], 0.022, look.main, inside)
        )
        solid.add(tube([(0.44, 0.38, 0), (0.6, 0.41, 0)], 0.028, STEEL))
        solid.add(
            tube([(0.58, 0.405, 0), (0.8, 0.44, 0), (1.06, 0.45, 0)], 0.044, grip)
        )
        return solid
    tall = {"casserole": 0.42, "stock pot": 0.72}[look.shape]
    solid.add(
        *vessel([(0.5, 0.0), (0.54, 0.05), (0.55, tall)], 0.03, look.main, inside)
    )
    lid = [
        (0, tall),
        (0.56, tall),
        (0.55, tall + 0.04),
        (0.3, tall + 0.11),
        (0, tall + 0.14),
    ]
    solid.add(turned_solid(lid, look.main, r=0.012))
    solid.add(rod(0.075, 0.03, grip, r=0.025, at=(0, tall + 0.2, 0)))
    solid.add(rod(0.03, 0.04, grip, at=(0, tall + 0.16, 0)))
    loop = [
        (0.5, tall * 0.78, 0.16),
        (0.68, tall * 0.8, 0.13),
        (0.68, tall * 0.8, -0.13),
        (0.5, tall * 0.78, -0.16),
    ]
    solid.add(tube(curve(loop, 14), 0.035, look.main.plain(), mirror="x"))
    return solid


def kettle(look: Look) -> Solid:
    solid = Solid()
    if look.shape == "dome":
        body = [(0.44, 0.0), (0.5, 0.04), (0.48, 0.3), (0.36, 0.56), (0.16, 0.68)]
        solid.add(turned_solid([(0, 0), *curve(body, 20), (0, 0.68)], look.main))
        loop = arc(0, 0.56, 0.4, 0.52, 20, 160, 18)
        solid.add(tube(loop, 0.04, look.accent.plain()))
        solid.add(
            tube(
                [(-0.4, 0.34, 0), (-0.56, 0.52, 0), (-0.66, 0.6, 0)],
                0.09,
                look.main.plain(),
                end=0.06,
            )
        )
        solid.add(ball(0.06, look.accent.plain(), at=(0, 0.74, 0)))
    elif look.shape == "jug":
        body = [(0.36, 0.06), (0.38, 0.1), (0.33, 0.6), (0.29, 0.98)]
        solid.add(turned_solid([(0, 0.06), *body, (0, 0.98)], look.main, r=0.01))
        solid.add(rod(0.4, 0.03, look.trim, r=0.01, at=(0, 0.03, 0)))
        solid.add(cone(0.29, 0.2, 0.04, look.trim, at=(0, 1.03, 0)))
        solid.add(ball(0.05, look.accent.plain(), at=(0, 1.1, 0)))
        loop = curve(
            [
                (0.28, 0.92, 0),
                (0.56, 0.94, 0),
                (0.6, 0.6, 0),
                (0.54, 0.28, 0),
                (0.36, 0.24, 0),
            ],
            18,
        )
        solid.add(tube(loop, 0.05, look.accent.plain()))
        solid.add(cone(0.1, 0.13, 0.08, look.trim, at=(-0.28, 0.9, 0), turn=(0, 0, 38)))
    else:
        body = [(0.44, 0.0), (0.45, 0.03), (0.36, 0.34), (0.26, 0.56)]
        solid.add(turned_solid([(0, 0), *body, (0, 0.56)], look.main, r=0.01))
        solid.add(rod(0.24, 0.03, look.trim, r=0.015, at=(0, 0.59, 0)))
        solid.add(ball(0.055, look.accent.plain(), at=(0, 0.67, 0)))
        neck = curve(
            [
                (-0.36, 0.14, 0),
                (-0.62, 0.2, 0),
                (-0.64, 0.5, 0),
                (-0.72, 0.66, 0),
                (-0.86, 0.64, 0),
            ],
            20,
        )
        solid.add(tube(neck, 0.045, look.trim, end=0.028))
        loop = curve(
            [(0.26, 0.52, 0), (0.56, 0.6, 0), (0.7, 0.42, 0), (0.64, 0.16, 0)], 16
        )
        solid.add(tube(loop, 0.045, look.accent.plain()))
    return solid


KINDS = (
    Kind(
        "bottle",
        "Kitchen > Bottles",
        bottle,
        {
            "slim": "slim",
            "wide": "wide-mouth",
            "curved": "curved sports",
            "tumbler": "straw tumbler",
        },
        ("satin", "gloss", "brushed"),
        (
            "plain",
            "stripes",
            "dipped",
            "ombre",
            "band",
            "camouflage",
            "dots",
            "terrazzo",
            "zigzag",
            "colour block",
        ),
        (STEEL, BLACK, WHITE),
        level=0.4,
        girth=1.6,
        price=(14, 38),
        views=((25, 10), (-60, 26)),
    ),
    Kind(
        "pan",
        "Kitchen > Pans",
        pan,
        {
            "frying": "frying pan",
            "saucepan": "saucepan",
            "casserole": "casserole",
            "stock pot": "stock pot",
        },
        ("enamel", "matte", "hammered"),
        ("plain", "ombre", "speckle", "band"),
        (BLACK, OAK, BEECH, BRASS, COPPER, CHROME),
        level=0.2,
        girth=3.4,
        price=(24, 119),
        views=((-28, 24), (28, 40)),
    ),
    Kind(
        "kettle",
        "Kitchen > Kettles",
        kettle,
        {"dome": "stovetop", "jug": "electric", "gooseneck": "gooseneck"},
        ("enamel", "brushed", "matte"),
        ("plain", "speckle", "ombre", "dots", "band"),
        (STEEL, BLACK, BRASS),
        level=0.3,
        price=(29, 99),
        views=((20, 14), (155, 26)),
    ),
)
