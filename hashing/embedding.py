"""The network that is exported: a resized picture to its embedding.

The embedding has two named parts side by side. `item` is what the network sees, `look`
is what the colours are. Each is centred, projected onto its main axes and made length
one, then weighed; so cosine between embeddings is the weighed mean of the cosines
between parts, and a search can weigh the parts anew.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.colour import ColourHistogram
from hashing.layers.linear import unit
from hashing.networks import MEAN, SCALE, EfficientNetLite0

Array = npt.NDArray[np.float32]
SHRINK = 4  # a histogram needs no detail: 56 x 56 pixels of 224 x 224 are enough


@dataclass(frozen=True)
class Projection:
    """Features (n, features) to a part of the embedding (n, dim)."""

    centre: Array  # (features,)
    axes: Array  # (features, dim)

    def __call__(self, features: Array) -> Array:
        """Centred, projected, of length one."""
        return unit((features - self.centre) @ self.axes)


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


class EmbeddingNetwork(nn.Module):
    """Pictures (B, 3, 224, 224) in 0..255 to embeddings (B, dim) of length one.

    The features come along, so that an encoder can be measured against them.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        item: Projection,
        look: Projection,
        *,
        look_weight: float,
    ) -> None:
        super().__init__()
        self.features = features
        self.item = _linear(item)
        self.look = _linear(look)
        self.weights = part_weights(look_weight)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        item, look = self.features(pictures)
        parts = [
            functional.normalize(part, eps=1e-6) * weight
            for part, weight in zip(
                (self.item(item), self.look(look)), self.weights, strict=True
            )
        ]
        return torch.cat(parts, dim=1), item, look


def part_weights(look_weight: float) -> tuple[float, float]:
    """Lengths of item and look, such that the whole has length one."""
    whole = float(np.hypot(1.0, look_weight))
    return 1 / whole, look_weight / whole


def join(item: Array, look: Array, *, look_weight: float) -> Array:
    """The embedding (n, dim) of parts that were projected; the network in numpy."""
    weights = part_weights(look_weight)
    return np.hstack([item * weights[0], look * weights[1]])


def _linear(projection: Projection) -> nn.Linear:
    linear = nn.Linear(*projection.axes.shape)
    linear.weight.data = torch.from_numpy(projection.axes.T.copy())
    linear.bias.data = torch.from_numpy(-projection.centre @ projection.axes)
    return linear.requires_grad_(False)
