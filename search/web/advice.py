"""Advice on a photo, from its pixels, so that a shopper can take a better one.

The thresholds were set by benchmarks.bench_advice.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from PIL import Image

Grey = npt.NDArray[np.float32]  # (height, width), 0 to 1

MEASURED_SIDE = 256  # pixels of the longer side of the copy that is measured
TILE_SIDE = 32  # pixels
# A photo is dark if even its light parts are below this brightness, 0 to 1.
MIN_BRIGHTNESS = 0.27
# A photo is blurred if even its sharpest tiles are below this sharpness.
MIN_SHARPNESS = 0.0022
# A photo is tiny if its longer side has fewer pixels.
MIN_SIDE = 140
# "The light parts" are the lightest tenth, and so are the sharpest tiles.
QUANTILE = 0.9


class Advice(StrEnum):
    """What is wrong, in the order in which to mend it."""

    TINY = "tiny"
    DARK = "dark"
    BLURRED = "blurred"
    SEVERAL = "several"


def advice(photo: Image.Image, *, n_things: int = 0) -> list[Advice]:
    """Return what is wrong with a photo (RGB, upright).

    n_things: how many things stand out on it.
    """
    grey = grey_copy(photo)
    is_tiny = max(photo.size) < MIN_SIDE
    is_dark = brightness(grey) < MIN_BRIGHTNESS
    wrong = {
        Advice.TINY: is_tiny,
        Advice.DARK: is_dark,
        # In the dark nothing is sharp, and a tiny photo is blurred by enlarging it.
        Advice.BLURRED: not (is_tiny or is_dark) and sharpness(grey) < MIN_SHARPNESS,
        Advice.SEVERAL: n_things > 1,
    }
    return [each for each, is_wrong in wrong.items() if is_wrong]


def brightness(grey: Grey) -> float:
    """Return the brightness of the light parts, 0 to 1."""
    return float(np.quantile(grey, QUANTILE))


def sharpness(grey: Grey) -> float:
    """Return the variance of the Laplacian in the sharpest tiles, by brightness."""
    edges = (
        4 * grey[1:-1, 1:-1]
        - grey[:-2, 1:-1]
        - grey[2:, 1:-1]
        - grey[1:-1, :-2]
        - grey[1:-1, 2:]
    )
    variances = [
        float(edges[top : top + TILE_SIDE, left : left + TILE_SIDE].var())
        for top in range(0, edges.shape[0], TILE_SIDE)
        for left in range(0, edges.shape[1], TILE_SIDE)
    ]
    return float(np.quantile(variances, QUANTILE)) / max(brightness(grey), 0.05) ** 2


def grey_copy(photo: Image.Image) -> Grey:
    """Return a small grey copy of a photo."""
    scale = MEASURED_SIDE / max(photo.size)
    size = (max(3, round(photo.width * scale)), max(3, round(photo.height * scale)))
    grey = photo.convert("L").resize(size, Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float32) / np.float32(255)
