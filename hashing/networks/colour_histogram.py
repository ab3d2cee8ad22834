"""A soft histogram of a picture's colours, its `look`.

Deep features hardly tell recoloured twins apart; a histogram does. Hue, saturation and
value fall into 12 x 4 x 4 bins, and each pixel is shared between the bins around it, so
that a slight change of light moves a little weight instead of flipping a bin.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn

HUES, SATURATIONS, VALUES = 12, 4, 4
BINS = HUES * SATURATIONS * VALUES
MIN_SHARE = 1e-12  # keeps shares, whose root is taken, above zero
WHITE_BRIGHTNESS = 0.9  # of every channel, from which on a pixel is background
MIN_PIXEL_WEIGHT = 1e-3  # of white pixels
MIN_SPREAD = 1e-6  # between a pixel's channels, by which its hue is divided

PixelIndices = list[int]  # row after row
PixelWeights = list[float]


class ColourHistogram(nn.Module):
    """Pictures (B, 3, H, W) in 0..1 to histograms (B, 192) of length one.

    Nearly white pixels hardly count, because catalogue pictures stand on white; a
    picture that is white all over still has a histogram.

    Colours are counted in a grid of `cells` (rows, columns), so that each colour can be
    located; a pixel belongs to the cell in which its upper left corner lies.
    """

    hues: Tensor
    saturations: Tensor
    values: Tensor

    def __init__(self, cells: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.cells = cells
        self.register_buffer("hues", torch.arange(HUES).float()[:, None])
        self.register_buffer("saturations", torch.arange(SATURATIONS).float()[:, None])
        self.register_buffer("values", torch.arange(VALUES).float()[:, None])

    def forward(self, pictures: Tensor) -> Tensor:
        return self.shares(self.counts(pictures))

    def counts(self, pictures: Tensor) -> Tensor:
        """Count the weight of every colour in every cell: (B, cells, 192)."""
        device = pictures.device
        indices, weights = pixels_by_cell(*pictures.shape[2:], self.cells)
        pixels = pictures.flatten(2)[:, :, torch.tensor(indices, device=device)]
        hue, saturation, value = rgb_to_hsv(pixels)  # each (B, 1, cells * pixels)
        darkness = 1 - pixels.amin(1, keepdim=True)
        weight = (darkness / (1 - WHITE_BRIGHTNESS)).clamp(MIN_PIXEL_WEIGHT, 1.0)
        weight = weight * torch.tensor(weights, device=device)
        by_hue = self._split_by_cell(self._hue_shares(hue * HUES) * weight)
        by_saturation = hat(saturation * (SATURATIONS - 1) - self.saturations)
        by_value = hat(value * (VALUES - 1) - self.values)
        by_both = by_saturation[:, :, None] * by_value[:, None]  # (B, 4, 4, pixels)
        by_both = self._split_by_cell(by_both.flatten(1, 2))
        joint = by_hue @ by_both.transpose(2, 3)  # (B, cells, 12, 16)
        return joint.flatten(2)

    @staticmethod
    def shares(counts: Tensor) -> Tensor:
        """Turn counts (B, cells, 192) into a histogram (B, 192).

        The root of shares has length one and gives rare colours more weight, as in
        Hellinger's distance.
        """
        total = counts.sum(1)
        return (total / total.sum(1, keepdim=True) + MIN_SHARE).sqrt()

    def _split_by_cell(self, shares: Tensor) -> Tensor:
        """Reshape (B, bins, cells * pixels) to (B, cells, bins, pixels)."""
        n_cells = math.prod(self.cells)
        return shares.view(*shares.shape[:2], n_cells, -1).transpose(1, 2)

    def _hue_shares(self, hue: Tensor) -> Tensor:
        """Share hues between the two nearest of 12 bins, which form a circle."""
        distance = (hue - self.hues).abs()
        return hat(torch.minimum(distance, HUES - distance))


@lru_cache(maxsize=8)
def pixels_by_cell(
    height: int, width: int, cells: tuple[int, int]
) -> tuple[PixelIndices, PixelWeights]:
    """List the pixels of each cell, cell after cell, and their weights.

    Both lists have (cells * pixels) entries: cells are padded to the size of the
    largest, with pixels of weight zero.
    """
    rows, columns = cells
    # Lists, not tensors: the exporter keeps what follows from sizes as constants.
    by_cell: list[list[int]] = [[] for _ in range(rows * columns)]
    for y in range(height):
        for x in range(width):
            cell = y * rows // height * columns + x * columns // width
            by_cell[cell].append(y * width + x)
    largest = max(map(len, by_cell))
    indices = [[*pixels, *[0] * (largest - len(pixels))] for pixels in by_cell]
    weights = [[1.0] * len(p) + [0.0] * (largest - len(p)) for p in by_cell]
    return sum(indices, []), sum(weights, [])


def hat(distance: Tensor) -> Tensor:
    """Fall from one at a bin's middle to zero at the middles of its neighbours."""
    return (1 - distance.abs()).clamp(min=0.0)


def rgb_to_hsv(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Convert RGB (B, 3, pixels) to hue, saturation and value, each (B, 1, pixels).

    All numbers are in 0..1.
    """
    red, green, blue = pixels.unsqueeze(2).unbind(1)
    value = pixels.amax(1, keepdim=True)
    spread = value - pixels.amin(1, keepdim=True)
    divisor = spread.clamp(min=MIN_SPREAD)
    hue = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(
            value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor
        ),
    )
    hue = torch.where(hue < 0, hue + 6, hue) / 6
    return hue, spread / value.clamp(min=MIN_SPREAD), value
