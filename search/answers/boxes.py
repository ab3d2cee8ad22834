"""Suggest boxes of the things on a photo, for shoppers to choose instead of drawing.

The encoder's one pass tells what each cell of a photo adds to its embedding
(hashing.networks.region_graph). Adjacent cells that add much are one thing; each thing
gets a box.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from hashing import Encoder
from hashing.embeddings import Embeddings
from search.answers.query import Box

Map = npt.NDArray[np.float64]  # (rows, columns)

MAX_BOXES = 3
# A cell stands out from this share of what the strongest cell adds.
MIN_STRENGTH = 0.6
# A thing has at least this share of all that the cells add.
MIN_WEIGHT = 0.15
# Shares of the photo's area: a larger box is the whole photo, a smaller one noise.
MAX_AREA, MIN_AREA = 0.8, 0.03
MARGIN_CELLS = 0.5  # a thing reaches a little further than its cells


def encode(
    encoder: Encoder, photo: Image, box: Box, *, suggest: bool
) -> tuple[npt.NDArray[np.int8], list[tuple[Box, npt.NDArray[np.int8]]]]:
    """Encode the part of a photo in the box, and suggest boxes of things on it.

    Returns the embedding (dim,) and, if `suggest`, each box with its embedding, which
    costs one pass of the network each.
    """
    if not (suggest and encoder.has_regions):
        return encoder.encode([cropped(photo, box)]).embeddings[0], []
    embedding, regions = encoder.encode_with_regions(photo)
    boxes = suggested(regions)
    parts: Embeddings = encoder.encode(
        [cropped(photo, each) for each in boxes]
    ).embeddings
    return embedding, list(zip(boxes, parts, strict=True))


def cropped(photo: Image, box: Box) -> Image:
    """Return that part of the photo, at least one pixel of it."""
    x, y, width, height = box
    left, top = int(x * photo.width), int(y * photo.height)
    right = min(photo.width, max(left + 1, round((x + width) * photo.width)))
    bottom = min(photo.height, max(top + 1, round((y + height) * photo.height)))
    return photo.crop((left, top, right, bottom))


def suggested(regions: npt.NDArray[np.float32]) -> list[Box]:
    """Return boxes of what stands out, the strongest first; none where nothing does.

    regions: (rows, columns, dim) what each cell adds to the embedding.
    """
    weights = cell_weights(regions)
    total = weights.sum()
    if total <= 0:
        return []
    things = sorted(
        _components(weights >= MIN_STRENGTH * weights.max()),
        key=lambda cells: -weights[cells].sum(),
    )
    boxes = [
        _box(cells) for cells in things if weights[cells].sum() >= MIN_WEIGHT * total
    ]
    fitting = [box for box in boxes if MIN_AREA <= box[2] * box[3] <= MAX_AREA]
    return fitting[:MAX_BOXES]


def cell_weights(regions: npt.NDArray[np.float32]) -> Map:
    """Return how far each cell moves the embedding along itself, at least zero."""
    whole = regions.sum((0, 1)).astype(np.float64)
    along: Map = regions.astype(np.float64) @ whole
    return np.maximum(along, 0.0) / max(float(whole @ whole), 1e-12)


def _components(strong: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
    """Iterate over the connected components, as masks; cells connect by their sides."""
    remaining = strong.copy()
    while remaining.any():
        thing = np.zeros_like(remaining)
        start = np.unravel_index(int(remaining.argmax()), remaining.shape)
        thing[start] = True
        while True:
            grown = thing.copy()
            grown[1:] |= thing[:-1]
            grown[:-1] |= thing[1:]
            grown[:, 1:] |= thing[:, :-1]
            grown[:, :-1] |= thing[:, 1:]
            grown &= remaining
            if (grown == thing).all():
                break
            thing = grown
        remaining &= ~thing
        yield thing


def _box(cells: npt.NDArray[np.bool_]) -> Box:
    """Return the box around these cells, with a margin, within the photo."""
    rows, columns = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
    n_rows, n_columns = cells.shape
    top = max(0.0, (rows[0] - MARGIN_CELLS) / n_rows)
    left = max(0.0, (columns[0] - MARGIN_CELLS) / n_columns)
    bottom = min(1.0, (rows[-1] + 1 + MARGIN_CELLS) / n_rows)
    right = min(1.0, (columns[-1] + 1 + MARGIN_CELLS) / n_columns)
    return left, top, right - left, bottom - top
