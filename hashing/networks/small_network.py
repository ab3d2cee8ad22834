"""A small plain network of our own, for training from scratch on a CPU.

Plain convolutions as in Simonyan and Zisserman, "Very Deep Convolutional Networks for
Large-Scale Image Recognition", ICLR 2015, with batch normalisation (Ioffe and Szegedy,
ICML 2015): 1.2 million parameters, 0.05 billion multiplications.
"""

from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)  # channels of the stages; each halves the picture
DIM = WIDTHS[-1]


class SmallNetwork(nn.Module):
    """Pictures (B, 3, height, width), normalised, to features (B, 256)."""

    stride = 16  # pixels between the cells of the maps

    def __init__(self) -> None:
        super().__init__()
        ends = zip((3, *WIDTHS[:-1]), WIDTHS, strict=True)
        self.stages = nn.Sequential(
            *(
                layer
                for before, after in ends
                for layer in (
                    *normalised_convolution(before, after, stride=2),
                    *normalised_convolution(after, after, stride=1),
                )
            )
        )

    def forward(self, pictures: Tensor) -> Tensor:
        return self.maps(pictures).mean((2, 3))

    def maps(self, pictures: Tensor) -> Tensor:
        """Compute the features before pooling: (B, 256, height / 16, width / 16)."""
        maps: Tensor = self.stages(pictures)
        return maps


def normalised_convolution(before: int, after: int, *, stride: int) -> list[nn.Module]:
    """Make a 3 x 3 convolution with batch normalisation and ReLU."""
    return [
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    ]
