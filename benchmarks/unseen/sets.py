"""Sets of pictures, views of them, and made-up photos, as stored activations."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.shop import DATA
from benchmarks.unseen.pictures import FOLDER, Activations, activations
from demo import PICTURES
from hashing.augmentation.photos import (
    CANVAS_SIDE,
    Rng,
    cut_out,
    make_stand_in,
    retake,
    take_with_phone,
    tilt,
    vary_light,
)
from hashing.picture_sets import ManifestRow, PictureSet

SEED = 18


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rows of one set, in the order of its stored activations."""

    name: str
    rows: tuple[ManifestRow, ...]
    seen: Activations

    def column(self, name: str) -> list[str]:
        return [row.columns.get(name, "") for row in self.rows]


@cache
def plain(name: str) -> Pictures:
    """Return a set's pictures as they are."""
    source = street_set() if name == "street" else DATA / f"{name}.tar"
    pictures = PictureSet.parse(str(source))
    seen = activations(name, pictures.pictures(), len(pictures))
    return Pictures(name, pictures.rows, seen)


@cache
def views(name: str, turns: int) -> Pictures:
    """Made-up photos of a set's catalogue pictures, `turns` of each."""
    pictures = PictureSet.parse(f"{DATA / name}.tar:catalogue")
    rows = tuple(row for row in pictures.rows for _ in range(turns))
    key = f"{name} views {turns}"
    return Pictures(key, rows, activations(key, _retaken(pictures, turns), len(rows)))


def _retaken(pictures: PictureSet, turns: int) -> Iterator[Image.Image]:
    surroundings = rooms(kept_for_queries=False)
    for place, image in enumerate(pictures.pictures()):
        alone = cut_out(image)
        for turn in range(turns):
            rng = np.random.default_rng([SEED, place, turn])
            if alone is None:
                yield retake(image, rng)
            else:
                yield make_stand_in(alone, surroundings, rng)


@cache
def made_up(name: str) -> Pictures:
    """One photo of each catalogue picture in a room that no training view shows."""
    pictures = PictureSet.parse(str(DATA / f"{name}.tar"))
    key = f"{name} in rooms"
    return Pictures(
        key, pictures.rows, activations(key, _in_rooms(pictures), len(pictures))
    )


def _in_rooms(pictures: PictureSet) -> Iterator[Image.Image]:
    surroundings = rooms(kept_for_queries=True)
    for place, image in enumerate(pictures.pictures()):
        rng = np.random.default_rng([SEED, 1, place])
        alone = cut_out(image)
        yield retake(image, rng) if alone is None else in_room(alone, surroundings, rng)


def in_room(product: Image.Image, places: list[Image.Image], rng: Rng) -> Image.Image:
    """Lay a cut-out (RGBA) once into a room and photograph it, 256 pixels square."""
    canvas = places[int(rng.integers(len(places)))].resize((CANVAS_SIDE, CANVAS_SIDE))
    copy = vary_light(
        tilt(product, rng, size=rng.uniform(0.45, 0.9) * CANVAS_SIDE), rng, strength=0.5
    )
    x, y = rng.uniform(0.35, 0.65, 2) * CANVAS_SIDE
    corner = (round(x - copy.width / 2), round(y - copy.height / 2))
    canvas.paste(copy, corner, copy.getchannel("A"))
    return take_with_phone(canvas, rng)


@cache
def rooms(*, kept_for_queries: bool) -> list[Image.Image]:
    """Backgrounds; a fifth of the places is kept for queries."""
    pictures = PictureSet.parse(str(DATA / "backgrounds.tar"))
    return [
        image
        for row, image in zip(pictures.rows, pictures.pictures(), strict=True)
        if (_digest(row.columns["group"]) % 5 == 0) == kept_for_queries
    ]


def _digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def street_set() -> Path:
    """Return the demo shop's catalogue and street photos as one set."""
    folder = FOLDER / "street"
    folder.mkdir(parents=True, exist_ok=True)
    with (PICTURES / "catalogue.csv").open() as file:
        rows = [
            [str(PICTURES / "images" / image), line["sku"], "catalogue"]
            for line in csv.DictReader(file)
            for image in line["images"].split(";")
        ]
    with (PICTURES / "street" / "manifest.csv").open() as file:
        rows += [
            [str(PICTURES / "street" / line["path"]), line["sku"], "photo"]
            for line in csv.DictReader(file)
        ]
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "product_id", "kind"])
        writer.writerows(rows)
    return folder
