"""Shirts, shoes, hats, umbrellas, sunglasses, watches, scarves."""

from dataclasses import replace

from catalogue.demo.kinds.home import CLOTH
from catalogue.demo.kinds.kind import Kind, Look
from catalogue.demo.kinds.kitchen import vessel
from catalogue.demo.materials import (
    BLACK,
    BRASS,
    CHROME,
    DARK_METAL,
    OAK,
    RUBBER,
    STEEL,
    WALNUT,
    WHITE,
    Material,
    material,
)
from catalogue.demo.solids import (
    Point,
    Primitive,
    Solid,
    arc,
    ball,
    blend,
    box,
    cone,
    curve,
    cut,
    egg,
    keep,
    ring,
    rod,
    sheet,
    tube,
    turned,
)

INNER = material("cloth", "#3a3a3f")


def mirrored(points: list[Point]) -> list[Point]:
    return [*points, *[(-x, y) for x, y in reversed([p[:2] for p in points])]]


def shirt(look: Look) -> Solid:
    """The right half of the outline runs from the hem's middle to the neck."""
    sleeve = {
        "tee": [(0.47, 0.62), (0.75, 0.72), (0.83, 0.98), (0.52, 1.26)],
        "long": [(0.45, 0.6), (0.6, 0.08), (0.78, 0.1), (0.78, 0.55), (0.72, 1.0), (0.52, 1.26)],
        "polo": [(0.47, 0.62), (0.73, 0.7), (0.82, 0.95), (0.52, 1.26)],
        "vest": [(0.44, 0.78), (0.36, 0.92), (0.32, 1.12), (0.33, 1.32), (0.22, 1.34)],
    }[look.shape]
    waist = [(0.0, 0.0), (0.44, 0.0), (0.45, 0.3)]
    if look.shape in ("tee", "polo"):
        waist.append((0.46, 0.64))
    neck = [(0.2, 1.36), (0.0, 1.34)]
    outline = mirrored([*waist, *sleeve[(1 if look.shape in ("tee", "polo") else 0):], *neck])
    made = Solid()
    deep = {"vest": 0.34, "polo": 0.13}.get(look.shape, 0.17)
    wide = 0.17 if look.shape != "vest" else 0.19
    made.add(
        sheet(outline, 0.12, look.main, r=0.02, pillow=0.22),
        cut(egg(wide, deep, 0.5, look.accent.plain(), at=(0, 1.38, 0.06)), 0.02),
    )
    collar = look.accent.plain()
    if look.shape == "polo":
        made.add(sheet([(0.0, 1.16), (0.18, 1.4), (0.22, 1.3), (0.1, 1.12)], 0.015, collar, r=0.015,
                       at=(0, 0, 0.13), mirror="x"))
        made.add(box(0.035, 0.12, 0.012, collar, at=(0, 1.08, 0.135)))
        for y in (1.02, 1.1):
            made.add(ball(0.014, look.trim, at=(0, y, 0.15)))
    else:
        loop = [(x, y, 0.1) for x, y, _ in arc(0, 1.375, wide, deep, 180, 360, 18)]
        made.add(tube(loop, 0.022, collar))
    if look.shape in ("tee", "long"):
        cuff = [(0.86, 0.98), (0.74, 0.66), (0.69, 0.66), (0.8, 1.02)] if look.shape == "tee" else [
            (0.56, 0.03), (0.82, 0.05), (0.82, 0.15), (0.56, 0.13)]
        made.add(sheet(outline, 0.12, collar, r=0.026, pillow=0.22),
                 keep(sheet(cuff, 0.5, None, mirror="x")))
    return made


def upper(side: list[Point], m: Material, grow: float = 0.0) -> list[Primitive]:
    """A shoe's body: its side view cut to the sole's outline, rounded to the last."""
    sole = sheet(SOLE, 1.2, None, r=0.01 + grow, turn=(90, 0, 0))
    return [sheet(side, 0.4, m, r=0.01 + grow), keep(sole, 0.16)]


SOLE = curve([(-0.62, 0.0), (-0.54, -0.17), (-0.2, -0.18), (0.2, -0.22), (0.5, -0.19), (0.68, -0.05),
              (0.66, 0.08), (0.46, 0.2), (0.16, 0.21), (-0.2, 0.16), (-0.54, 0.15)], 30, closed=True)
SHOES: dict[str, list[Point]] = {
    "sneaker": [(-0.6, 0.1), (0.66, 0.1), (0.68, 0.2), (0.5, 0.28), (0.24, 0.36), (0.02, 0.5), (-0.1, 0.54),
                (-0.3, 0.48), (-0.5, 0.5), (-0.58, 0.56), (-0.63, 0.4)],
    "high-top": [(-0.6, 0.1), (0.66, 0.1), (0.68, 0.2), (0.5, 0.29), (0.2, 0.4), (0.02, 0.62), (-0.04, 0.92),
                 (-0.3, 0.9), (-0.58, 0.96), (-0.56, 0.6), (-0.63, 0.36)],
    "boot": [(-0.6, 0.12), (0.66, 0.12), (0.69, 0.24), (0.5, 0.36), (0.2, 0.46), (0.04, 0.7), (0.04, 1.24),
             (-0.58, 1.24), (-0.54, 0.7), (-0.63, 0.36)],
    "loafer": [(-0.6, 0.09), (0.66, 0.09), (0.7, 0.16), (0.54, 0.27), (0.28, 0.33), (0.1, 0.42), (0.02, 0.42),
               (-0.3, 0.36), (-0.52, 0.44), (-0.62, 0.46), (-0.63, 0.3)],
}


def shoe(look: Look) -> Solid:
    made = Solid()
    side = SHOES[look.shape]
    top = max(p[1] for p in side)
    opening = {"sneaker": -0.28, "high-top": -0.3, "boot": -0.27, "loafer": -0.24}[look.shape]
    width = 0.26 if look.shape != "loafer" else 0.3
    made.add(
        *upper(side, look.main),
        cut(egg(width, 0.36 if top < 0.7 else 0.5, 0.125, INNER, at=(opening, top + 0.1, 0)), 0.04),
    )
    tread = look.trim
    made.add(sheet(SOLE, 0.05, tread, r=0.025, at=(0, 0.07, 0), turn=(90, 0, 0)))
    accent = look.accent.plain()
    if look.shape in ("sneaker", "high-top"):
        made.add(*upper(side, accent, 0.008), keep(ball(0.34, None, at=(0.74, 0.1, 0))))
        made.add(*upper(side, accent, 0.007),
                 keep(sheet([(-0.7, 0.1), (-0.42, 0.1), (-0.48, 0.62), (-0.7, 0.62)], 1, None)))
        stripe = [(-0.18, 0.12), (-0.04, 0.12), (0.08, 0.4), (-0.02, 0.46)]
        made.add(*upper(side, accent, 0.006), keep(sheet(stripe, 1, None)),
                 cut(box(0.3, 0.5, 0.12, None, at=(0, 0.5, 0))))
        steps = 4 if look.shape == "sneaker" else 6
        for i in range(steps):
            x, y = 0.36 - i * 0.1, 0.335 + i * 0.05
            if i > 3:
                x, y = 0.02, 0.64 + (i - 4) * 0.11
            made.add(tube([(x, y, -0.085), (x, y + 0.025, 0.0), (x, y, 0.085)], 0.02, WHITE))
    elif look.shape == "boot":
        made.add(box(0.2, 0.12, 0.05, tread, at=(-0.4, 0.1, 0), r=0.01))
        gusset = [(-0.34, 0.5), (-0.16, 0.5), (-0.1, 1.16), (-0.4, 1.16)]
        made.add(*upper(side, accent, 0.006), keep(sheet(gusset, 1, None)))
    else:
        strap = [(0.1, 0.22), (0.24, 0.2), (0.22, 0.46), (0.06, 0.48)]
        made.add(*upper(side, accent, 0.01), keep(sheet(strap, 1, None)))
    return made


def hat(look: Look) -> Solid:
    made = Solid()
    band = look.accent.plain()
    if look.shape == "cap":
        made.add(egg(0.46, 0.44, 0.5, look.main, at=(0, 0.1, 0)),
                 cut(box(1, 0.3, 1, band, at=(0, -0.28, 0))))
        brim = egg(0.4, 0.028, 0.46, band, at=(0, 0.06, 0.46), turn=(12, 0, 0))
        made.add(brim, cut(box(1, 1, 0.4, None, at=(0, 0, 0.0))))
        made.add(ball(0.035, band, at=(0, 0.545, 0)))
    elif look.shape == "beanie":
        made.add(egg(0.46, 0.62, 0.46, look.main, at=(0, 0.16, 0)),
                 cut(box(1, 0.3, 1, None, at=(0, -0.2, 0))))
        made.add(rod(0.475, 0.12, band, r=0.06, at=(0, 0.14, 0)))
        made.add(ball(0.14, band.but(grain="fur", coarse=30.0), at=(0, 0.84, 0)))
    elif look.shape == "bucket":
        profile = [(0.62, 0.02), (0.42, 0.24), (0.36, 0.5), (0.3, 0.58), (0.0, 0.58)]
        made.add(turned(profile, 0.02, look.main))
        made.add(turned([(0.427, 0.245), (0.408, 0.31)], 0.022, band))
    else:
        brim = curve([(0.34, 0.06), (0.5, 0.03), (0.72, 0.08)], 10)
        made.add(turned(brim, 0.016, look.main, scale=(0.94, 1, 1.04)))
        made.add(cone(0.36, 0.31, 0.24, look.main, r=0.05, at=(0, 0.27, 0), scale=(0.94, 1, 1.06)),
                 cut(egg(0.1, 0.1, 0.28, look.main, at=(0, 0.54, 0.02)), 0.1))
        made.add(cone(0.365, 0.352, 0.05, band, at=(0, 0.12, 0), scale=(0.94, 1, 1.06)))
    return made


def umbrella(look: Look) -> Solid:
    made = Solid()
    if look.shape == "folded":
        body = curve([(0.03, 0.0), (0.07, 0.1), (0.1, 0.45), (0.12, 0.85), (0.06, 0.94)], 16)
        lean = {"turn": (0.0, 0.0, -9.0), "at": (-0.08, 0.12, 0.0)}
        from catalogue.demo.solids import solid

        made.add(solid([(0, 0.0), *body, (0, 0.94)], look.main, lobes=(7, 0.1, 2.0), **lean))
        made.add(tube([(0, -0.1, 0), (0, 1.0, 0)], 0.018, look.trim, **lean))
        hook = [(0, 0.94, 0), (0, 1.16, 0), *[(x, y, 0.0) for x, y, _ in arc(0.09, 1.16, 0.09, 0.1, 180, 0, 8)]]
        made.add(tube(hook, 0.035, look.accent.plain(), **lean))
        made.add(turned([(0.105, 0.6), (0.11, 0.66)], 0.025, look.accent.plain(), **lean))
        return made
    high = 0.62 if look.shape == "dome" else 0.42
    profile = curve([(0.8, 0.0), (0.7, high * 0.45), (0.42, high * 0.84), (0.0, high)], 48)
    tilt = {"turn": (10.0, 0.0, -14.0), "at": (0.0, 0.82, 0.0)}
    made.add(turned(profile, 0.012, look.main, lobes=(8, 0.035, 0.0), **tilt))
    made.add(tube([(0, -0.62, 0), (0, high + 0.1, 0)], 0.02, look.trim, **tilt))
    hook = [(0, -0.55, 0), (0, -0.72, 0), *[(x, y, 0.0) for x, y, _ in arc(0.08, -0.72, 0.08, 0.1, 180, 360, 8)]]
    made.add(tube(hook, 0.036, look.accent.plain(), **tilt))
    return made


LENSES: dict[str, list[Point]] = {
    "round": [(p[0], p[1]) for p in arc(0.31, 0, 0.22, 0.22, 0, 345, 24)],
    "square": curve([(0.09, 0.17), (0.5, 0.19), (0.54, 0.1), (0.5, -0.17), (0.14, -0.18), (0.08, 0.0)], 24,
                    closed=True),
    "aviator": curve([(0.08, 0.16), (0.3, 0.2), (0.52, 0.16), (0.53, -0.04), (0.38, -0.24), (0.2, -0.18),
                      (0.1, -0.02)], 24, closed=True),
    "cat-eye": curve([(0.08, 0.1), (0.34, 0.15), (0.62, 0.28), (0.55, 0.0), (0.4, -0.16), (0.18, -0.15)], 24,
                     closed=True),
}


def tinted(colour: str) -> Material:
    """A dark lens with a hint of a colour."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [int(20 + 0.28 * part) for part in parts]
    return material("gloss", "#{:02x}{:02x}{:02x}".format(*mixed), rough=0.05, shine=0.09)


def sunglasses(look: Look) -> Solid:
    made = Solid()
    lens, frame = LENSES[look.shape], look.main
    lift = {"at": (0.0, 0.26, 0.3), "mirror": "x"}
    thin = look.shape in ("aviator",)
    made.add(sheet(lens, 0.022, frame, r=0.05 if not thin else 0.026, **lift),
             cut(sheet(lens, 0.2, None, **lift)))
    made.add(sheet(lens, 0.008, tinted(look.accent.colour), r=0.004, **lift))
    made.add(tube(curve([(0.1, 0.3, 0.3), (0.0, 0.335, 0.31), (-0.1, 0.3, 0.3)], 10), 0.03 if not thin else 0.016,
                  frame))
    outer = max(p[0] for p in lens)
    arm = curve([(outer + 0.02, 0.36, 0.29), (outer + 0.06, 0.36, 0.1), (outer + 0.03, 0.34, -0.5),
                 (outer, 0.2, -0.72)], 14)
    made.add(tube(arm, 0.028 if not thin else 0.016, frame, mirror="x"))
    made.add(box(0.03, 0.035, 0.03, look.trim, r=0.01, at=(outer + 0.04, 0.36, 0.28), mirror="x"))
    return made


def watch(look: Look) -> Solid:
    """The watch lies on its strap as on a cushion, its face turned to the customer."""
    made = Solid()
    strap = look.main
    lean = (62.0, 0.0, 0.0)
    case = look.trim
    dial = material("satin", look.accent.colour)
    y, z = 0.6, 0.42
    loop = ring(0.42, 0.035, strap, at=(0, 0.46, 0), turn=(0, 0, 90), scale=(1, 5.2, 1))
    made.add(replace(loop, scale=(1.0, 5.0, 1.0)))
    square = look.shape == "square"
    if square:
        made.add(box(0.27, 0.07, 0.3, case, r=0.06, at=(0, y, z), turn=lean))
        made.add(box(0.22, 0.075, 0.25, dial, r=0.03, at=(0, y, z), turn=lean))
    else:
        wide = 0.33 if look.shape == "round" else 0.36
        made.add(rod(wide, 0.07, case, r=0.03, at=(0, y, z), turn=lean))
        made.add(rod(wide - 0.06, 0.075, dial, at=(0, y, z), turn=lean))
        if look.shape == "diver":
            made.add(replace(ring(wide - 0.02, 0.03, RUBBER, at=(0, y, z), turn=lean)))
    from catalogue.demo.solids import rotation

    matrix = rotation(lean)

    def on_face(x: float, up: float, off: float) -> tuple[float, float, float]:
        place = matrix @ (x, off, -up)
        return (float(place[0]), float(place[1]) + y, float(place[2]) + z)

    import math

    radius = 0.19 if square else 0.21
    ink = WHITE if sum(int(look.accent.colour[i:i + 2], 16) for i in (1, 3, 5)) < 330 else BLACK
    for i in range(12):
        a = math.radians(30 * i)
        made.add(box(0.009, 0.004, 0.03 if i % 3 == 0 else 0.016, ink,
                     at=on_face(radius * math.sin(a), radius * math.cos(a), 0.077),
                     turn=(lean[0], 0, 0) if i % 6 == 0 else lean))
    for a, length in ((305, 0.1), (60, 0.15)):
        b = math.radians(a)
        made.add(tube([on_face(0, 0, 0.085), on_face(length * math.sin(b), length * math.cos(b), 0.085)], 0.01, ink))
    made.add(ball(0.04, case, at=on_face(0.33 if not square else 0.28, 0, 0)))
    return made


def scarf(look: Look) -> Solid:
    made = Solid()
    body = look.main
    made.add(ring(0.4, 0.13, body, at=(0, 0.95, 0), scale=(1, 1, 0.8), turn=(16, 0, 0)))
    made.add(box(0.16, 0.46, 0.05, body, r=0.04, at=(-0.12, 0.5, 0.4), turn=(-4, 0, 4)))
    made.add(box(0.16, 0.36, 0.05, body, r=0.04, at=(0.14, 0.58, 0.36), turn=(-4, 0, -7)))
    for i in range(6):
        x = -0.27 + i * 0.055
        made.add(tube([(x, 0.06, 0.43), (x - 0.01, -0.04, 0.435)], 0.014, look.accent.plain()))
    return made


KINDS = (
    Kind("shirt", "Clothing > Shirts", shirt,
         {"tee": "crew-neck T-shirt", "long": "long-sleeved top", "polo": "polo shirt", "vest": "tank top"},
         ("cloth",), CLOTH, (WHITE, BLACK), mapping="front", scale=7.0, level=0.75,
         price=(14, 49), views=((14, 4), (-26, 10)), lies=True),
    Kind("shoe", "Clothing > Shoes", shoe,
         {"sneaker": "sneaker", "high-top": "high-top sneaker", "boot": "ankle boot", "loafer": "loafer"},
         ("cloth", "leather"), ("plain", "checks", "camouflage", "dots", "diagonal stripes", "grid"),
         (WHITE, RUBBER, material("rubber", "#c98f5a")), mapping="front", scale=8.0, price=(35, 129),
         views=((28, 14), (-150, 22))),
    Kind("hat", "Clothing > Hats", hat,
         {"cap": "baseball cap", "beanie": "bobble hat", "bucket": "bucket hat", "fedora": "brimmed hat"},
         ("cloth", "knit"), ("plain", "stripes", "panels", "dots", "checks", "zigzag", "camouflage", "tartan"),
         (WHITE,), scale=5.0, girth=2.9, level=0.4, price=(15, 59), views=((32, 16), (-45, 26))),
    Kind("umbrella", "Accessories > Umbrellas", umbrella,
         {"wide": "open", "dome": "dome", "folded": "rolled"},
         ("cloth",), ("plain", "panels", "dots", "stripes", "checks", "flowers"),
         (STEEL, OAK, DARK_METAL), scale=4.0, girth=2.0, level=0.4, price=(16, 49),
         views=((24, 10), (-40, 18))),
    Kind("sunglasses", "Accessories > Sunglasses", sunglasses,
         {"round": "round", "square": "square", "aviator": "aviator", "cat-eye": "cat-eye"},
         ("gloss", "matte"), ("plain", "camouflage", "stripes", "dots"),
         (BRASS, CHROME), mapping="box", scale=7.0, price=(19, 99), views=((26, 14), (-34, 26))),
    Kind("watch", "Accessories > Watches", watch,
         {"round": "round", "square": "square", "diver": "diver's"},
         ("leather", "cloth", "rubber"), ("plain", "stripes", "upright stripes"),
         (STEEL, BRASS, DARK_METAL), mapping="front", scale=7.0, price=(49, 299),
         views=((20, 22), (-30, 34))),
)
_UNUSED = (WALNUT, blend, vessel, scarf)
