"""Synthetic photos of a recipe's pictures, for tuning and for learning kinds."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from PIL import Image, ImageOps

from hashing.augmentation.photos import cut_out, make_stand_in, retake
from hashing.fitting.fit_recipe import FitRecipe
from hashing.picture_sets import PictureSet

BACKGROUND_STEP = 13  # every 13th picture of the first source is a background


def backgrounds(recipe: FitRecipe) -> list[Image.Image]:
    """Return pictures of the recipe's first source, to lay cut-outs on."""
    return _open_backgrounds(recipe.sources[0].set)


@lru_cache(maxsize=1)
def _open_backgrounds(spec: str) -> list[Image.Image]:
    return list(islice(PictureSet.parse(spec).pictures(), 0, None, BACKGROUND_STEP))


def synthetic_photos(
    pictures: PictureSet, n_photos: int, behind: Sequence[Image.Image], *, seed: int
) -> Iterator[Image.Image]:
    """Make synthetic photos of each picture, n_photos each, picture after picture.

    Catalogue pictures are cut out and laid on one of those `behind`. Photos are taken
    again, every second time mirrored.
    """
    rows = zip(pictures.rows, pictures.pictures(), strict=True)
    for index, (row, image) in enumerate(rows):
        product = cut_out(image) if row.columns.get("kind") == "catalogue" else None
        for number in range(n_photos):
            rng = np.random.default_rng([seed, index, number])
            if product is not None:
                yield make_stand_in(product, behind, rng)
            else:
                photo = retake(image, rng)
                yield ImageOps.mirror(photo) if number % 2 else photo
