"""Texts and prices of the demo shop's products, as rows of its import file."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demo.assortment import KINDS, SEED, DemoProduct
from demo.palette import WOODS

COLUMNS = (
    "sku",
    "name",
    "category",
    "brand",
    "colour",
    "price",
    "stock",
    "description",
    "images",
    "active",
)
# Invented brands, by top category.
BRANDS: dict[str, tuple[str, ...]] = {
    "Kitchen": ("Tarnwick", "Brindle & Fen", "Oskelund", "Marrowby"),
    "Home": ("Hedda Grove", "Luvanto", "Brindle & Fen", "Pellamy"),
    "Garden": ("Fernhollow Works", "Luvanto", "Mossgate"),
    "Furniture": ("Oskelund", "Halvard & Rue", "Quillmoor"),
    "Clothing": ("Fennimoor", "Kestrelle", "Common Thrush"),
    "Accessories": ("Kestrelle", "Velmora", "Rainbarrow"),
    "Bags": ("Wayfold", "Velmora", "Common Thrush"),
    "Electronics": ("Tonewell", "Axiolo", "Murmurio"),
    "Toys": ("Pippin Lane", "Bumblewick", "Hollo & Tock"),
    "Stationery": ("Inkwold", "Paperhythe"),
}
LINES = (
    "Alder", "Briar", "Clover", "Dune", "Elm", "Fjell", "Gale", "Heron", "Isla",
    "Juniper", "Kite", "Linnet", "Marsh", "Nordby", "Otter", "Poppy", "Quarry",
    "Rowan", "Sorrel",
    "Tansy", "Umber", "Vale", "Wren", "Yarrow", "Zephyr", "Aster", "Birch", "Cove",
)  # fmt: skip
# Kinds whose shape says the kind already: "saucepan", not "saucepan pan".
NAMED_BY_SHAPE = {"pan", "shirt", "shoe", "hat", "ball"}
PHRASES: dict[tuple[str, str], str] = {
    ("mug", "cup"): "cup and saucer",
    ("handbag", "tote"): "tote bag",
    ("handbag", "bucket"): "bucket bag",
    ("book", "novel"): "hardback journal",
    ("book", "album"): "square photo album",
    ("book", "notebook"): "banded notebook",
    ("bottle", "tumbler"): "tumbler with straw",
    ("chair", "armchair"): "armchair",
    ("stool", "pouffe"): "pouffe",
}
PATTERN_WORDS: dict[str, tuple[str, str]] = {
    "stripes": ("stripes", "stripes in {a} and {b}"),
    "upright stripes": ("pinstripes", "upright stripes in {a} and {b}"),
    "dots": ("dots", "{b} dots on {a}"),
    "checks": ("checks", "a chequerboard of {a} and {b}"),
    "gingham": ("gingham", "a gingham of {a} and {b}"),
    "band": ("band", "one wide {b} band on {a}"),
    "speckle": ("speckles", "fine {b} speckles on {a}"),
    "dipped": ("two-tone", "{a} above and dipped in {b} below"),
    "zigzag": ("zigzag", "a zigzag of {a} and {b}"),
    "diagonal stripes": ("diagonal stripes", "diagonal stripes in {a} and {b}"),
    "ombre": ("ombre", "{a} that fades into {b}"),
    "marble": ("marble", "{b} veins on {a}"),
    "diamonds": ("diamonds", "{b} diamonds on {a}"),
    "flowers": ("flowers", "{b} flowers on {a}"),
    "tartan": ("tartan", "a tartan of {a} and {b}"),
    "terrazzo": ("terrazzo", "large chips of {b} and {c} on {a}"),
    "waves": ("waves", "waves in {a} and {b}"),
    "grid": ("grid", "a thin {b} grid on {a}"),
    "colour block": ("halves", "two halves, {a} and {b}"),
    "camouflage": ("camouflage", "soft patches of {a}, {b} and {c}"),
    "panels": ("panels", "panels in {a} and {b} by turns"),
}
FINISH_WORDS: dict[str, str] = {
    "gloss": "with a high-gloss finish",
    "satin": "with a soft satin finish",
    "matte": "with a matte finish",
    "plastic": "made of smooth, easy-clean plastic",
    "rubber": "made of supple rubber",
    "brushed": "made of brushed metal",
    "hammered": "made of hand-hammered metal",
    "enamel": "with a coat of glassy enamel",
    "cloth": "made of sturdy woven cloth",
    "knit": "made of chunky knit",
    "fur": "made of soft plush",
    "leather": "made of grained leather",
    "wood": "made of solid wood",
    "wax": "made of smooth-burning wax",
    "glass": "made of clear tinted glass",
}
STRAPS = {"cloth": "woven", "leather": "leather", "rubber": "rubber"}
USES: dict[str, tuple[str, ...]] = {
    "mug": ("Holds a generous cup and keeps its warmth.", "Goes in the dishwasher."),
    "teapot": ("Pours without a drip, for four cups.", "With a built-in strainer."),
    "bowl": (
        "For soup, salad or fruit on the table.",
        "Stacks neatly in the cupboard.",
    ),
    "bottle": ("Keeps drinks cold for a day.", "Leakproof in any bag."),
    "pan": ("Heats evenly on every hob.", "Goes from the hob into the oven."),
    "jug": ("For water, milk or a handful of flowers.", "The lip pours cleanly."),
    "kettle": ("Boils quickly and pours where you aim.", "The handle stays cool."),
    "vase": ("Lovely with a few stems, and without.", "Heavy enough for tall flowers."),
    "plant pot": (
        "With a hole for drainage; the plant comes along.",
        "For sills and shelves.",
    ),
    "candle": ("Burns for about forty hours.", "Lightly scented with fig and cedar."),
    "lamp": ("A warm light for desk, shelf or bedside.", "With a dimmer on the cord."),
    "clock": ("A silent movement and a clear dial.", "Runs two years on one battery."),
    "cushion": (
        "The cover comes off for the wash.",
        "Filled with feathers, springy for years.",
    ),
    "basket": ("For blankets, toys or firewood.", "Keeps its shape when empty."),
    "chair": ("Comfortable through a long dinner.", "Easy to put together."),
    "stool": ("A spare seat or a small table.", "Light enough to move with one hand."),
    "side table": ("Just right beside a sofa or a bed.", "Wipes clean."),
    "shirt": ("Cut for an easy fit.", "Washes at thirty degrees and keeps its colour."),
    "shoe": (
        "Cushioned for a whole day on foot.",
        "With a sole that grips in the rain.",
    ),
    "hat": ("One size, adjustable.", "Packs flat in a coat pocket."),
    "umbrella": (
        "Holds in a stiff breeze.",
        "With a handle that sits well in the hand.",
    ),
    "sunglasses": ("Full protection from UV.", "Comes in a hard case."),
    "watch": ("Water-resistant to fifty metres.", "The strap changes without tools."),
    "handbag": ("Room for all of a day, with an inner pocket.", "Closes securely."),
    "backpack": ("A padded sleeve for a laptop.", "Straps that stay put."),
    "suitcase": ("Light, tough and easy to spot on the belt.", "With a lock."),
    "headphones": ("Thirty hours on one charge.", "Soft pads and a folding frame."),
    "camera": ("Fits a coat pocket and a weekend.", "Simple dials, lovely pictures."),
    "speaker": ("Full sound for its size.", "Pairs with a second one for stereo."),
    "phone": ("A bright screen and a battery for two days.", "With a fast charger."),
    "radio": ("FM and digital, with five presets.", "Runs on mains or batteries."),
    "toy car": ("Rolls far on any floor.", "Rounded edges for small hands."),
    "bath duck": ("Floats upright and squeaks.", "Sealed, so that it stays clean."),
    "teddy bear": ("Very huggable.", "Washes gently by hand."),
    "stacking toy": ("Five pieces for first builders.", "Painted with safe colours."),
    "ball": ("For the park, the yard or the beach.", "Bounces true."),
    "book": ("Two hundred smooth pages.", "Lies flat when open."),
}


@dataclass(frozen=True)
class Listing:
    """A row of the demo shop's import file."""

    product: DemoProduct
    values: tuple[str, ...]


def colour_word(product: DemoProduct) -> str:
    return WOODS[product.colour][2] if product.finish == "wood" else product.colour


def phrase(product: DemoProduct) -> str:
    fixed = PHRASES.get((product.kind, product.shape))
    if fixed:
        return fixed
    words = KINDS[product.kind].shapes[product.shape]
    return words if product.kind in NAMED_BY_SHAPE else f"{words} {product.kind}"


def description_of(product: DemoProduct, rng: np.random.Generator) -> str:
    thing = phrase(product)
    article = "An" if thing[0].lower() in "aeiou" else "A"
    if product.kind == "sunglasses":
        thing, article = f"{thing} with dark lenses", "Bold"
    colour = colour_word(product)
    words = {"a": colour, "b": product.second, "c": product.third}
    finish = FINISH_WORDS[product.finish]
    if product.kind == "watch":
        finish = f"on a {STRAPS[product.finish]} strap"
    if product.finish == "wood":
        first = f"{article} {thing} in solid {product.colour}, "
        first += f"with {product.second} details."
    elif product.pattern == "plain":
        first = f"{article} {thing} in plain {colour}, {finish}."
    else:
        drawn = PATTERN_WORDS[product.pattern][1].format(**words)
        joint = "in" if product.pattern in ("dipped", "ombre") else "with"
        first = f"{article} {thing} {joint} {drawn}, {finish}."
    uses = USES[product.kind]
    return f"{first} {uses[int(rng.integers(len(uses)))]}"


def name_of(product: DemoProduct, line: str) -> str:
    name = f"{line} {phrase(product)} in {product.colour}"
    if product.pattern == "plain":
        return name
    return f"{name} and {product.second} {PATTERN_WORDS[product.pattern][0]}"


def listing_of(product: DemoProduct, number: int) -> Listing:
    rng = np.random.default_rng([SEED, 77, number])
    kind = KINDS[product.kind]
    brands = BRANDS[kind.category.split(" > ")[0]]
    low, high = kind.price
    price = round(low + (high - low) * float(rng.beta(1.6, 2.2))) - 0.1
    stock = 0 if rng.random() < 0.04 else int(rng.integers(2, 60))
    line = LINES[int(rng.integers(len(LINES)))]
    values = (
        product.sku,
        name_of(product, line),
        kind.category,
        brands[int(rng.integers(len(brands)))],
        colour_word(product),
        f"{price:.2f}",
        str(stock),
        description_of(product, rng),
        ";".join(f"{product.sku}-{view + 1}.webp" for view in range(len(kind.views))),
        "1",
    )
    return Listing(product, values)


def listings_of(products: Iterable[DemoProduct]) -> list[Listing]:
    return [listing_of(product, number) for number, product in enumerate(products)]
