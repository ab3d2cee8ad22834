"""What a network with tuned last stages sees in stored pictures."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from django.utils.text import slugify
from torch import Tensor, nn

from benchmarks.unseen.pictures import CUT, FOLDER, MAP, batches
from benchmarks.unseen.sets import Pictures
from hashing.encoder import open_network
from hashing.networks.architectures import Network as FeatureNetwork
from hashing.networks.architectures import load_imagenet_lite0
from hashing.networks.feature_network import VARIANCE_EPSILON

LAST = 19  # modules of the trunk before its last stage
MIDDLE = 16  # modules of the trunk before its middle maps end
DIM = 1280

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Features:
    """Pooled features (n, 1280) and statistics of the middle maps (n, 384)."""

    pooled: Halves
    stuff: Halves


class UpperStages(nn.Module):
    """Maps (B, 80, 14, 14) to features, statistics, and maps before the last stage."""

    def __init__(self, stages: nn.Sequential) -> None:
        super().__init__()
        self.low = stages[: MIDDLE - CUT]
        self.high = stages[MIDDLE - CUT : LAST - CUT]
        self.last = stages[LAST - CUT :]
        spread: Any = list(self.low.modules())[-1]
        self.register_buffer("mean", spread.bias.detach()[:, None, None])
        self.register_buffer("width", spread.weight.detach().abs()[:, None, None])

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low = self.low(maps)
        middle = (low - self.mean) / self.width
        deviation = (middle.var((2, 3), correction=0) + VARIANCE_EPSILON).sqrt()
        stuff = torch.cat([middle.mean((2, 3)), deviation - 1], 1)
        before = self.high(low)
        return self.last(before).mean((2, 3)), stuff, before


def untuned() -> nn.Sequential:
    """Return the stages that may be tuned, as ImageNet left them."""
    return upper(load_imagenet_lite0())


def upper(network: FeatureNetwork) -> nn.Sequential:
    """Return a network's stages from the cut on."""
    trunk: Any = network.body.trunk
    stages: nn.Sequential = trunk[CUT:]
    return stages


def with_stages(tuned: nn.Module, cut: int) -> nn.Sequential:
    """All stages that may be tuned, with those from `cut` on replaced."""
    return nn.Sequential(*list(untuned())[: cut - CUT], *tuned.children())


class Network:
    """Stages that may be tuned, and what they see in stored pictures.

    `last`: only the last stage differs from ImageNet's, so it is fed with stored maps.
    """

    def __init__(self, stages: nn.Sequential, *, last: bool = False) -> None:
        self._stages = stages
        self._last = last
        self.name = fingerprint(stages)
        self._session: Any = None

    def features(self, pictures: Pictures) -> Features:
        """Return what it sees in all pictures of a set; computed once."""
        if self._last:
            path = FOLDER / f"{slugify(pictures.name)}.{self.name}.pooled.npy"
            if not path.exists():
                maps = imagenet().maps(pictures)
                _write(path, _pool(self._stages[LAST - CUT :], maps))
            return Features(np.load(path), imagenet().features(pictures).stuff)
        return Features(*self._stored(pictures)[:2])

    def maps(self, pictures: Pictures) -> Halves:
        """Return maps (n, 192, 7, 7) before the last stage."""
        return self._stored(pictures)[2]

    def _stored(self, pictures: Pictures) -> list[Halves]:
        stem = f"{slugify(pictures.name)}.{self.name}"
        kinds = ["pooled", "stuff", *(["last"] if self is imagenet() else [])]
        paths = [FOLDER / f"{stem}.{kind}.npy" for kind in kinds]
        if not all(path.exists() for path in paths):
            self._look(pictures, paths)
        return [np.load(path, mmap_mode="r") for path in paths]

    def _look(self, pictures: Pictures, paths: list[Path]) -> None:
        maps = pictures.seen.maps
        shapes = [(DIM,), (384,), (192, 7, 7)][: len(paths)]
        arrays = [np.empty((len(maps), *shape), np.float16) for shape in shapes]
        for row in range(len(maps)):
            seen = self._run(maps[row : row + 1].astype(np.float32))
            for array, value in zip(arrays, seen, strict=False):
                array[row] = value[0]
        for array, path in zip(arrays, paths, strict=True):
            _write(path, array)

    def _run(self, maps: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        if self._session is None:
            path = FOLDER / f"upper.{self.name}.onnx"
            if not path.exists():
                _export(self._stages, path)
            self._session = open_network(path)
        seen: list[npt.NDArray[np.float32]] = self._session.run(None, {"maps": maps})
        return seen


@cache
def imagenet() -> Network:
    """Return the network as ImageNet left it."""
    return Network(untuned())


@torch.inference_mode()
def _pool(stage: nn.Module, maps: Halves) -> Halves:
    """Pooled features (n, 1280) of maps (n, 192, 7, 7)."""
    pooled = [stage(some).mean((2, 3)).numpy() for some in batches(maps)]
    return np.concatenate(pooled).astype(np.float16)


def _write(path: Path, array: Halves) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, array)
    part.rename(path)


def _export(stages: nn.Sequential, path: Path) -> None:
    program = torch.onnx.export(
        UpperStages(stages).eval(),
        (torch.zeros(1, *MAP),),
        input_names=["maps"],
        output_names=["pooled", "stuff", "before"],
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"{path} could not be exported")
    program.save(str(path))


def fingerprint(stages: nn.Module) -> str:
    """Name weights by their content."""
    digest = hashlib.sha256()
    for value in stages.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:12]
