"""Which products there are: every kind in shapes, colours, patterns and finishes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demo.kind import Kind, Look
from demo.kinds import (
    accessories,
    animals,
    audio,
    bags,
    clothes,
    cookware,
    electronics,
    furniture,
    home,
    interior,
    lamps,
    pottery,
    shoes,
    stationery,
    toys,
)
from demo.palette import ON_DARK, ON_LIGHT, PALETTE, WOODS, brightness
from demo.renderer.materials import Material, material
from demo.studio import PlacedSolid

SHELVES = (
    pottery, cookware, home, lamps, interior, furniture, clothes, shoes, accessories,
    bags, electronics, audio, toys, animals, stationery,
)  # fmt: skip
# The prefix of each kind's SKUs. The order is part of the seed: add a kind at the end.
CODES = {
    "mug": "MUG", "teapot": "TEA", "bowl": "BWL", "bottle": "BTL", "pan": "PAN",
    "jug": "JUG", "vase": "VAS", "plant pot": "POT", "candle": "CND", "lamp": "LMP",
    "clock": "CLK", "cushion": "CUS", "basket": "BSK", "chair": "CHR", "stool": "STL",
    "side table": "TBL", "shirt": "SHR", "shoe": "SHO", "hat": "HAT",
    "umbrella": "UMB", "sunglasses": "SUN", "watch": "WAT", "handbag": "HBG",
    "backpack": "BPK", "suitcase": "CAS", "headphones": "HPH", "camera": "CAM",
    "speaker": "SPK", "phone": "PHN", "kettle": "KET", "radio": "RAD",
    "toy car": "CAR", "bath duck": "DCK", "teddy bear": "BER", "stacking toy": "STK",
    "ball": "BAL", "book": "BOK",
}  # fmt: skip
_BY_NAME: dict[str, Kind] = {kind.name: kind for s in SHELVES for kind in s.KINDS}
KINDS: dict[str, Kind] = {name: _BY_NAME[name] for name in CODES}
SEED = 2026
PRODUCTS_PER_KIND = 9
# Never rendered for training, so that the encoder is measured on kinds it has not seen.
HELD_OUT = ("teapot", "hat", "backpack", "camera", "toy car")
UNPATTERNED = ("glass", "wood", "brushed", "hammered")


@dataclass(frozen=True)
class DemoProduct:
    sku: str
    kind: str
    shape: str
    finish: str
    pattern: str
    colour: str  # the word for it
    second: str
    third: str
    trim: int
    fine: float  # how much finer than usual its pattern is
    stretch: float

    @property
    def design(self) -> tuple[str, ...]:
        """Everything that tells this product from every other."""
        return (
            self.kind,
            self.shape,
            self.finish,
            self.pattern,
            self.colour,
            self.second,
        )


def colours_of(finish: str, rng: np.random.Generator) -> list[str]:
    names = list(WOODS) if finish == "wood" else list(PALETTE)
    return [names[i] for i in rng.permutation(len(names))]


def contrasting_colours(colour: str, rng: np.random.Generator) -> tuple[str, str]:
    """Draw two colours that contrast with the first and with each other."""
    tone = brightness(PALETTE.get(colour, WOODS["oak"][0]))
    ground = [name for name in (ON_DARK if tone < 0.55 else ON_LIGHT) if name != colour]
    clear = [n for n in ground if abs(brightness(PALETTE[n]) - tone) > 0.2] or ground
    picked = rng.permutation(clear)
    other = picked[1] if len(picked) > 1 else "white"
    return str(picked[0]), str(other)


def products_of(kind: Kind, count: int, rng: np.random.Generator) -> list[DemoProduct]:
    """Return `count` products of a kind; shapes, patterns and colours take turns."""
    shapes = list(kind.shapes)
    patterned = [p for p in kind.patterns if p != "plain"]
    patterns = [str(p) for p in rng.permutation(patterned)] if patterned else []
    colours = {finish: colours_of(finish, rng) for finish in (*kind.finishes, "wood")}
    main = colours_of("any", rng)
    products = []
    for i in range(count):
        finish = kind.finishes[(i + i // len(shapes)) % len(kind.finishes)]
        decorated = bool(patterns) and finish not in UNPATTERNED and i % 5 not in (1, 3)
        pattern = patterns.pop(0) if decorated else "plain"
        if decorated:
            patterns.append(pattern)
        colour = colours["wood"].pop(0) if finish == "wood" else main.pop(0)
        second, third = contrasting_colours(colour, rng)
        products.append(
            DemoProduct(
                f"{kind.name[:3].upper()}-{i + 1:03d}".replace(" ", ""),
                kind.name,
                shapes[i % len(shapes)],
                finish,
                pattern,
                colour,
                second,
                third,
                int(rng.integers(100)),
                float(rng.choice((0.8, 1.0, 1.3))),
                float(rng.choice((0.92, 1.0, 1.08))),
            )
        )
    return products


def demo_products() -> list[DemoProduct]:
    products: list[DemoProduct] = []
    for number, kind in enumerate(KINDS.values()):
        rng = np.random.default_rng([SEED, number])
        for i, product in enumerate(products_of(kind, PRODUCTS_PER_KIND, rng)):
            sku = f"{CODES[kind.name]}-{101 + i}"
            products.append(DemoProduct(**{**product.__dict__, "sku": sku}))
    return products


def training_products(count: int, seed: int) -> list[DemoProduct]:
    """Return products that the shop does not sell, of every kind not held out."""
    taken = {product.design for product in demo_products()}
    kinds = [kind for name, kind in KINDS.items() if name not in HELD_OUT]
    products: list[DemoProduct] = []
    round_ = 0
    while len(products) < count:
        for number, kind in enumerate(kinds):
            rng = np.random.default_rng([SEED + 1, seed, round_, number])
            for product in products_of(kind, PRODUCTS_PER_KIND, rng):
                if product.design not in taken:
                    taken.add(product.design)
                    sku = f"T{seed}-{len(products):05d}"
                    products.append(DemoProduct(**{**product.__dict__, "sku": sku}))
        round_ += 1
    # One of each kind in turn, so that any number is spread over all kinds.
    order = np.random.default_rng([SEED + 2, seed]).permutation(len(products))[:count]
    return [products[i] for i in sorted(order)]


def materials_of(product: DemoProduct) -> tuple[Material, Material]:
    """Return the materials of the product and of its second colour."""
    kind = KINDS[product.kind]
    second = PALETTE[product.second]
    look = {
        "second": second,
        "third": PALETTE[product.third],
        "pattern": product.pattern,
        "mapping": kind.mapping,
        "girth": kind.girth,
        "scale": kind.scale * product.fine,
        "level": kind.level,
    }
    if product.pattern in ("band", "ombre"):
        look["amount"] = kind.band if product.pattern == "band" else 0.32
    if product.pattern == "speckle":
        look["amount"] = 0.34
    if product.finish == "wood":
        light, dark, _ = WOODS[product.colour]
        return material("wood", light, second=dark, scale=3.0), material(
            "satin", second
        )
    main = material(product.finish, PALETTE[product.colour], **look)
    plain = "satin" if product.finish == "glass" else product.finish
    return main, material(plain, second)


def place(product: DemoProduct) -> PlacedSolid:
    kind = KINDS[product.kind]
    main, accent = materials_of(product)
    trims: Iterable[Material] = kind.trims or (accent,)
    trim = list(trims)[product.trim % len(list(trims))]
    solid = kind.build(Look(product.shape, main, accent, trim))
    return PlacedSolid(solid, stretch=product.stretch)
