"""Pictures as the frozen stages of the network see them, kept in the temporary folder.

The first stages stay as ImageNet left them in every candidate, so each picture and
each view of it passes them once: half a gigabyte for ten thousand pictures.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from django.utils.text import slugify
from PIL import Image
from torch import Tensor, nn

from hashing.encoder import open_network
from hashing.networks.architectures import Network, load_imagenet_lite0
from hashing.networks.colour_histogram import ColourHistogram
from hashing.networks.feature_network import HISTOGRAM_SHRINK
from hashing.networks.pixels import to_pixels

FOLDER = Path(tempfile.gettempdir()) / "semblance-unseen"
CUT = 10  # modules of the trunk that no candidate changes
MAP = (80, 14, 14)  # numbers they make of a picture

Maps = npt.NDArray[np.float16]  # (n, 80, 14, 14)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Activations:
    """What the frozen stages and the colour histogram make of pictures."""

    maps: Maps  # (n, 80, 14, 14)
    colours: Floats  # (n, 192)

    def __len__(self) -> int:
        return len(self.maps)


class FrozenStages(nn.Module):
    """Pictures (B, 3, 224, 224) of 0..255 to maps (B, 80, 14, 14) and colours."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        trunk: Any = network.body.trunk
        self.stages: nn.Module = trunk[:CUT]
        self.colours = ColourHistogram()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        pictures = pictures.float()
        small = nn.functional.avg_pool2d(pictures / 255, HISTOGRAM_SHRINK)
        return self.stages(self.network.prepare(pictures)), self.colours(small)


def activations(name: str, images: Iterable[Image.Image], count: int) -> Activations:
    """Return the activations of `count` images; computed once for each name."""
    stem = FOLDER / slugify(name.replace("!=", " not ").replace("/", " "))
    paths = [stem.with_suffix(f".{kind}.npy") for kind in ("maps", "colours")]
    if not all(path.exists() for path in paths):
        _compute(images, count, paths)
    return Activations(*(np.load(path, mmap_mode="r") for path in paths))


def _compute(images: Iterable[Image.Image], count: int, paths: Sequence[Path]) -> None:
    FOLDER.mkdir(exist_ok=True)
    parts = [path.with_suffix(".part") for path in paths]
    maps = np.lib.format.open_memmap(
        parts[0], mode="w+", dtype=np.float16, shape=(count, *MAP)
    )
    colours = np.zeros((count, 192), dtype=np.float32)
    row = 0
    for row, image in enumerate(images, start=1):
        pixels = to_pixels([image], 224).numpy()
        seen = _session().run(None, {"pictures": pixels})
        maps[row - 1], colours[row - 1] = seen[0][0], seen[1][0]
    if row != count:
        raise ValueError(f"{row} pictures for {paths[0].name}, not {count}")
    maps.flush()
    with parts[1].open("wb") as file:
        np.save(file, colours)
    for part, path in zip(parts, paths, strict=True):
        part.rename(path)


@cache
def _session() -> Any:
    path = FOLDER / f"frozen-{CUT}.onnx"
    if not path.exists():
        program = torch.onnx.export(
            FrozenStages(load_imagenet_lite0()).eval(),
            (torch.zeros(1, 3, 224, 224, dtype=torch.uint8),),
            input_names=["pictures"],
            output_names=["maps", "colours"],
            dynamo=True,
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the frozen stages could not be exported")
        program.save(str(path))
    return open_network(path)


def batches(maps: Maps, size: int = 32) -> Iterator[Tensor]:
    """Split maps into float32 batches, channels last."""
    for start in range(0, len(maps), size):
        some = torch.from_numpy(maps[start : start + size].astype(np.float32))
        yield some.contiguous(memory_format=torch.channels_last)


def first(images: Iterable[Image.Image], count: int) -> list[Image.Image]:
    """Return up to `count` images."""
    return list(islice(images, count))
