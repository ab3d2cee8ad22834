"""The network that is exported: features for the parts of an embedding.

Exported graphs name the combined features `known`, as encoders in use do.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.networks.architectures import Network
from hashing.networks.colour_histogram import ColourHistogram

HISTOGRAM_SHRINK = 4  # a histogram needs no detail: 56 x 56 pixels of 224 x 224 do

# Weights of colours and textures beside things, in the combined features.
LOOK_WEIGHT, TEXTURE_WEIGHT = 0.6, 0.5
VARIANCE_EPSILON = 1e-6  # keeps the slope of a variance's root finite


class FeatureNetwork(nn.Module):
    """Pictures (B, 3, S, S) of 0..255 to features: item (B, dim) and look (B, 192).

    A network with mid-level maps also gives combined features (B, 1856), from which the
    `kind` part is learned when an encoder is made. Training on a shop's pictures sends
    no gradient through them.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.input_size = network.input_size
        self.colours = ColourHistogram(network.grid or (1, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        pictures = pictures.float()
        prepared = self.network.prepare(pictures)
        look = self.colours(self._small(pictures))
        if not self.network.has_mid_level:
            return functional.normalize(self.network(prepared)), look
        maps, mid_level = self.network.maps_and_mid_level(prepared)
        item = functional.normalize(maps.mean((2, 3)))
        combined = combine_features(item.detach(), look, mid_level.detach())
        return item, look, combined

    def forward_with_cells(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Compute the features, and what they are made of cell by cell.

        The latter are the maps (B, dim, rows, columns), whose mean is item before it is
        normalised, the colour counts (B, cells, 192), and, where there are any, the
        mid-level maps (B, 192, rows, columns). Only for networks with a `grid`.
        """
        pictures = pictures.float()
        prepared = self.network.prepare(pictures)
        counts = self.colours.counts(self._small(pictures))
        look = self.colours.shares(counts)
        if not self.network.has_mid_level:
            maps = self.network.maps(prepared)
            return functional.normalize(maps.mean((2, 3))), look, maps, counts
        maps, mid_level = self.network.maps_and_mid_level(prepared)
        item = functional.normalize(maps.mean((2, 3)))
        combined = combine_features(item, look, mid_level)
        return item, look, combined, maps, counts, mid_level

    @staticmethod
    def _small(pictures: Tensor) -> Tensor:
        return functional.avg_pool2d(pictures / 255, HISTOGRAM_SHRINK)


def combine_features(item: Tensor, look: Tensor, mid_level: Tensor) -> Tensor:
    """Concatenate what shows things, colours and textures: (B, 1856).

    Things are the root of item (B, 1280), so that a few strong features do not drown
    the rest. Textures are mean and deviation of the mid-level maps (B, 192, rows,
    columns).
    """
    things = functional.normalize(item.sqrt())
    variance = mid_level.var((2, 3), correction=0)
    deviation = (variance + VARIANCE_EPSILON).sqrt()
    statistics = torch.cat([mid_level.mean((2, 3)), deviation - 1], 1)
    textures = functional.normalize(statistics)
    return torch.cat([things, LOOK_WEIGHT * look, TEXTURE_WEIGHT * textures], 1)
