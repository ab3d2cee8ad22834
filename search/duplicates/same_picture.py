"""Whether two pictures are one: the same shot, though it was resized, cropped,
recompressed, mirrored or put into another shop's frame.

A hash of the whole picture changes with a frame or a crop. So one picture is laid over
the other: a piece from the middle of the first is looked for in the second at many
sizes (normalised cross-correlation); where it fits best it is moved and stretched by
steps that lessen the difference (Lucas and Kanade, "An iterative image registration
technique", 1981); then what overlaps is compared by its edges and its colours. It takes
some 50 ms, so it is for the few pairs that an index found.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

Pixels = npt.NDArray[np.float32]  # (height, width) or (height, width, 3), 0 to 1

# From this likeness on two pictures are one. Chosen on one half of the products of four
# sets and measured on the other: benchmarks.bench_duplicates.
SAME = 0.9

# Longest sides in pixels: where the piece is looked for, where the overlap is compared.
SMALL, LARGE = 56, 96
# The piece: this share of either side, from the middle.
MIDDLE = 0.55
# How large one may be beside the other, from a crop to a picture in a wide frame.
SCALES = np.geomspace(0.6, 1.75, 18)
# Places where the piece fits that are looked into, and steps from the best.
PLACES, STEPS = 5, 10
STILL = 0.0005
# The share of the smaller picture that lies on the other, at least.
LEAST_OVERLAP = 0.4
LEAST_SIDE = 8
# Colours are compared by cells of so many pixels: a slip of one changes no cell much,
# another colour of the thing changes many.
CELL = 8
# How much likeness a difference of colours costs; of the cells that show more than the
# ground, a quarter may differ at will: a price tag, a banner, a logo.
COLOUR_COST = 2.5
IGNORED_CELLS = 0.25
# What differs less from the colour of most cells is ground.
GROUND = 0.1


class _Place(NamedTuple):
    """Where the first lies on the second, in shares of the second's sides."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class _Overlap:
    """What lies on each other (height, width, 3), where in the first each column and
    row of it is, from 0 to 1, and the share of the smaller picture that it is.
    """

    first: Pixels
    second: Pixels
    across: Pixels
    down: Pixels
    share: float


class _Field:
    """The picture that another is laid on."""

    def __init__(self, image: Image.Image) -> None:
        self.grey = _pixels(_fitted(image, SMALL).convert("L"))
        self.spectrum = np.fft.rfft2(self.grey)
        self.large = _fitted(image, LARGE)


def likeness(one: Image.Image, other: Image.Image) -> float:
    """How well two RGB pictures agree where they lie best on each other.

    1 for the same picture, about 0 for any two; never less.
    """
    field = _Field(other)
    return max(_likeness(one, field), _likeness(ImageOps.mirror(one), field))


def _likeness(one: Image.Image, field: _Field) -> float:
    large = _fitted(one, LARGE)
    tried = [(_agreement(_overlap(large, field, at)), at) for at in _places(one, field)]
    best, place = max(tried)
    for _step in range(STEPS):
        overlap = _overlap(large, field, place)
        if overlap is None:
            break
        best = max(best, _agreement(overlap))
        before, place = place, _nearer(overlap, place, field)
        if max(abs(new - old) for new, old in zip(place, before, strict=True)) < STILL:
            break
    return best


def _places(one: Image.Image, field: _Field) -> list[_Place]:
    """One on the other as they are, and where the middle of the first correlates most
    with the second.
    """
    first = _fitted(one, SMALL).convert("L")
    found = [_best_at(first, field, float(scale)) for scale in SCALES]
    found.sort(reverse=True)
    return [_Place(0.0, 0.0, 1.0, 1.0), *(place for _, place in found[:PLACES])]


def _best_at(one: Image.Image, field: _Field, scale: float) -> tuple[float, _Place]:
    """At this scale: the correlation, and where it is that."""
    size = (max(4, round(one.width * scale)), max(4, round(one.height * scale)))
    scaled = _pixels(one.resize(size, Image.Resampling.BOX))
    rows, columns = field.grey.shape
    height = min(max(3, round(size[1] * MIDDLE)), rows)
    width = min(max(3, round(size[0] * MIDDLE)), columns)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    found = _correlations(field, scaled[top : top + height, left : left + width])
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    place = _Place(
        float(column - left) / columns,
        float(row - top) / rows,
        size[0] / columns,
        size[1] / rows,
    )
    return float(found[row, column]), place


def _correlations(field: _Field, piece: Pixels) -> Pixels:
    """Of the piece with the field at every place where it fits, from -1 to 1."""
    grey = field.grey
    centred = piece - piece.mean()
    spectrum = field.spectrum * np.conj(np.fft.rfft2(centred, grey.shape))
    rows = grey.shape[0] - piece.shape[0] + 1
    columns = grey.shape[1] - piece.shape[1] + 1
    product = np.fft.irfft2(spectrum, grey.shape)[:rows, :columns]
    sums = _window_sums(grey, piece.shape)
    squares = _window_sums(grey**2, piece.shape)
    variance = np.maximum(squares - sums**2 / piece.size, 0.0)
    norm = np.sqrt(variance * float((centred**2).sum()))
    # What is nearly even correlates with anything: it counts for little.
    return (product / (norm + 1e-3 * piece.size)).astype(np.float32)


def _window_sums(grey: Pixels, window: tuple[int, ...]) -> npt.NDArray[np.float64]:
    sums = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1))
    sums[1:, 1:] = grey.astype(np.float64).cumsum(0).cumsum(1)
    height, width = window
    lower, upper = sums[height:], sums[:-height]
    summed: npt.NDArray[np.float64] = (
        lower[:, width:] - upper[:, width:] - lower[:, :-width] + upper[:, :-width]
    )
    return summed


def _overlap(one: Image.Image, field: _Field, place: _Place) -> _Overlap | None:
    """Both pictures where the first lies on the second, at the second's pixels."""
    other = field.large
    left, top = place.left * other.width, place.top * other.height
    width, height = place.width * other.width, place.height * other.height
    x0, y0 = max(0, int(np.ceil(left))), max(0, int(np.ceil(top)))
    x1, y1 = min(other.width, int(left + width)), min(other.height, int(top + height))
    size = x1 - x0, y1 - y0
    if min(size) < LEAST_SIDE or max(width, height) > 4 * LARGE:
        return None
    wide, high = one.width / width, one.height / height
    right, bottom = (
        min(one.width, (x1 - left) * wide),
        min(one.height, (y1 - top) * high),
    )
    first = one.resize(
        size,
        Image.Resampling.BILINEAR,
        box=((x0 - left) * wide, (y0 - top) * high, right, bottom),
    )
    smaller = min(width * height, other.width * other.height)
    return _Overlap(
        first=_blurred(first),
        second=_blurred(other.crop((x0, y0, x1, y1))),
        across=((np.arange(x0, x1) + 0.5 - left) / width).astype(np.float32),
        down=((np.arange(y0, y1) + 0.5 - top) / height).astype(np.float32),
        share=size[0] * size[1] / smaller,
    )


def _nearer(overlap: _Overlap, place: _Place, field: _Field) -> _Place:
    """One step of Gauss and Newton on the squared difference, brightness aside."""
    first, second = overlap.first.mean(2), overlap.second.mean(2)
    down, across = np.gradient(first)
    counted = np.zeros_like(first)
    kept, _most = _compared(overlap)
    counted[: kept.shape[0], : kept.shape[1]] = kept
    slopes = np.stack(
        [
            -across,
            -down,
            -across * overlap.across[np.newaxis],
            -down * overlap.down[:, np.newaxis],
            np.ones_like(first),
        ]
    ).reshape(5, -1)
    slopes = slopes * counted.ravel()
    # A little stiffness, for pictures without any edge.
    square = slopes @ slopes.T + np.diag([1e-3] * 4 + [1e-6])
    step = np.linalg.solve(square, slopes @ (second - first).ravel())
    left, top, width, height = np.clip(step[:4], -4.0, 4.0).tolist()
    across_all, down_all = field.large.size
    return _Place(
        place.left + left / across_all,
        place.top + top / down_all,
        place.width + width / across_all,
        place.height + height / down_all,
    )


def _agreement(overlap: _Overlap | None) -> float:
    """By the correlation of their edges, and no more than their colours allow."""
    if overlap is None or overlap.share < LEAST_OVERLAP:
        return 0.0
    first, second = overlap.first, overlap.second
    kept, colours = _compared(overlap)
    one, other = (
        np.stack(np.gradient(each.mean(2)))[:, : kept.shape[0], : kept.shape[1]] * kept
        for each in (first, second)
    )
    norm = np.sqrt(float((one**2).sum()) * float((other**2).sum()))
    edges = float((one * other).sum()) / (norm + 1e-3 * float(np.sqrt(one.size)))
    return float(max(0.0, min(edges, 1 - COLOUR_COST * colours)))


def _compared(overlap: _Overlap) -> tuple[Pixels, float]:
    """1 at the pixels that count (height, width), cut to whole cells, and how much the
    colours of those cells differ at most.
    """
    first, second = _cells(overlap.first), _cells(overlap.second)
    cells = np.abs(first - second).max(2)
    shown = _is_shown(first) | _is_shown(second)
    most = float(np.quantile(cells[shown] if shown.any() else cells, 1 - IGNORED_CELLS))
    kept = (cells <= most).repeat(CELL, 0).repeat(CELL, 1).astype(np.float32)
    return kept, most


def _is_shown(cells: Pixels) -> npt.NDArray[np.bool_]:
    """Which cells (rows, columns) are not of the ground: the colour of most of them."""
    ground = np.median(cells, axis=(0, 1))
    found: npt.NDArray[np.bool_] = np.abs(cells - ground).max(2) > GROUND
    return found


def _cells(pixels: Pixels) -> Pixels:
    """Mean colours (rows, columns, 3) of squares of CELL pixels."""
    height, width = (side // CELL * CELL for side in pixels.shape[:2])
    rows, columns = height // CELL, width // CELL
    squares = pixels[:height, :width].reshape(rows, CELL, columns, CELL, 3)
    means: Pixels = squares.mean((1, 3))
    return means


def _blurred(image: Image.Image) -> Pixels:
    return _pixels(image.filter(ImageFilter.GaussianBlur(0.8)))


def _fitted(image: Image.Image, side: int) -> Image.Image:
    share = side / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    filter = Image.Resampling.BOX if share < 1 else Image.Resampling.BILINEAR
    return image.resize(size, filter)


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image, np.float32) / np.float32(255)
