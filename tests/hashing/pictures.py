"""Pictures and sets for tests, made without any file."""

import csv
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HUES = {"red": "#c8102e", "green": "#00843d", "blue": "#0047bb", "yellow": "#ffc72c"}


def picture(colour="red", shape="ellipse", *, size=(160, 120), seed=0):
    """Return a shape on white, a little elsewhere for every seed."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, "white")
    left, top = rng.integers(5, 25, 2)
    box = (left, top, left + size[0] // 2, top + size[1] // 2)
    getattr(ImageDraw.Draw(image), shape)(box, fill=HUES[colour])
    return image


def noise(size=(64, 48), seed=0):
    """Draw every pixel in a random colour."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def write_set(folder: Path, *, per_product=3):
    """Return a set of four products, each with its catalogue picture first."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, colour in enumerate(HUES):
        for turn in range(per_product):
            name = f"{colour}-{turn}.png"
            picture(colour, seed=10 * number + turn).save(folder / name)
            kind = "photo" if turn else "catalogue"
            lines.append((name, "open", colour, f"p{number}", kind, f"view{turn}"))
    header = ("path", "split", "fine_label", "product_id", "kind", "view")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([header, *lines])
    return folder


def tarred(folder: Path) -> Path:
    """Return the same set as a .tar beside its folder."""
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, arcname=file.name)
    return path
