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
STEM = 32  # channels after the first convolution, of every variant

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

MIDDLE_STAGE = 5  # of STAGES: the first whose maps are as coarse as the last ones


class SamePadding(nn.Module):
    """Zeros around a picture as TensorFlow's SAME: what is odd goes right and below."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        return functional.pad(x, (*self._sides(width), *self._sides(height)))

    def _sides(self, size: int) -> tuple[int, int]:
        steps = -(-size // self.stride) - 1
        missing = max(steps * self.stride + self.kernel - size, 0)
        return missing // 2, missing - missing // 2


def convolution(
    channels: tuple[int, int], kernel: int = 1, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution padded as TensorFlow's SAME, and its batch normalisation."""
    return [
        SamePadding(kernel, stride),
        nn.Conv2d(*channels, kernel, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(channels[1], eps=1e-3),
    ]


class Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel, project; maybe add."""

    def __init__(
        self, channels: tuple[int, int], kernel: int, *, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels[0] * expansion
        expand = [*convolution((channels[0], wide)), nn.ReLU6()]
        self.layers = nn.Sequential(
            *(expand if expansion > 1 else []),
            *convolution((wide, wide), kernel, stride=stride, groups=wide),
            nn.ReLU6(),
            *convolution((wide, channels[1])),
        )
        self.adds = stride == 1 and channels[0] == channels[1]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.adds else y


class EfficientNetLite(nn.Module):
    """Pictures (B, 3, side, side), normalised, to pooled features (B, 1280).

    `width` multiplies channels and `depth` the repeats of all stages but the first and
    the last: 1.0 and 1.0 for Lite0, 1.0 and 1.1 for Lite1, 1.1 and 1.2 for Lite2.
    """

    stride = 32  # pixels between the cells of the maps

    def __init__(self, *, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        last = round_channels(STAGES[-1][-1], width)
        self.trunk = nn.Sequential(
            *convolution((3, STEM), 3, stride=2),
            nn.ReLU6(),
            *blocks(width, depth),
            *convolution((last, DIM)),
            nn.ReLU6(),
        )
        # The first block whose maps have as many cells as the last ones.
        coarse = [m for m in self.trunk if isinstance(m, Block)]
        first = sum(_repeats(depth)[:MIDDLE_STAGE])
        self.middle = list(self.trunk).index(coarse[first]) + 1
        self.last = list(self.trunk).index(coarse[-1])  # where the last stage begins
        self.classifier = nn.Linear(DIM, 1000)  # ImageNet's classes; a sanity check

    def forward(self, pictures: Tensor) -> Tensor:
        return self.maps(pictures).mean((2, 3))

    def maps(self, pictures: Tensor) -> Tensor:
        """Features before pooling, whose mean they are: (B, 1280, side / 32, …)."""
        return self.maps_and_middle(pictures)[0]

    def maps_and_middle(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The maps, and those of the middle of the network, in as many cells.

        The latter (B, 192 and more, side / 32, …) are what ImageNet's pictures have on
        average (0) in units of how they differ (1); they see stuff rather than things.
        """
        middle: Tensor = self.trunk[: self.middle](pictures)
        maps: Tensor = self.trunk[self.middle :](middle)
        # It ends in a normalisation, whose numbers say how its maps are spread.
        spread: Any = list(self.trunk[: self.middle].modules())[-1]
        mean, width = spread.bias, spread.weight.abs()
        return maps, (middle - mean[:, None, None]) / width[:, None, None]


def _repeats(depth: float) -> list[int]:
    """How many blocks each stage has."""
    inner = [math.ceil(stage[0] * depth) for stage in STAGES[1:-1]]
    return [STAGES[0][0], *inner, STAGES[-1][0]]


def blocks(width: float, depth: float) -> list[Block]:
    """All blocks of a variant, in order."""
    made = []
    repeated = _repeats(depth)
    for number, (_, kernel, stride, expansion, *ends) in enumerate(STAGES):
        inside = STEM if number == 0 else round_channels(ends[0], width)
        outside = round_channels(ends[1], width)
        for repeat in range(repeated[number]):
            channels = (outside if repeat else inside, outside)
            made.append(
                Block(
                    channels,
                    kernel,
                    stride=1 if repeat else stride,
                    expansion=expansion,
                )
            )
    return made


def round_channels(channels: int, width: float) -> int:
    """Channels times width, to the nearest multiple of 8, never a tenth below."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
