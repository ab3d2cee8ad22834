"""The pictures that a shop trains on: checked before any hour is spent, then divided.

Products are divided, not pictures: some to learn from, some to stop early on, some that
only the report of before and after ever sees.
"""

import io
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hashing.data import PictureSet, Row, open_picture
from hashing.errors import TrainingError
from hashing.training.augmentation import cut_out
from hashing.training.recipe import TrainingRecipe
from pictures.errors import UnreadableImage

FEWEST = 8  # products; with fewer there is nothing to hold out
PARTS = ("learn", "stop", "report")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """A decoded picture of a product; its cut-out where it is a catalogue picture."""

    key: str
    label: str
    is_photo: bool
    image: Image.Image
    cut_out: Image.Image | None


@dataclass(frozen=True)
class TrainingSet:
    """Readable pictures with labels, the part of each label, and what was left out."""

    pictures: tuple[Picture, ...]
    part_of: dict[str, str]  # label to learn, stop or report
    skipped: tuple[str, ...]  # one line each: what, and why

    def of(self, part: str) -> list[int]:
        """Places of the pictures whose products are in a part."""
        return [
            place
            for place, picture in enumerate(self.pictures)
            if self.part_of[picture.label] == part
        ]

    def describe(self) -> str:
        """How many products and pictures there are in each part."""
        products = Counter(self.part_of.values())
        photos = sum(picture.is_photo for picture in self.pictures)
        parts = ", ".join(f"{products[part]} to {part}" for part in PARTS)
        return (
            f"{len(self.pictures)} pictures ({photos} photos) of "
            f"{len(self.part_of)} products: {parts}"
        )


def open_training_set(recipe: TrainingRecipe) -> TrainingSet:
    """Read, check and divide the set of a recipe; raises TrainingError."""
    try:
        chosen = PictureSet.parse(recipe.set)
        chosen.column(recipe.label)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    skipped: list[str] = []
    pictures = tuple(_readable(chosen, recipe.label, skipped))
    wanted = {label for label in chosen.column(recipe.label) if label}
    labels = sorted({picture.label for picture in pictures})
    for label in sorted(wanted - set(labels)):
        skipped.append(f"product {label}: no picture of it is left")
    for line in skipped:
        logger.warning("left out: %s", line)
    if len(labels) < FEWEST:
        raise TrainingError(
            f"{recipe.set}: {len(labels)} products with readable pictures, of "
            f"{len(chosen)} rows; {FEWEST} are needed, {len(skipped)} left out"
        )
    return TrainingSet(pictures, divide(labels, recipe), tuple(skipped))


def divide(labels: list[str], recipe: TrainingRecipe) -> dict[str, str]:
    """Which part each label is in, by the recipe's seed; each part has two or more."""
    shuffled = np.random.default_rng(recipe.seed).permutation(labels).tolist()
    n_stop = max(2, round(recipe.stop_share * len(labels)))
    n_report = max(2, round(recipe.report_share * len(labels)))
    parts = ["stop"] * n_stop + ["report"] * n_report
    parts += ["learn"] * (len(labels) - len(parts))
    return dict(zip(shuffled, parts, strict=True))


def _readable(chosen: PictureSet, label: str, skipped: list[str]) -> Iterator[Picture]:
    for row, content in zip(chosen.rows, chosen.contents(), strict=True):
        name = row.columns[label]
        if not name:
            skipped.append(f"{row.path}: no {label}")
        elif content is None:
            skipped.append(f"{row.path}: the file is missing")
        else:
            try:
                image = open_picture(io.BytesIO(content))
            except UnreadableImage as error:
                skipped.append(f"{row.path}: {error}")
            else:
                yield _picture(chosen, row, name, image)


def _picture(chosen: PictureSet, row: Row, label: str, image: Image.Image) -> Picture:
    is_photo = row.columns.get("kind") == "photo"
    key = f"{chosen.source.resolve()}:{row.path}"
    return Picture(key, label, is_photo, image, None if is_photo else cut_out(image))
