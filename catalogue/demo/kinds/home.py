"""Vases, plant pots, candles, lamps, clocks, cushions, baskets."""

from catalogue.demo.kinds.kind import Kind, Look
from catalogue.demo.kinds.kitchen import POTTERY, vessel
from catalogue.demo.materials import (
    BRASS,
    CHROME,
    DARK_METAL,
    OAK,
    WALNUT,
    WHITE,
    Material,
    material,
)
from catalogue.demo.solids import (
    Point,
    Solid,
    ball,
    box,
    cone,
    curve,
    cut,
    egg,
    ring,
    rod,
    sheet,
    solid,
    tube,
    turned,
)

LEAF = material("satin", "#4f8a4b", second="#2f6b3a", pattern="ombre", amount=0.4, level=0.9)
CACTUS = material("matte", "#4e9160", second="#a9d09a", pattern="upright stripes",
                  scale=8.0, amount=0.2, girth=1.2)
SOIL = material("matte", "#4a362b", second="#2e221c", pattern="speckle", scale=8.0)
FLAME = material("matte", "#ffd27a", glow=1.6)
WICK = material("matte", "#3a3330")

VASES: dict[str, list[Point]] = {
    "bottle": [(0.2, 0.0), (0.32, 0.1), (0.36, 0.34), (0.16, 0.62), (0.09, 0.84), (0.13, 1.1)],
    "urn": [(0.2, 0.0), (0.24, 0.04), (0.44, 0.52), (0.4, 0.78), (0.22, 0.92), (0.27, 1.02)],
    "cylinder": [(0.26, 0.0), (0.28, 0.03), (0.28, 0.5), (0.28, 1.05)],
    "gourd": [(0.22, 0.0), (0.38, 0.16), (0.34, 0.42), (0.19, 0.56), (0.25, 0.76), (0.12, 0.98)],
    "twisted": [(0.24, 0.0), (0.3, 0.08), (0.36, 0.4), (0.28, 0.75), (0.33, 1.02)],
    "trumpet": [(0.26, 0.0), (0.14, 0.1), (0.13, 0.3), (0.2, 0.66), (0.4, 1.04)],
}


def vase(look: Look) -> Solid:
    profile = curve(VASES[look.shape], 60)
    more = {"lobes": (9, 0.05, 2.2)} if look.shape == "twisted" else {}
    if look.main.glass:
        return Solid().add(turned([(0.0, 0.03), *profile], 0.022, look.main))
    return Solid().add(*vessel(profile, 0.032, look.main, look.accent.plain(), **more))


POTS: dict[str, list[Point]] = {
    "classic": [(0.27, 0.0), (0.37, 0.5), (0.42, 0.5), (0.44, 0.64)],
    "round": [(0.24, 0.0), (0.42, 0.14), (0.46, 0.34), (0.38, 0.56)],
    "cylinder": [(0.4, 0.0), (0.41, 0.02), (0.41, 0.3), (0.41, 0.6)],
    "ribbed": [(0.32, 0.0), (0.36, 0.04), (0.42, 0.3), (0.43, 0.56)],
}


def plant(made: Solid, shape: str, base: float) -> None:
    if shape == "classic":
        for lean, high, count in ((64, 0.34, 8), (40, 0.42, 6), (14, 0.44, 4)):
            made.add(egg(0.1, high, 0.03, LEAF, repeat=count, at=(0.04 + lean / 260, base + high * 0.72, 0),
                         turn=(0, 90, -lean * 0.75)))
    elif shape == "round":
        made.add(egg(0.24, 0.36, 0.24, CACTUS, at=(0, base + 0.28, 0)))
        made.add(egg(0.1, 0.16, 0.1, CACTUS, at=(0.22, base + 0.42, 0.05), turn=(0, 0, -35)))
        made.add(ball(0.06, material("matte", "#e0709a"), at=(0, base + 0.65, 0)))
    elif shape == "cylinder":
        for angle, high in ((8, 0.5), (-14, 0.42), (26, 0.36), (-30, 0.3)):
            made.add(egg(0.075, high, 0.025, LEAF, at=(-angle / 160, base + high * 0.8, angle / 300),
                         turn=(angle * 0.4, angle * 3.0, angle * 0.6)))
    else:
        for lean, big, count in ((72, 0.2, 9), (45, 0.18, 7), (18, 0.14, 5)):
            made.add(egg(0.055, big, 0.085, CACTUS.plain(), repeat=count,
                         at=(0.07 + lean / 500, base + 0.16 - lean / 900, 0), turn=(0, 0, -lean)))


def plant_pot(look: Look) -> Solid:
    profile = POTS[look.shape]
    profile = profile if look.shape == "classic" else curve(profile, 48)
    more = {"lobes": (22, 0.022, 0.0)} if look.shape == "ribbed" else {}
    top, rim = profile[-1][1], profile[-1][0]
    made = Solid().add(*vessel(list(profile), 0.035, look.main, look.main.plain(), **more))
    made.add(rod(rim - 0.03, 0.03, SOIL, at=(0, top - 0.08, 0)))
    plant(made, look.shape, top - 0.06)
    return made


def candle(look: Look) -> Solid:
    made = Solid()
    if look.shape == "jar":
        made.add(*vessel([(0.36, 0.0), (0.38, 0.03), (0.38, 0.84)], 0.03, look.main, look.main.plain()))
        made.add(rod(0.35, 0.05, CREAM_WAX, at=(0, 0.66, 0)))
        top = 0.7
    elif look.shape == "pillar":
        made.add(rod(0.3, 0.48, look.main, r=0.03, at=(0, 0.52, 0)))
        made.add(rod(0.42, 0.025, look.trim, r=0.015, at=(0, 0.025, 0)))
        top = 0.99
    elif look.shape == "taper":
        made.add(cone(0.075, 0.05, 0.55, look.main, at=(0, 0.84, 0)))
        foot = [(0, 0), (0.3, 0), (0.28, 0.04), (0.06, 0.1), (0.05, 0.22), (0.1, 0.28), (0.1, 0.36), (0, 0.36)]
        made.add(solid(foot, look.trim, r=0.008))
        top = 1.38
    else:
        made.add(*[solid([(0, 0), *curve([(0.3, 0.0), (0.37, 0.2), (0.37, 0.5), (0.3, 0.7)], 14), (0, 0.7)],
                         look.main, lobes=(12, 0.06, 1.6))])
        top = 0.69
    made.add(rod(0.014, 0.05, WICK, at=(0, top + 0.04, 0)))
    made.add(egg(0.032, 0.09, 0.032, FLAME, at=(0, top + 0.15, 0)))
    return made


CREAM_WAX = material("wax", "#f4ead2")


def shade_material(look: Look) -> Material:
    return look.main.but(glow=0.28)


def lamp(look: Look) -> Solid:
    made = Solid()
    bulb = material("matte", "#fff1cf", glow=1.3)
    if look.shape == "table":
        foot = curve([(0.2, 0.02), (0.26, 0.12), (0.24, 0.3), (0.1, 0.46), (0.04, 0.56)], 40)
        made.add(solid([(0, 0), (0.2, 0), *foot, (0, 0.56)], look.accent.plain()))
        made.add(rod(0.02, 0.18, look.trim, at=(0, 0.66, 0)))
        made.add(turned([(0.42, 0.62), (0.27, 1.12)], 0.012, shade_material(look)))
        made.add(ball(0.09, bulb, at=(0, 0.84, 0)))
    elif look.shape == "mushroom":
        made.add(solid([(0, 0), (0.27, 0), *curve([(0.25, 0.03), (0.12, 0.12), (0.09, 0.36), (0.1, 0.62)], 14),
                        (0, 0.62)], look.accent.plain()))
        dome = curve([(0.5, 0.58), (0.47, 0.74), (0.32, 0.92), (0.1, 1.0), (0.0, 1.005)], 48)
        made.add(turned(dome, 0.015, look.main))
        made.add(ball(0.1, bulb, at=(0, 0.68, 0)))
    elif look.shape == "desk":
        made.add(rod(0.3, 0.03, look.main.plain(), r=0.02, at=(0.1, 0.03, 0)))
        made.add(tube([(0.1, 0.05, 0), (0.32, 0.56, 0), (-0.12, 0.98, 0)], 0.022, look.trim))
        made.add(ball(0.045, look.trim, at=(0.32, 0.56, 0)))
        head = curve([(0.24, -0.3), (0.22, -0.16), (0.12, 0.0), (0.07, 0.06), (0.0, 0.08)], 14)
        made.add(turned(head, 0.014, look.main, at=(-0.2, 0.98, 0), turn=(0, 0, -32)))
        made.add(ball(0.09, bulb, at=(-0.28, 0.84, 0)))
    else:
        made.add(rod(0.26, 0.035, look.trim, r=0.02, at=(0, 0.035, 0)))
        made.add(rod(0.03, 0.2, look.trim, at=(0, 0.2, 0)))
        made.add(ball(0.36, shade_material(look), at=(0, 0.7, 0)))
    return made


def face(made: Solid, radius: float, z: float, y: float, look: Look) -> None:
    """A dial with marks and hands, facing the customer."""
    dial = material("satin", look.accent.colour)
    ink = look.trim
    made.add(rod(radius, 0.012, dial, at=(0, y, z), turn=(90, 0, 0)))
    for i in range(12):
        marks = Solid()
        size = 0.055 if i % 3 == 0 else 0.03
        marks.add(box(0.012, size * radius / 0.45, 0.008, ink))
        turn = -30.0 * i
        from math import cos, radians, sin

        reach = radius * 0.83
        place = (-reach * sin(radians(turn)), y + reach * cos(radians(turn)), z + 0.016)
        made.add(box(0.014, size * radius / 0.45, 0.006, ink, at=place, turn=(0, 0, turn)))
    for turn, length, wide in ((-305.0, 0.5, 0.02), (-60.0, 0.72, 0.014)):
        from math import cos, radians, sin

        half = radius * length / 2
        place = (-half * sin(radians(turn)), y + half * cos(radians(turn)), z + 0.028)
        made.add(box(wide, half, 0.006, ink, at=place, turn=(0, 0, turn)))
    made.add(rod(0.03, 0.016, ink, at=(0, y, z + 0.03), turn=(90, 0, 0)))


def clock(look: Look) -> Solid:
    made = Solid()
    if look.shape == "alarm":
        made.add(rod(0.46, 0.16, look.main, r=0.05, at=(0, 0.58, 0), turn=(90, 0, 0)))
        face(made, 0.38, 0.15, 0.58, look)
        made.add(egg(0.17, 0.12, 0.15, look.trim, at=(0.26, 1.06, 0), turn=(0, 0, -28), mirror="x"))
        made.add(tube([(0.3, 0.25, 0), (0.4, 0.02, 0.02)], 0.035, look.trim, mirror="x"))
        made.add(tube([(0.0, 1.0, 0), (0.0, 1.12, 0)], 0.02, look.trim))
    elif look.shape == "wall":
        made.add(ring(0.52, 0.065, look.main, at=(0, 0.585, 0), turn=(90, 0, 0)))
        made.add(rod(0.53, 0.03, look.accent.plain(), at=(0, 0.585, -0.02), turn=(90, 0, 0)))
        face(made, 0.48, 0.02, 0.585, look)
    elif look.shape == "cube":
        made.add(box(0.46, 0.46, 0.2, look.main, r=0.08, at=(0, 0.46, 0)))
        face(made, 0.36, 0.2, 0.46, look)
    else:
        arch = [(-0.5, 0.0), (0.5, 0.0), (0.47, 0.12), (0.38, 0.2), (0.36, 0.5)]
        full = arch + [(0.36 * c, 0.5 + 0.36 * s) for c, s in ARCH] + [(-x, y) for x, y in reversed(arch[2:])]
        made.add(sheet(full, 0.14, look.main, r=0.015))
        face(made, 0.27, 0.155, 0.5, look)
    return made


ARCH = ((0.92, 0.38), (0.71, 0.71), (0.38, 0.92), (0, 1), (-0.38, 0.92), (-0.71, 0.71), (-0.92, 0.38))


def cushion(look: Look) -> Solid:
    made = Solid()
    if look.shape == "square":
        side = curve([(-0.54, -0.54), (0.0, -0.505), (0.54, -0.54), (0.505, 0.0), (0.54, 0.54), (0.0, 0.505),
                      (-0.54, 0.54), (-0.505, 0.0)], 48, closed=True)
        made.add(sheet(side, 0.2, look.main, r=0.03, pillow=0.4, at=(0, 0.54, 0), turn=(-10, 0, 0)))
    elif look.shape == "oblong":
        side = curve([(-0.7, -0.36), (0.0, -0.34), (0.7, -0.36), (0.675, 0.0), (0.7, 0.36), (0.0, 0.34),
                      (-0.7, 0.36), (-0.675, 0.0)], 48, closed=True)
        made.add(sheet(side, 0.18, look.main, r=0.03, pillow=0.32, at=(0, 0.38, 0), turn=(-10, 0, 0)))
    elif look.shape == "round":
        made.add(rod(0.52, 0.15, look.main, r=0.13, at=(0, 0.5, 0), turn=(66, 0, 0)))
        made.add(ring(0.5, 0.028, look.accent.plain(), at=(0, 0.5, 0), turn=(66, 0, 0)))
        made.add(ball(0.05, look.accent.plain(), at=(0, 0.565, 0.135)))
    else:
        made.add(rod(0.24, 0.62, look.main, r=0.07, at=(0, 0.25, 0), turn=(0, 0, 90)))
        made.add(rod(0.25, 0.02, look.accent.plain(), r=0.02, at=(0.52, 0.25, 0), turn=(0, 0, 90), mirror="x"))
    return made


def basket(look: Look) -> Solid:
    made = Solid()
    tall = {"round": 0.62, "tall": 0.95, "low": 0.4}[look.shape]
    wide = {"round": 0.5, "tall": 0.4, "low": 0.6}[look.shape]
    profile = curve([(wide * 0.86, 0.0), (wide, 0.1), (wide, tall * 0.6), (wide * 0.96, tall)], 16)
    made.add(*vessel(profile, 0.04, look.main, look.main.plain()))
    made.add(ring(wide * 0.95, 0.04, look.accent.plain(), at=(0, tall, 0)))
    loop = curve([(wide * 0.94, tall, 0.14), (wide, tall + 0.17, 0.1), (wide, tall + 0.17, -0.1),
                  (wide * 0.94, tall, -0.14)], 14)
    made.add(tube(loop, 0.03, look.trim, mirror="x"))
    return made


CLOTH = ("plain", "stripes", "checks", "dots", "zigzag", "gingham", "tartan", "flowers",
         "diagonal stripes", "diamonds", "waves", "grid")
LEATHER_BROWN = material("leather", "#8a5a36")

KINDS = (
    Kind("vase", "Home > Vases", vase,
         {"bottle": "bottle", "urn": "urn", "cylinder": "cylinder", "gourd": "gourd",
          "twisted": "twisted", "trumpet": "trumpet"},
         ("gloss", "matte", "glass"), POTTERY, level=0.4, girth=2.0, price=(16, 74),
         views=((30, 17), (-50, 34))),
    Kind("plant pot", "Garden > Plant pots", plant_pot,
         {"classic": "rimmed", "round": "round", "cylinder": "straight", "ribbed": "ribbed"},
         ("matte", "gloss"), POTTERY, level=0.25, girth=2.5, price=(12, 42),
         views=((25, 12), (-60, 28))),
    Kind("candle", "Home > Candles", candle,
         {"jar": "jar", "pillar": "pillar", "taper": "dinner", "twist": "twisted"},
         ("wax",), ("plain", "stripes", "ombre", "band", "marble", "dipped", "terrazzo"),
         (BRASS, OAK, DARK_METAL, WHITE), level=0.4, girth=1.8, price=(7, 32),
         views=((20, 12), (-45, 30))),
    Kind("lamp", "Lighting > Lamps", lamp,
         {"table": "table", "mushroom": "mushroom", "desk": "desk", "globe": "globe"},
         ("satin", "gloss", "matte"),
         ("plain", "upright stripes", "stripes", "dots", "ombre", "checks", "waves"),
         (BRASS, DARK_METAL, CHROME), level=0.85, girth=2.2, price=(29, 149),
         views=((30, 8), (-50, 20))),
    Kind("clock", "Home > Clocks", clock,
         {"alarm": "twin-bell alarm", "wall": "round wall", "cube": "square", "mantel": "mantel"},
         ("gloss", "satin", "wood"), ("plain", "speckle", "marble", "stripes", "dots"),
         (DARK_METAL, BRASS), mapping="front", level=0.5, price=(19, 89),
         views=((24, 8), (-32, 20))),
    Kind("cushion", "Home > Cushions", cushion,
         {"square": "square", "oblong": "oblong", "round": "round", "bolster": "bolster"},
         ("cloth", "knit"), CLOTH, mapping="front", scale=6.0, level=0.5, price=(15, 45),
         views=((20, 14), (-32, 26)), lies=True),
    Kind("basket", "Home > Baskets", basket,
         {"round": "round", "tall": "tall", "low": "low"},
         ("cloth",), ("plain", "stripes", "zigzag", "dipped", "band", "diamonds", "checks"),
         (LEATHER_BROWN, WALNUT), level=0.3, girth=3.0, price=(18, 55),
         views=((28, 18), (-50, 36))),
)
