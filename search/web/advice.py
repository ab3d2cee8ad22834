"""What may be wrong with a photo, seen in its pixels, so that a shopper can take a
better one. Thresholds: benchmarks.bench_advice.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from PIL import Image

# Longest side at which brightness and sharpness are measured, in pixels.
SIDE = 256
TILE = 32
# Grey, 0 to 1: even the light parts of a dark photo (its 90th percentile) are below.
DARK = 0.27
# The sharpest tile of a sharp photo has edges: the variance of its Laplacian.
BLURRED = 0.0022
# A photo whose longer side has fewer pixels shows little.
TINY = 140


class Advice(StrEnum):
    """What is wrong, the first to mend first."""

    TINY = "tiny"
    DARK = "dark"
    BLURRED = "blurred"
    SEVERAL = "several"


def advice(photo: Image.Image, *, n_things: int = 0) -> list[Advice]:
    """On a photo (RGB, upright) as it came, on which so many things stand out."""
    grey = grey_of(photo)
    wrong = {
        Advice.TINY: max(photo.size) < TINY,
        Advice.DARK: brightness(grey) < DARK,
        # In the dark nothing is sharp, and a tiny photo is blurred by being enlarged.
        Advice.BLURRED: max(photo.size) >= TINY
        and brightness(grey) >= DARK
        and sharpness(grey) < BLURRED,
        Advice.SEVERAL: n_things > 1,
    }
    return [each for each, is_so in wrong.items() if is_so]


def brightness(grey: npt.NDArray[np.float32]) -> float:
    """Of its light parts, 0 to 1."""
    return float(np.quantile(grey, 0.9))


def sharpness(grey: npt.NDArray[np.float32]) -> float:
    """Of its sharpest tiles: the variance of the Laplacian, by the light there is."""
    edges = (
        4 * grey[1:-1, 1:-1]
        - grey[:-2, 1:-1]
        - grey[2:, 1:-1]
        - grey[1:-1, :-2]
        - grey[1:-1, 2:]
    )
    tiles = [
        float(edges[top : top + TILE, left : left + TILE].var())
        for top in range(0, edges.shape[0], TILE)
        for left in range(0, edges.shape[1], TILE)
    ]
    return float(np.quantile(tiles, 0.9)) / max(brightness(grey), 0.05) ** 2


def grey_of(photo: Image.Image) -> npt.NDArray[np.float32]:
    """Small, 0 to 1 (height, width)."""
    share = SIDE / max(photo.size)
    size = (max(3, round(photo.width * share)), max(3, round(photo.height * share)))
    grey = photo.convert("L").resize(size, Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float32) / np.float32(255)
