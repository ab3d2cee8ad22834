"""Whether two pictures are the same shot, even if one of them was altered.

It may have been resized, cropped, recompressed, mirrored or put into another shop's
frame. A hash of the whole picture changes with a frame or a crop. So one picture is
registered on the other: a template from its middle is searched for at many scales
(normalised cross-correlation); the best placement is refined by steps that reduce the
difference (Lucas and Kanade, "An iterative image registration technique", 1981); then
edges and colours of the overlap are compared. It takes some 50 ms, so it is for the few
pairs that an index found.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from hashing.arrays import BoolArray, Float64Array

Pixels = npt.NDArray[np.float32]  # (height, width) or (height, width, 3), 0 to 1

# From this likeness on, two pictures are the same. Chosen on one half of the products
# of four sets and measured on the other: benchmarks.bench_duplicates.
SAME_PICTURE_LIKENESS = 0.9

# Longest sides in pixels: to search for the template, and to compare the overlap.
SEARCH_SIDE, COMPARISON_SIDE = 56, 96
TEMPLATE_SHARE = 0.55  # of either side of a picture, from its middle
# Of one picture relative to the other, from a crop to a picture in a wide frame.
SCALES = np.geomspace(0.6, 1.75, 18)
N_CANDIDATES = 5  # placements that are compared beside the identity
MAX_STEPS = 10  # that refine the best placement
MIN_MOVE = 0.0005  # in shares of a side, below which refinement has converged
MAX_STEP_PIXELS = 4.0
MIN_OVERLAP = 0.4  # share of the smaller picture
MIN_OVERLAP_SIDE = 8  # pixels
# Colours are compared by the mean of square cells: a misplacement of one pixel hardly
# changes a cell, another colour of the product changes many.
CELL_SIDE = 8  # pixels
COLOUR_COST = 2.5  # of likeness, for a difference of colours
# Of the cells that do not show background, this share may differ anyhow: a price tag, a
# banner, a logo.
IGNORED_SHARE = 0.25
BACKGROUND_TOLERANCE = 0.1  # difference from the colour of most cells
BLUR = 0.8  # pixels, before edges are compared
EVEN_VARIANCE = 1e-3  # added to norms: even areas would correlate with anything
STIFFNESS = (1e-3, 1e-3, 1e-3, 1e-3, 1e-6)  # of a step, for pictures without edges


class _Placement(NamedTuple):
    """Where the first picture lies on the second, in shares of the second's sides."""

    left: float
    top: float
    width: float
    height: float


IDENTITY = _Placement(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class _Overlap:
    """The pixels of both pictures where the first lies on the second."""

    first: Pixels  # (height, width, 3)
    second: Pixels
    across: Pixels  # (width,), where in the first each column is, 0 to 1
    down: Pixels  # (height,), where in the first each row is, 0 to 1
    share: float  # of the smaller picture


class _Target:
    """The picture on which another is placed."""

    def __init__(self, image: Image.Image) -> None:
        self.grey = _to_pixels(_fit(image, SEARCH_SIDE).convert("L"))
        self.spectrum = np.fft.rfft2(self.grey)
        self.image = _fit(image, COMPARISON_SIDE)


def likeness(first: Image.Image, second: Image.Image) -> float:
    """Measure how well two RGB pictures agree where they lie best on each other.

    Returns 1 for the same picture and about 0 for two unrelated ones; never less.
    """
    target = _Target(second)
    mirrored = ImageOps.mirror(first)
    return max(_likeness_unmirrored(each, target) for each in (first, mirrored))


def _likeness_unmirrored(picture: Image.Image, target: _Target) -> float:
    image = _fit(picture, COMPARISON_SIDE)
    placements = _candidate_placements(picture, target)
    compared = [(_agreement(_overlap(image, target, p)), p) for p in placements]
    best, placement = max(compared)
    for _step in range(MAX_STEPS):
        overlap = _overlap(image, target, placement)
        if overlap is None:
            break
        best = max(best, _agreement(overlap))
        before, placement = placement, _refine(overlap, placement, target)
        moves = [abs(b - a) for a, b in zip(before, placement, strict=True)]
        if max(moves) < MIN_MOVE:
            break
    return best


def _candidate_placements(picture: Image.Image, target: _Target) -> list[_Placement]:
    """Return the identity, and where the middle of the picture correlates most."""
    grey = _fit(picture, SEARCH_SIDE).convert("L")
    matches = [_best_at_scale(grey, target, float(scale)) for scale in SCALES]
    matches.sort(reverse=True)
    return [IDENTITY, *(placement for _, placement in matches[:N_CANDIDATES])]


def _best_at_scale(
    grey: Image.Image, target: _Target, scale: float
) -> tuple[float, _Placement]:
    """Return the highest correlation at a scale, and its placement."""
    size = (max(4, round(grey.width * scale)), max(4, round(grey.height * scale)))
    scaled = _to_pixels(grey.resize(size, Image.Resampling.BOX))
    rows, columns = target.grey.shape
    height = min(max(3, round(size[1] * TEMPLATE_SHARE)), rows)
    width = min(max(3, round(size[0] * TEMPLATE_SHARE)), columns)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    template = scaled[top : top + height, left : left + width]
    correlations = _correlate(target, template)
    best = np.unravel_index(int(correlations.argmax()), correlations.shape)
    row, column = best
    placement = _Placement(
        float(column - left) / columns,
        float(row - top) / rows,
        size[0] / columns,
        size[1] / rows,
    )
    return float(correlations[best]), placement


def _correlate(target: _Target, template: Pixels) -> Pixels:
    """Correlate a template with the target wherever it fits, from -1 to 1."""
    grey = target.grey
    centred = template - template.mean()
    spectrum = target.spectrum * np.conj(np.fft.rfft2(centred, grey.shape))
    rows = grey.shape[0] - template.shape[0] + 1
    columns = grey.shape[1] - template.shape[1] + 1
    product = np.fft.irfft2(spectrum, grey.shape)[:rows, :columns]
    sums = _window_sums(grey, template.shape)
    squares = _window_sums(grey**2, template.shape)
    variance = np.maximum(squares - sums**2 / template.size, 0.0)
    norm = np.sqrt(variance * float((centred**2).sum()))
    return (product / (norm + EVEN_VARIANCE * template.size)).astype(np.float32)


def _window_sums(grey: Pixels, window: tuple[int, ...]) -> Float64Array:
    """Sum the pixels of every window of this size, by a summed-area table."""
    sums = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1))
    sums[1:, 1:] = grey.astype(np.float64).cumsum(0).cumsum(1)
    height, width = window
    lower, upper = sums[height:], sums[:-height]
    window_sums: Float64Array = (
        lower[:, width:] - upper[:, width:] - lower[:, :-width] + upper[:, :-width]
    )
    return window_sums


def _overlap(
    image: Image.Image, target: _Target, placement: _Placement
) -> _Overlap | None:
    """Cut both pictures to their overlap, at the target's pixels; None if too small."""
    other = target.image
    left, top = placement.left * other.width, placement.top * other.height
    width, height = placement.width * other.width, placement.height * other.height
    x0, y0 = max(0, int(np.ceil(left))), max(0, int(np.ceil(top)))
    x1, y1 = min(other.width, int(left + width)), min(other.height, int(top + height))
    size = x1 - x0, y1 - y0
    if min(size) < MIN_OVERLAP_SIDE or max(width, height) > 4 * COMPARISON_SIDE:
        return None
    x_scale, y_scale = image.width / width, image.height / height
    box = (
        (x0 - left) * x_scale,
        (y0 - top) * y_scale,
        min(image.width, (x1 - left) * x_scale),
        min(image.height, (y1 - top) * y_scale),
    )
    first = image.resize(size, Image.Resampling.BILINEAR, box=box)
    smaller_area = min(width * height, other.width * other.height)
    return _Overlap(
        first=_blur(first),
        second=_blur(other.crop((x0, y0, x1, y1))),
        across=((np.arange(x0, x1) + 0.5 - left) / width).astype(np.float32),
        down=((np.arange(y0, y1) + 0.5 - top) / height).astype(np.float32),
        share=size[0] * size[1] / smaller_area,
    )


def _refine(overlap: _Overlap, placement: _Placement, target: _Target) -> _Placement:
    """Take one Gauss-Newton step on the squared difference, brightness left free."""
    first, second = overlap.first.mean(2), overlap.second.mean(2)
    down, across = np.gradient(first)
    weights = np.zeros_like(first)
    is_compared, _difference = _compare_colours(overlap)
    weights[: is_compared.shape[0], : is_compared.shape[1]] = is_compared
    jacobian = np.stack(
        [
            -across,
            -down,
            -across * overlap.across[np.newaxis],
            -down * overlap.down[:, np.newaxis],
            np.ones_like(first),
        ]
    ).reshape(5, -1)
    jacobian = jacobian * weights.ravel()
    hessian = jacobian @ jacobian.T + np.diag(STIFFNESS)
    step = np.linalg.solve(hessian, jacobian @ (second - first).ravel())
    pixels = np.clip(step[:4], -MAX_STEP_PIXELS, MAX_STEP_PIXELS)
    left, top, width, height = pixels.tolist()
    columns, rows = target.image.size
    return _Placement(
        placement.left + left / columns,
        placement.top + top / rows,
        placement.width + width / columns,
        placement.height + height / rows,
    )


def _agreement(overlap: _Overlap | None) -> float:
    """Return the correlation of the edges, limited by the difference of the colours."""
    if overlap is None or overlap.share < MIN_OVERLAP:
        return 0.0
    is_compared, difference = _compare_colours(overlap)
    height, width = is_compared.shape
    first, second = (
        np.stack(np.gradient(pixels.mean(2)))[:, :height, :width] * is_compared
        for pixels in (overlap.first, overlap.second)
    )  # (2, height, width)
    norm = np.sqrt(float((first**2).sum()) * float((second**2).sum()))
    norm += EVEN_VARIANCE * float(np.sqrt(first.size))
    edges = float((first * second).sum()) / norm
    return float(max(0.0, min(edges, 1 - COLOUR_COST * difference)))


def _compare_colours(overlap: _Overlap) -> tuple[Pixels, float]:
    """Compare colours cell by cell, ignoring the cells that differ most.

    Returns 1 at the pixels of the other cells (height, width), cut to whole cells, and
    the largest difference among them.
    """
    first, second = _cell_means(overlap.first), _cell_means(overlap.second)
    differences = np.abs(first - second).max(2)
    is_shown = _is_foreground(first) | _is_foreground(second)
    counted = differences[is_shown] if is_shown.any() else differences
    largest = float(np.quantile(counted, 1 - IGNORED_SHARE))
    is_kept = (differences <= largest).repeat(CELL_SIDE, 0).repeat(CELL_SIDE, 1)
    return is_kept.astype(np.float32), largest


def _is_foreground(cells: Pixels) -> BoolArray:
    """Mark the cells (rows, columns) that differ from the colour of most cells."""
    background = np.median(cells, axis=(0, 1))
    differs: BoolArray = np.abs(cells - background).max(2) > BACKGROUND_TOLERANCE
    return differs


def _cell_means(pixels: Pixels) -> Pixels:
    """Return the mean colours (rows, columns, 3) of square cells."""
    height, width = (side // CELL_SIDE * CELL_SIDE for side in pixels.shape[:2])
    rows, columns = height // CELL_SIDE, width // CELL_SIDE
    cells = pixels[:height, :width].reshape(rows, CELL_SIDE, columns, CELL_SIDE, 3)
    means: Pixels = cells.mean((1, 3))
    return means


def _blur(image: Image.Image) -> Pixels:
    return _to_pixels(image.filter(ImageFilter.GaussianBlur(BLUR)))


def _fit(image: Image.Image, longest_side: int) -> Image.Image:
    scale = longest_side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return image.resize(size, filter_)


def _to_pixels(image: Image.Image) -> Pixels:
    return np.asarray(image, np.float32) / np.float32(255)
