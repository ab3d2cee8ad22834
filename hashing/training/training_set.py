"""The pictures that a shop trains on: checked before any time is spent, then split.

Products are split, not pictures: some to learn from, some to stop early on, and some
that only the report of before and after ever sees.
"""

import io
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hashing.augmentation.photos import cut_out
from hashing.errors import TrainingError
from hashing.picture_sets import ManifestRow, PictureSet, open_picture
from hashing.training.training_recipe import TrainingRecipe
from pictures.errors import UnreadableImage

MIN_PRODUCTS = 8  # with fewer, there is nothing to hold out
MIN_PRODUCTS_PER_PART = 2
PARTS = ("learn", "stop", "report")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingPicture:
    """A decoded picture of a product, with its cut-out if it is a catalogue picture."""

    key: str
    label: str
    is_photo: bool
    image: Image.Image
    cut_out: Image.Image | None


@dataclass(frozen=True)
class TrainingSet:
    """Readable, labelled pictures, and the part of the split that each label is in."""

    pictures: tuple[TrainingPicture, ...]
    part_of: dict[str, str]  # label to learn, stop or report
    skipped: tuple[str, ...]  # what was left out and why, one line each

    def indices(self, part: str) -> list[int]:
        """Return the indices of the pictures whose products are in a part."""
        return [
            index
            for index, picture in enumerate(self.pictures)
            if self.part_of[picture.label] == part
        ]

    def describe(self) -> str:
        """Say how many products and pictures there are in each part."""
        products = Counter(self.part_of.values())
        photos = sum(picture.is_photo for picture in self.pictures)
        parts = ", ".join(f"{products[part]} to {part}" for part in PARTS)
        return (
            f"{len(self.pictures)} pictures ({photos} photos) of "
            f"{len(self.part_of)} products: {parts}"
        )


def open_training_set(recipe: TrainingRecipe) -> TrainingSet:
    """Read, check and split the set of a recipe. Raises TrainingError."""
    try:
        pictures = PictureSet.parse(recipe.set)
        names = pictures.column(recipe.label)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    skipped: list[str] = []
    readable = tuple(_open_readable(pictures, recipe.label, skipped))
    labels = sorted({picture.label for picture in readable})
    for label in sorted({name for name in names if name} - set(labels)):
        skipped.append(f"product {label}: no picture of it is left")
    for line in skipped:
        logger.warning("left out: %s", line)
    if len(labels) < MIN_PRODUCTS:
        raise TrainingError(
            f"{recipe.set}: {len(labels)} products with readable pictures, of "
            f"{len(pictures)} rows; {MIN_PRODUCTS} are needed, {len(skipped)} left out"
        )
    return TrainingSet(readable, split(labels, recipe), tuple(skipped))


def split(labels: list[str], recipe: TrainingRecipe) -> dict[str, str]:
    """Assign each label to a part, by the recipe's seed; at least two to each part."""
    shuffled = np.random.default_rng(recipe.seed).permutation(labels).tolist()
    n_stop, n_report = (
        max(MIN_PRODUCTS_PER_PART, round(share * len(labels)))
        for share in (recipe.stop_share, recipe.report_share)
    )
    parts = ["stop"] * n_stop + ["report"] * n_report
    parts += ["learn"] * (len(labels) - len(parts))
    return dict(zip(shuffled, parts, strict=True))


def _open_readable(
    pictures: PictureSet, label: str, skipped: list[str]
) -> Iterator[TrainingPicture]:
    """Decode the pictures that can be used; append a line for each other one."""
    for row, content in zip(pictures.rows, pictures.file_contents(), strict=True):
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
                yield _training_picture(pictures, row, name, image)


def _training_picture(
    pictures: PictureSet, row: ManifestRow, label: str, image: Image.Image
) -> TrainingPicture:
    is_photo = row.columns.get("kind") == "photo"
    key = f"{pictures.source.resolve()}:{row.path}"
    product = None if is_photo else cut_out(image)
    return TrainingPicture(key, label, is_photo, image, product)
