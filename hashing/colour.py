"""The look of a picture: a soft histogram of its colours.

Deep features hardly tell recoloured twins apart; a histogram does. Hue, saturation
and value fall into 12 x 4 x 4 bins, each pixel shared between the bins around it, so
that a slight change of light moves a little weight instead of flipping a bin.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn

HUES, SATURATIONS, VALUES = 12, 4, 4
BINS = HUES * SATURATIONS * VALUES
LEAST = 1e-12  # of a share, so that none is zero
WHITE = 0.9  # of full brightness in every channel: from here on it is background


Places = list[int]  # of pixels, row after row
Counted = list[float]


class ColourHistogram(nn.Module):
    """Pictures (B, 3, H, W) in 0..1 to histograms (B, 192) of length one.

    What is nearly white is left out: catalogue pictures stand on it. Of a picture that
    is white all over a trace remains, so no histogram is zero.

    Counted by cell, of `cells` (rows, columns), so that it can be told which part of
    a picture has which colour; a pixel belongs to the cell that its corner lies in.
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
        """How much of every colour lies in every cell: (B, cells, 192)."""
        device = pictures.device
        places, counted = by_cell(*pictures.shape[2:], self.cells)
        pixels = pictures.flatten(2)[:, :, torch.tensor(places, device=device)]
        hue, saturation, value = hsv(pixels)  # each (B, 1, cells * pixels)
        darkness = 1 - pixels.amin(1, keepdim=True)
        weight = (darkness / (1 - WHITE)).clamp(1e-3, 1.0)
        weight = weight * torch.tensor(counted, device=device)
        by_hue = self._split(self._around(hue * HUES) * weight)
        by_saturation = hat(saturation * (SATURATIONS - 1) - self.saturations)
        by_value = hat(value * (VALUES - 1) - self.values)
        by_both = by_saturation[:, :, None] * by_value[:, None]  # (B, 4, 4, pixels)
        joint = by_hue @ self._split(by_both.flatten(1, 2)).transpose(2, 3)
        return joint.flatten(2)  # of (B, cells, 12, 16)

    @staticmethod
    def shares(counts: Tensor) -> Tensor:
        """The histogram (B, 192) of counts (B, cells, 192).

        The root of shares has length one, and weighs rare colours up (Hellinger).
        """
        whole = counts.sum(1)
        return (whole / whole.sum(1, keepdim=True) + LEAST).sqrt()

    def _split(self, shared: Tensor) -> Tensor:
        """Shares (B, bins, cells * pixels) by cell: (B, cells, bins, pixels)."""
        cells = math.prod(self.cells)
        return shared.view(*shared.shape[:2], cells, -1).transpose(1, 2)

    def _around(self, hue: Tensor) -> Tensor:
        """Shares of the 12 hues; the last neighbours the first."""
        apart = (hue - self.hues).abs()
        return hat(torch.minimum(apart, HUES - apart))


@lru_cache(maxsize=8)
def by_cell(height: int, width: int, cells: tuple[int, int]) -> tuple[Places, Counted]:
    """Where the pixels of each cell lie, cell after cell, and which of them count.

    Cells have as many places as the largest has pixels: (cells * pixels,) both. What is
    left over counts zero.
    """
    rows, columns = cells
    # Lists, not tensors: the exporter keeps what follows from sizes as constants.
    own: list[list[int]] = [[] for _ in range(rows * columns)]
    for y in range(height):
        for x in range(width):
            cell = y * rows // height * columns + x * columns // width
            own[cell].append(y * width + x)
    most = max(map(len, own))
    order = [[*places, *[0] * (most - len(places))] for places in own]
    counted = [[1.0] * len(p) + [0.0] * (most - len(p)) for p in own]
    return sum(order, []), sum(counted, [])


def hat(distance: Tensor) -> Tensor:
    """One at a bin's middle, falling to zero at its neighbours'."""
    return (1 - distance.abs()).clamp(min=0.0)


def hsv(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation, value (B, 1, pixels) of RGB (B, 3, pixels), all in 0..1."""
    red, green, blue = pixels.unsqueeze(2).unbind(1)
    value = pixels.amax(1, keepdim=True)
    spread = value - pixels.amin(1, keepdim=True)
    divisor = spread.clamp(min=1e-6)
    hue = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(
            value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor
        ),
    )
    hue = torch.where(hue < 0, hue + 6, hue) / 6
    return hue, spread / value.clamp(min=1e-6), value
