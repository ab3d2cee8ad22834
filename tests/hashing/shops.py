"""A shop small enough to train on in a second."""

import csv
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = ("#c8102e", "#00843d", "#0047bb", "#ffc72c", "#7a4b2a", "#111111")
SHAPES = ("ellipse", "rectangle")
HEADER = ("path", "split", "fine_label", "coarse_label", "product_id", "kind")

RECIPE = """
name = "own"
set = "{shop}"
licence = "CC0-1.0"
out = "{out}"
steps = 4
check_every = 2
products_per_step = 4
views_per_product = 2
stand_ins = 2
retakes = 1

"""


def write_shop(folder: Path, *, products=9, photos=0):
    """Write products, each with a catalogue picture and some photos."""
    folder.mkdir(parents=True)
    lines = []
    for number in range(products):
        for turn in range(1 + photos):
            name = f"{number}-{turn}.png"
            paint(number, "#999999" if turn else "white").save(folder / name)
            kind = "photo" if turn else "catalogue"
            lines.append((name, "train", f"f{number}", "c", f"p{number}", kind))
    write_manifest(folder, lines)
    return folder


def paint(number, background):
    image = Image.new("RGB", (90, 90), background)
    shape = getattr(ImageDraw.Draw(image), SHAPES[number % 2])
    shape((20, 25, 70, 65), fill=COLOURS[number // 2])
    return image


def write_manifest(folder, lines):
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *lines])


def write_recipe(folder: Path, shop: Path, **values):
    """Return a recipe of a training on a shop, into `folder / own`."""
    text = RECIPE.format(shop=shop, out=folder / "own")
    for name, value in values.items():
        kept = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
        text = "\n".join([*kept, f"{name} = {value!r}", ""])
    path = folder / "own.toml"
    path.write_text(text.replace("'", '"'))
    return path
