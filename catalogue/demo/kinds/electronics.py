"""Headphones, cameras, speakers, phones, radios, kettles."""

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
    Solid,
    arc,
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
)

LENS = material("gloss", "#15171f", second="#273a6b", pattern="ombre", level=0.5, rough=0.04, shine=0.08)
SCREEN = material("gloss", "#101318", rough=0.05, shine=0.06)


def mesh(colour: str) -> Material:
    return material("matte", colour, second="#17181a", pattern="dots", mapping="front", scale=22.0, amount=0.35)


def headphones(look: Look) -> Solid:
    made = Solid()
    band = arc(0, 0.62, 0.52, 0.62, -6, 186, 24)
    accent = look.accent.plain()
    if look.shape == "over-ear":
        made.add(tube(band, 0.055, look.main))
        made.add(rod(0.3, 0.1, look.main, r=0.06, at=(0.56, 0.42, 0), turn=(0, 0, 82), mirror="x", scale=(1, 1, 0.86)))
        made.add(ring(0.2, 0.09, accent, at=(0.43, 0.4, 0), turn=(0, 0, 82), mirror="x"))
        made.add(rod(0.17, 0.012, look.trim, at=(0.665, 0.435, 0), turn=(0, 0, 82), mirror="x"))
    elif look.shape == "studio":
        made.add(tube(band, 0.03, look.trim))
        made.add(tube(band[4:20], 0.07, accent))
        made.add(box(0.1, 0.32, 0.24, look.main, r=0.09, at=(0.55, 0.42, 0), turn=(0, 0, -6), mirror="x"))
        made.add(box(0.09, 0.28, 0.2, accent, r=0.08, at=(0.42, 0.42, 0), turn=(0, 0, -6), mirror="x"))
        made.add(box(0.02, 0.1, 0.1, look.trim, r=0.015, at=(0.65, 0.44, 0), turn=(0, 0, -6), mirror="x"))
    else:
        made.add(tube(band, 0.026, look.trim))
        made.add(rod(0.22, 0.06, look.main, r=0.04, at=(0.53, 0.5, 0), turn=(0, 0, 82), mirror="x"))
        made.add(rod(0.21, 0.05, accent, r=0.05, at=(0.44, 0.49, 0), turn=(0, 0, 82), mirror="x"))
        made.add(tube([(0.52, 0.62, 0), (0.53, 0.5, 0)], 0.04, look.trim, mirror="x"))
    low = 0.1 if look.shape == "over-ear" else (0.08 if look.shape == "studio" else 0.26)
    for part in made.parts:
        part[:] = [p.moved(y=-low) for p in part]
    return made


def camera(look: Look) -> Solid:
    made = Solid()
    top = look.trim
    wrap = look.main
    if look.shape == "rangefinder":
        made.add(box(0.6, 0.3, 0.16, wrap, r=0.05, at=(0, 0.32, 0)))
        made.add(box(0.6, 0.08, 0.165, top, r=0.04, at=(0, 0.6, 0)))
        made.add(box(0.6, 0.03, 0.165, top, r=0.02, at=(0, 0.04, 0)))
        made.add(rod(0.08, 0.04, top, r=0.01, at=(0.42, 0.7, 0)))
        made.add(rod(0.06, 0.03, top, r=0.01, at=(-0.44, 0.7, 0)))
        made.add(box(0.09, 0.05, 0.02, SCREEN, r=0.01, at=(-0.36, 0.59, 0.16)))
        depth, wide, y, x = 0.1, 0.21, 0.32, 0.0
    elif look.shape == "reflex":
        made.add(box(0.58, 0.32, 0.16, wrap, r=0.07, at=(0, 0.34, 0)))
        made.add(box(0.16, 0.32, 0.14, wrap, r=0.1, at=(-0.46, 0.33, 0.12)))
        prism = [(-0.24, 0.6), (0.24, 0.6), (0.14, 0.84), (-0.14, 0.84)]
        made.add(sheet(prism, 0.14, look.accent.plain(), r=0.03))
        made.add(rod(0.09, 0.04, top, r=0.01, at=(0.4, 0.69, 0)))
        made.add(ball(0.05, look.accent.plain(), at=(-0.44, 0.66, 0.1)))
        depth, wide, y, x = 0.24, 0.25, 0.34, 0.04
    else:
        side = [(-0.5, 0.0), (0.5, 0.0), (0.46, 0.5), (0.36, 0.82), (-0.36, 0.82), (-0.46, 0.5)]
        made.add(sheet(side, 0.18, wrap, r=0.05))
        made.add(box(0.5, 0.1, 0.26, wrap.plain(), r=0.06, at=(0, 0.1, 0.04)))
        made.add(box(0.36, 0.02, 0.02, BLACK, at=(0, 0.1, 0.3)))
        made.add(box(0.13, 0.07, 0.03, WHITE, r=0.02, at=(-0.24, 0.7, 0.22)))
        made.add(box(0.08, 0.06, 0.03, SCREEN, r=0.02, at=(0.24, 0.7, 0.22)))
        made.add(rod(0.055, 0.03, look.accent.plain(), r=0.015, at=(-0.34, 0.42, 0.24), turn=(90, 0, 0)))
        depth, wide, y, x = 0.08, 0.22, 0.46, 0.02
    front = 0.16 + depth
    made.add(rod(wide, depth, look.accent.plain(), r=0.02, at=(x, y, front), turn=(90, 0, 0)))
    made.add(ring(wide - 0.015, 0.022, top, at=(x, y, front + depth * 0.9), turn=(90, 0, 0)))
    made.add(rod(wide - 0.06, 0.02, BLACK, at=(x, y, front + depth - 0.01), turn=(90, 0, 0)))
    made.add(egg(wide - 0.09, wide - 0.09, 0.06, LENS.but(level=y), at=(x, y, front + depth)))
    return made


def speaker(look: Look) -> Solid:
    made = Solid()
    grille = mesh(look.accent.colour)
    if look.shape == "cylinder":
        made.add(rod(0.34, 0.5, look.main, r=0.05, at=(0, 0.5, 0)))
        made.add(rod(0.3, 0.03, look.accent.plain(), r=0.02, at=(0, 0.99, 0)))
        made.add(rod(0.35, 0.03, look.trim, r=0.015, at=(0, 0.06, 0)))
    elif look.shape == "box":
        made.add(box(0.36, 0.55, 0.3, look.main, r=0.04, at=(0, 0.55, 0)))
        made.add(box(0.32, 0.51, 0.02, BLACK, r=0.02, at=(0, 0.55, 0.29)))
        for y, r in ((0.38, 0.22), (0.84, 0.12)):
            made.add(ring(r, 0.03, look.trim, at=(0, y, 0.31), turn=(90, 0, 0)))
            made.add(egg(r - 0.03, r - 0.03, 0.03, look.accent.plain(), at=(0, y, 0.31)))
            made.add(ball(r * 0.36, look.accent.plain(), at=(0, y, 0.3)))
    elif look.shape == "ball":
        made.add(ball(0.46, look.main, at=(0, 0.48, 0)), cut(box(1, 1, 0.5, look.trim, at=(0, 0.48, 0.86)), 0.03))
        made.add(rod(0.26, 0.02, grille, at=(0, 0.48, 0.36), turn=(90, 0, 0)))
        made.add(rod(0.26, 0.03, look.trim, r=0.02, at=(0, 0.03, 0)))
    else:
        made.add(box(0.62, 0.28, 0.18, look.main, r=0.1, at=(0, 0.3, 0)))
        made.add(box(0.54, 0.2, 0.02, grille, r=0.015, at=(0, 0.3, 0.172)))
        made.add(tube(curve([(-0.46, 0.5, 0), (-0.42, 0.76, 0), (0.42, 0.76, 0), (0.46, 0.5, 0)], 18), 0.034,
                      look.trim))
    return made


def phone(look: Look) -> Solid:
    """Seen from behind: the cover is what one buys; it leans on nothing, upright."""
    made = Solid()
    lean = (-7.0, 0.0, 0.0)
    made.add(box(0.36, 0.74, 0.045, look.main, r=0.04, at=(0, 0.74, 0), turn=lean))
    made.add(box(0.335, 0.715, 0.02, SCREEN, r=0.02, at=(0, 0.742, -0.036), turn=lean))
    z = -0.02
    if look.shape == "trio":
        made.add(box(0.15, 0.16, 0.03, look.accent.plain(), r=0.03, at=(-0.17, 1.24, z), turn=lean))
        places = [(-0.235, 1.31), (-0.235, 1.17), (-0.1, 1.24)]
    elif look.shape == "bar":
        made.add(box(0.362, 0.08, 0.035, look.accent.plain(), r=0.03, at=(0, 1.2, z), turn=lean))
        places = [(-0.2, 1.2), (-0.06, 1.2)]
    else:
        made.add(rod(0.19, 0.03, look.accent.plain(), r=0.02, at=(0, 1.14, z), turn=(83, 0, 0)))
        places = [(-0.07, 1.2), (0.07, 1.2), (0.0, 1.08)]
    for x, y in places:
        made.add(rod(0.06, 0.02, look.trim, at=(x, y, z + 0.022), turn=(83, 0, 0)))
        made.add(rod(0.046, 0.024, LENS.plain(), at=(x, y, z + 0.022), turn=(83, 0, 0)))
    return made


def kettle(look: Look) -> Solid:
    made = Solid()
    if look.shape == "dome":
        body = [(0.44, 0.0), (0.5, 0.04), (0.48, 0.3), (0.36, 0.56), (0.16, 0.68)]
        made.add(solid([(0, 0), *curve(body, 20), (0, 0.68)], look.main))
        loop = arc(0, 0.56, 0.4, 0.52, 20, 160, 18)
        made.add(tube(loop, 0.04, look.accent.plain()))
        made.add(tube([(-0.4, 0.34, 0), (-0.56, 0.52, 0), (-0.66, 0.6, 0)], 0.09, look.main.plain(), end=0.06))
        made.add(ball(0.06, look.accent.plain(), at=(0, 0.74, 0)))
    elif look.shape == "jug":
        body = [(0.36, 0.06), (0.38, 0.1), (0.33, 0.6), (0.29, 0.98)]
        made.add(solid([(0, 0.06), *body, (0, 0.98)], look.main, r=0.01))
        made.add(rod(0.4, 0.03, look.trim, r=0.01, at=(0, 0.03, 0)))
        made.add(cone(0.29, 0.2, 0.04, look.trim, at=(0, 1.03, 0)))
        made.add(ball(0.05, look.accent.plain(), at=(0, 1.1, 0)))
        loop = curve([(0.28, 0.92, 0), (0.56, 0.94, 0), (0.6, 0.6, 0), (0.54, 0.28, 0), (0.36, 0.24, 0)], 18)
        made.add(tube(loop, 0.05, look.accent.plain()))
        made.add(cone(0.1, 0.13, 0.08, look.trim, at=(-0.28, 0.9, 0), turn=(0, 0, 38)))
    else:
        body = [(0.44, 0.0), (0.45, 0.03), (0.36, 0.34), (0.26, 0.56)]
        made.add(solid([(0, 0), *body, (0, 0.56)], look.main, r=0.01))
        made.add(rod(0.24, 0.03, look.trim, r=0.015, at=(0, 0.59, 0)))
        made.add(ball(0.055, look.accent.plain(), at=(0, 0.67, 0)))
        neck = curve([(-0.36, 0.14, 0), (-0.62, 0.2, 0), (-0.64, 0.5, 0), (-0.72, 0.66, 0), (-0.86, 0.64, 0)], 20)
        made.add(tube(neck, 0.045, look.trim, end=0.028))
        loop = curve([(0.26, 0.52, 0), (0.56, 0.6, 0), (0.7, 0.42, 0), (0.64, 0.16, 0)], 16)
        made.add(tube(loop, 0.045, look.accent.plain()))
    return made


def radio(look: Look) -> Solid:
    made = Solid()
    round_ = look.shape == "curved"
    made.add(box(0.66, 0.38, 0.2, look.main, r=0.18 if round_ else 0.05, at=(0, 0.42, 0)))
    made.add(box(0.33, 0.28, 0.02, mesh(look.accent.colour), r=0.02, at=(-0.22, 0.42, 0.195)))
    made.add(rod(0.15, 0.02, look.accent.plain(), r=0.01, at=(0.36, 0.5, 0.2), turn=(90, 0, 0)))
    made.add(box(0.008, 0.12, 0.01, BLACK, at=(0.36, 0.52, 0.226), turn=(0, 0, -40)))
    for x in (0.25, 0.36, 0.47):
        made.add(rod(0.035, 0.03, look.trim, r=0.01, at=(x, 0.24, 0.21), turn=(90, 0, 0)))
    made.add(box(0.07, 0.03, 0.12, look.trim, r=0.01, at=(0.46, 0.03, 0), mirror="x"))
    if look.shape == "handle":
        made.add(tube(curve([(-0.5, 0.76, 0), (-0.46, 1.0, 0), (0.46, 1.0, 0), (0.5, 0.76, 0)], 18), 0.035, look.trim))
    else:
        made.add(tube([(0.5, 0.78, -0.1), (0.72, 1.3, -0.14)], 0.014, CHROME))
        made.add(ball(0.025, CHROME, at=(0.72, 1.3, -0.14)))
    return made


KINDS = (
    Kind("headphones", "Electronics > Headphones", headphones,
         {"over-ear": "over-ear", "studio": "studio", "on-ear": "on-ear"},
         ("satin", "gloss", "matte"), ("plain", "stripes", "camouflage"),
         (CHROME, DARK_METAL, BRASS), mapping="box", scale=7.0, price=(29, 249),
         views=((34, 12), (-40, 22))),
    Kind("camera", "Electronics > Cameras", camera,
         {"rangefinder": "rangefinder", "reflex": "reflex", "instant": "instant"},
         ("leather", "satin"), ("plain", "stripes", "checks"), (STEEL, DARK_METAL, BRASS),
         mapping="front", scale=6.0, level=0.3, price=(79, 699), views=((26, 14), (-34, 24))),
    Kind("speaker", "Electronics > Speakers", speaker,
         {"cylinder": "cylinder", "box": "bookshelf", "ball": "ball", "boom": "carry"},
         ("cloth", "satin", "wood"), ("plain", "stripes", "dots", "zigzag", "checks"),
         (BRASS, BLACK, STEEL), mapping="box", scale=7.0, price=(35, 279), views=((28, 12), (-36, 26))),
    Kind("phone", "Electronics > Phones", phone,
         {"trio": "triple-camera", "bar": "camera-bar", "dial": "round-camera"},
         ("gloss", "matte"), ("plain", "ombre", "dots", "stripes", "checks", "flowers", "diagonal stripes",
                              "waves", "marble", "terrazzo", "camouflage"),
         (CHROME, DARK_METAL), mapping="front", scale=7.0, level=0.7, price=(189, 899),
         views=((24, 8), (-28, 18)), lies=True),
    Kind("kettle", "Kitchen > Kettles", kettle,
         {"dome": "stovetop", "jug": "electric", "gooseneck": "gooseneck"},
         ("enamel", "brushed", "matte"), ("plain", "speckle", "ombre", "dots", "band"), (STEEL, BLACK, BRASS),
         level=0.3, price=(29, 99), views=((20, 14), (155, 26))),
    Kind("radio", "Electronics > Radios", radio,
         {"curved": "rounded", "square": "square", "handle": "carry"},
         ("gloss", "wood", "satin"), ("plain", "stripes", "speckle"), (BRASS, STEEL, DARK_METAL),
         mapping="front", scale=5.0, level=0.4, price=(39, 149), views=((26, 12), (-34, 24))),
)
_UNUSED = (OAK, WALNUT, RUBBER, vessel)
