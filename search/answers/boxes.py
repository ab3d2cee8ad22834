"""What stands out on a photo: boxes that a shopper can choose instead of drawing one.

The encoder tells in its one pass what each cell of a photo adds to its embedding
(`hashing.networks.region_graph`). Cells that add much and touch each other are one
thing; each thing gets a box.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from hashing import Encoder
from hashing.embeddings import Embeddings
from search.answers.query import Box

Map = npt.NDArray[np.float64]  # (rows, columns)

MOST = 3
# A cell stands out that adds this share of what the strongest adds.
STRONG = 0.6
# Of all that is added, a thing holds this share at least.
LEAST_SHARE = 0.15
# A box that is nearly the whole photo is none; a tiny one is noise.
LARGEST, SMALLEST = 0.8, 0.03
# A thing reaches a little further than the cells that tell it.
MARGIN = 0.5  # of a cell


def encode(
    encoder: Encoder, photo: Image, box: Box, *, suggest: bool
) -> tuple[npt.NDArray[np.int8], list[tuple[Box, npt.NDArray[np.int8]]]]:
    """The embedding (dim,) of that part of a photo, and if they are to be suggested
    boxes of what stands out on it, with their embeddings: a pass of the network each.
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
    """That part of it, one pixel at least."""
    x, y, width, height = box
    left, top = int(x * photo.width), int(y * photo.height)
    right = min(photo.width, max(left + 1, round((x + width) * photo.width)))
    bottom = min(photo.height, max(top + 1, round((y + height) * photo.height)))
    return photo.crop((left, top, right, bottom))


def suggested(regions: npt.NDArray[np.float32]) -> list[Box]:
    """Boxes of what stands out, the strongest first; none where all or nothing does.

    regions: what each cell adds to the embedding (rows, columns, dim).
    """
    added = weight_of_cells(regions)
    total = added.sum()
    if total <= 0:
        return []
    things = sorted(_things(added >= STRONG * added.max()),
                    key=lambda cells: -added[cells].sum())  # fmt: skip
    boxes = [
        _box(cells) for cells in things if added[cells].sum() >= LEAST_SHARE * total
    ]
    fitting = [box for box in boxes if SMALLEST <= box[2] * box[3] <= LARGEST]
    return fitting[:MOST]


def weight_of_cells(regions: npt.NDArray[np.float32]) -> Map:
    """How far each cell moves the embedding to where it is; nothing below zero."""
    whole = regions.sum((0, 1)).astype(np.float64)
    along: Map = regions.astype(np.float64) @ whole
    return np.maximum(along, 0.0) / max(float(whole @ whole), 1e-12)


def _things(strong: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
    """Masks of the cells that hang together, by their sides."""
    left = strong.copy()
    while left.any():
        thing = np.zeros_like(left)
        start = np.unravel_index(int(left.argmax()), left.shape)
        thing[start] = True
        while True:
            grown = thing.copy()
            grown[1:] |= thing[:-1]
            grown[:-1] |= thing[1:]
            grown[:, 1:] |= thing[:, :-1]
            grown[:, :-1] |= thing[:, 1:]
            grown &= left
            if (grown == thing).all():
                break
            thing = grown
        left &= ~thing
        yield thing


def _box(cells: npt.NDArray[np.bool_]) -> Box:
    """Around these cells, with a margin, within the photo."""
    rows, columns = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
    n_rows, n_columns = cells.shape
    top = max(0.0, (rows[0] - MARGIN) / n_rows)
    left = max(0.0, (columns[0] - MARGIN) / n_columns)
    bottom = min(1.0, (rows[-1] + 1 + MARGIN) / n_rows)
    right = min(1.0, (columns[-1] + 1 + MARGIN) / n_columns)
    return left, top, right - left, bottom - top
