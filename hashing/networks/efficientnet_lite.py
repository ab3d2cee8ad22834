"""EfficientNet-Lite0, 1 and 2 in PyTorch.

EfficientNet: Tan and Le, 2019 (arXiv 1905.11946). The Lite variants drop squeeze and
excitation and use ReLU6, so that they run well on small devices:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import math
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

DIM = 1280  # numbers in the pooled features, of every variant
STEM_CHANNELS = 32  # after the first convolution, of every variant

# repeats, kernel, stride, expansion, channels in, channels out
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)

MID_LEVEL_STAGE = 5  # of STAGES: the first with as many cells as the last


class SamePadding(nn.Module):
    """Zeros around a picture as in TensorFlow's SAME, more of them right and below."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        return functional.pad(x, (*self._sides(width), *self._sides(height)))

    def _sides(self, size: int) -> tuple[int, int]:
        steps = math.ceil(size / self.stride) - 1
        missing = max(steps * self.stride + self.kernel - size, 0)
        return missing // 2, missing - missing // 2


def same_convolution(
    channels: tuple[int, int], kernel: int = 1, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Make a convolution padded as TensorFlow's SAME, and its batch normalisation."""
    return [
        SamePadding(kernel, stride),
        nn.Conv2d(*channels, kernel, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(channels[1], eps=1e-3),
    ]


class Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel, project, perhaps add."""

    def __init__(
        self, channels: tuple[int, int], kernel: int, *, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels[0] * expansion
        expand = [*same_convolution((channels[0], wide)), nn.ReLU6()]
        self.layers = nn.Sequential(
            *(expand if expansion > 1 else []),
            *same_convolution((wide, wide), kernel, stride=stride, groups=wide),
            nn.ReLU6(),
            *same_convolution((wide, channels[1])),
        )
        self.adds = stride == 1 and channels[0] == channels[1]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.adds else y


class EfficientNetLite(nn.Module):
    """Pictures (B, 3, side, side), normalised, to pooled features (B, 1280).

    `width` multiplies channels, `depth` the repeats of all stages but the first and the
    last: 1.0 and 1.0 for Lite0, 1.0 and 1.1 for Lite1, 1.1 and 1.2 for Lite2.
    """

    stride = 32  # pixels between the cells of the maps

    def __init__(self, *, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        last = round_channels(STAGES[-1][-1], width)
        self.trunk = nn.Sequential(
            *same_convolution((3, STEM_CHANNELS), 3, stride=2),
            nn.ReLU6(),
            *make_blocks(width, depth),
            *same_convolution((last, DIM)),
            nn.ReLU6(),
        )
        blocks = [m for m in self.trunk if isinstance(m, Block)]
        first_coarse = blocks[sum(_repeats(depth)[:MID_LEVEL_STAGE])]
        # Where the trunk is cut: behind the first block whose maps have as many cells
        # as the last ones, and before the last stage.
        self.mid_level = list(self.trunk).index(first_coarse) + 1
        self.last_stage = list(self.trunk).index(blocks[-1])
        self.classifier = nn.Linear(DIM, 1000)  # ImageNet's classes; for a sanity check

    def forward(self, pictures: Tensor) -> Tensor:
        return self.maps(pictures).mean((2, 3))

    def maps(self, pictures: Tensor) -> Tensor:
        """Compute the features before pooling: (B, 1280, side / 32, side / 32)."""
        return self.maps_and_mid_level(pictures)[0]

    def maps_and_mid_level(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the maps, and those half-way through, which have as many cells.

        The latter (B, 192 or more, side / 32, side / 32) are standardised: 0 is what
        ImageNet's pictures have on average, 1 a standard deviation more. They respond
        to textures rather than to things.
        """
        mid_level: Tensor = self.trunk[: self.mid_level](pictures)
        maps: Tensor = self.trunk[self.mid_level :](mid_level)
        # The last layer before the cut is a normalisation, whose parameters are mean
        # and deviation of its outputs.
        norm: Any = list(self.trunk[: self.mid_level].modules())[-1]
        mean, deviation = norm.bias, norm.weight.abs()
        standardised = (mid_level - mean[:, None, None]) / deviation[:, None, None]
        return maps, standardised


def _repeats(depth: float) -> list[int]:
    """Return the number of blocks of each stage."""
    inner = [math.ceil(stage[0] * depth) for stage in STAGES[1:-1]]
    return [STAGES[0][0], *inner, STAGES[-1][0]]


def make_blocks(width: float, depth: float) -> list[Block]:
    """Make all blocks of a variant, in order."""
    blocks = []
    repeats = _repeats(depth)
    for number, (_, kernel, stride, expansion, *ends) in enumerate(STAGES):
        inside = STEM_CHANNELS if number == 0 else round_channels(ends[0], width)
        outside = round_channels(ends[1], width)
        for repeat in range(repeats[number]):
            channels = (outside if repeat else inside, outside)
            block_stride = 1 if repeat else stride
            blocks.append(
                Block(channels, kernel, stride=block_stride, expansion=expansion)
            )
    return blocks


def round_channels(channels: int, width: float) -> int:
    """Multiply channels by width, rounded to a multiple of 8, at least 90 % of it."""
    exact = channels * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded
