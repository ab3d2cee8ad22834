"""The look of a picture: a soft histogram of its colours.

Deep features hardly tell recoloured twins apart; a histogram does. Hue, saturation
and value fall into 12 x 4 x 4 bins, each pixel shared between the bins around it, so
that a slight change of light moves a little weight instead of flipping a bin.
"""

import torch
from torch import Tensor, nn

HUES, SATURATIONS, VALUES = 12, 4, 4
BINS = HUES * SATURATIONS * VALUES
WHITE = 0.9  # of full brightness in every channel: from here on it is background


class ColourHistogram(nn.Module):
    """Pictures (B, 3, H, W) in 0..1 to histograms (B, 192) of length one.

    What is nearly white is left out: catalogue pictures stand on it. Of a picture that
    is white all over a trace remains, so no histogram is zero.
    """

    hues: Tensor
    saturations: Tensor
    values: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("hues", torch.arange(HUES).float()[:, None])
        self.register_buffer("saturations", torch.arange(SATURATIONS).float()[:, None])
        self.register_buffer("values", torch.arange(VALUES).float()[:, None])

    def forward(self, pictures: Tensor) -> Tensor:
        hue, saturation, value = hsv(pictures.flatten(2))  # each (B, 1, pixels)
        weight = ((1 - pictures.flatten(2).amin(1, keepdim=True)) / (1 - WHITE)).clamp(
            1e-3, 1.0
        )
        by_hue = self._around(hue * HUES) * weight  # (B, 12, pixels)
        by_saturation = hat(saturation * (SATURATIONS - 1) - self.saturations)
        by_value = hat(value * (VALUES - 1) - self.values)
        by_both = by_saturation[:, :, None] * by_value[:, None]  # (B, 4, 4, pixels)
        joint = by_hue @ by_both.flatten(1, 2).transpose(1, 2)  # (B, 12, 16)
        # The root of shares has length one, and weighs rare colours up (Hellinger).
        shares = joint.flatten(1) / joint.sum((1, 2))[:, None]
        return (shares + 1e-12).sqrt()

    def _around(self, hue: Tensor) -> Tensor:
        """Shares of the 12 hues; the last neighbours the first."""
        apart = (hue - self.hues).abs()
        return hat(torch.minimum(apart, HUES - apart))


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
