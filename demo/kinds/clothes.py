"""Shirts and hats."""

from demo.kind import Kind, Look
from demo.kinds.interior import CLOTH
from demo.renderer.materials import (
    BLACK,
    WHITE,
    material,
)
from demo.renderer.solids import (
    Point,
    Solid,
    arc,
    ball,
    box,
    cone,
    curve,
    cut,
    egg,
    keep,
    rod,
    sheet,
    tube,
    turned,
)

INNER = material("cloth", "#3a3a3f")


def mirrored(points: list[Point]) -> list[Point]:
    return [*points, *[(-x, y) for x, y in reversed([p[:2] for p in points])]]


def shirt(look: Look) -> Solid:
    """Build a shirt; the right half of its outline runs from hem to neck."""
    sleeve = {
        "tee": [(0.47, 0.62), (0.75, 0.72), (0.83, 0.98), (0.52, 1.26)],
        "long": [
            (0.45, 0.6),
            (0.6, 0.08),
            (0.78, 0.1),
            (0.78, 0.55),
            (0.72, 1.0),
            (0.52, 1.26),
        ],
        "polo": [(0.47, 0.62), (0.73, 0.7), (0.82, 0.95), (0.52, 1.26)],
        "vest": [(0.44, 0.78), (0.36, 0.92), (0.32, 1.12), (0.33, 1.32), (0.22, 1.34)],
    }[look.shape]
    waist = [(0.0, 0.0), (0.44, 0.0), (0.45, 0.3)]
    if look.shape in ("tee", "polo"):
        waist.append((0.46, 0.64))
    neck = [(0.2, 1.36), (0.0, 1.34)]
    outline = mirrored(
        [*waist, *sleeve[(1 if look.shape in ("tee", "polo") else 0) :], *neck]
    )
    solid = Solid()
    deep = {"vest": 0.34, "polo": 0.13}.get(look.shape, 0.17)
    wide = 0.17 if look.shape != "vest" else 0.19
    solid.add(
        sheet(outline, 0.12, look.main, r=0.02, pillow=0.22),
        cut(egg(wide, deep, 0.5, look.accent.plain(), at=(0, 1.38, 0.06)), 0.02),
    )
    collar = look.accent.plain()
    if look.shape == "polo":
        solid.add(
            sheet(
                [(0.0, 1.16), (0.18, 1.4), (0.22, 1.3), (0.1, 1.12)],
                0.015,
                collar,
                r=0.015,
                at=(0, 0, 0.13),
                mirror="x",
            )
        )
        solid.add(box(0.035, 0.12, 0.012, collar, at=(0, 1.08, 0.135)))
        for y in (1.02, 1.1):
            solid.add(ball(0.014, look.trim, at=(0, y, 0.15)))
    else:
        loop = [(x, y, 0.1) for x, y, _ in arc(0, 1.375, wide, deep, 180, 360, 18)]
        solid.add(tube(loop, 0.022, collar))
    if look.shape in ("tee", "long"):
        cuff = (
            [(0.86, 0.98), (0.74, 0.66), (0.69, 0.66), (0.8, 1.02)]
            if look.shape == "tee"
            else [(0.56, 0.03), (0.82, 0.05), (0.82, 0.15), (0.56, 0.13)]
        )
        solid.add(
            sheet(outline, 0.12, collar, r=0.026, pillow=0.22),
            keep(sheet(cuff, 0.5, None, mirror="x")),
        )
    return solid


def hat(look: Look) -> Solid:
    solid = Solid()
    band = look.accent.plain()
    if look.shape == "cap":
        solid.add(
            egg(0.46, 0.44, 0.5, look.main, at=(0, 0.1, 0)),
            cut(box(1, 0.3, 1, band, at=(0, -0.28, 0))),
        )
        brim = egg(0.4, 0.028, 0.46, band, at=(0, 0.06, 0.46), turn=(12, 0, 0))
        solid.add(brim, cut(box(1, 1, 0.4, None, at=(0, 0, 0.0))))
        solid.add(ball(0.035, band, at=(0, 0.545, 0)))
    elif look.shape == "beanie":
        solid.add(
            egg(0.46, 0.62, 0.46, look.main, at=(0, 0.16, 0)),
            cut(box(1, 0.3, 1, None, at=(0, -0.2, 0))),
        )
        solid.add(rod(0.475, 0.12, band, r=0.06, at=(0, 0.14, 0)))
        solid.add(ball(0.14, band.but(grain="fur", coarse=30.0), at=(0, 0.84, 0)))
    elif look.shape == "bucket":
        profile = [(0.62, 0.02), (0.42, 0.24), (0.36, 0.5), (0.3, 0.58), (0.0, 0.58)]
        solid.add(turned(profile, 0.02, look.main))
        solid.add(turned([(0.427, 0.245), (0.408, 0.31)], 0.022, band))
    else:
        rim = curve([(0.34, 0.06), (0.5, 0.03), (0.72, 0.08)], 10)
        solid.add(turned(rim, 0.016, look.main, scale=(0.94, 1, 1.04)))
        solid.add(
            cone(
                0.36,
                0.31,
                0.24,
                look.main,
                r=0.05,
                at=(0, 0.27, 0),
                scale=(0.94, 1, 1.06),
            ),
            cut(egg(0.1, 0.1, 0.28, look.main, at=(0, 0.54, 0.02)), 0.1),
        )
        solid.add(
            cone(0.365, 0.352, 0.05, band, at=(0, 0.12, 0), scale=(0.94, 1, 1.06))
        )
    return solid


KINDS = (
    Kind(
        "shirt",
        "Clothing > Shirts",
        shirt,
        {
            "tee": "crew-neck T-shirt",
            "long": "long-sleeved top",
            "polo": "polo shirt",
            "vest": "tank top",
        },
        ("cloth",),
        CLOTH,
        (WHITE, BLACK),
        mapping="front",
        scale=7.0,
        level=0.75,
        price=(14, 49),
        views=((14, 4), (-26, 10)),
        lies=True,
    ),
    Kind(
        "hat",
        "Clothing > Hats",
        hat,
        {
            "cap": "baseball cap",
            "beanie": "bobble hat",
            "bucket": "bucket hat",
            "fedora": "brimmed hat",
        },
        ("cloth", "knit"),
        (
            "plain",
            "stripes",
            "panels",
            "dots",
            "checks",
            "zigzag",
            "camouflage",
            "tartan",
        ),
        (WHITE,),
        scale=5.0,
        girth=2.9,
        level=0.4,
        price=(15, 59),
        views=((32, 16), (-45, 26)),
    ),
)
