"""CIFAR-10 as deep hashing measures it, seen by the lower half of EfficientNet-Lite0.

Protocol: 1,000 queries of the test part, 100 a class; the other 59,000 are the gallery;
5,000 of the train part, 500 a class, have labels and are in the gallery too. Relevant
is the same class.

The lower half stays as ImageNet left it, so what it sees is kept in the temporary
folder and the upper half learns from there: a CPU can do that.
"""

import io
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from benchmarks.shop import DATA
from hashing.encoder import open_network
from hashing.networks import load_pretrained

SIDE = 160  # pixels that a tile of 32 is enlarged to
CELLS = SIDE // 16  # rows and columns of the lower half's maps
LOWER = 4 + 8  # modules of the trunk: its first convolution, and stages one to four
BATCH = 50
VIEWS = 8  # of every picture with a label, the plain one included
SHIFT = 4  # pixels of 32 that a view is moved at most
N_CLASSES, N_QUERIES, N_LABELLED = 10, 100, 500  # the last two of each class

CACHE = Path(tempfile.gettempdir()) / "semblance-cifar"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Split:
    """Rows of the 60,000 pictures: train part first, then the test part."""

    queries: Array  # (1000,)
    gallery: Array  # (59000,)
    labelled: Array  # (5000,), in the gallery too


@cache
def tiles() -> tuple[Array, Array]:
    """All pictures uint8 (60000, 32, 32, 3) and their classes (60000,)."""
    pictures, labels = [], []
    with tarfile.open(DATA / "cifar10.tar") as tar:
        for part, n_mosaics in (("train", 20), ("test", 4)):
            for number in range(n_mosaics):
                mosaic = Image.open(io.BytesIO(_read(tar, f"{part}_{number:02}.jpg")))
                grid = np.asarray(mosaic.convert("RGB")).reshape(50, 32, 50, 32, 3)
                pictures.append(grid.swapaxes(1, 2).reshape(-1, 32, 32, 3))
            labels += [int(x) for x in _read(tar, f"{part}_labels.txt").split()]
    return np.concatenate(pictures), np.array(labels)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    if member is None:
        raise ValueError(f"{tar.name} has no {name}")
    return member.read()


def split(seed: int) -> Split:
    """Queries, gallery and labelled pictures, drawn by the seed."""
    _, labels = tiles()
    rng = np.random.default_rng(seed)
    in_train = np.arange(len(labels)) < 50_000

    def draw(where: Array, n: int) -> Array:
        rows = [np.flatnonzero(where & (labels == c)) for c in range(N_CLASSES)]
        return np.sort(np.concatenate([rng.permutation(r)[:n] for r in rows]))

    queries = draw(~in_train, N_QUERIES)
    gallery = np.setdiff1d(np.arange(len(labels)), queries)
    return Split(queries, gallery, draw(in_train, N_LABELLED))


class Lower(nn.Module):
    """Tiles uint8 (B, 32, 32, 3) to maps (B, 80, 10, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = load_pretrained()
        self.trunk = self.network.body.trunk[:LOWER]

    def forward(self, pictures: Tensor) -> Tensor:
        planes = pictures.permute(0, 3, 1, 2).float()
        large = functional.interpolate(
            planes, size=(SIDE, SIDE), mode="bicubic", align_corners=False
        )
        maps: Tensor = self.trunk(self.network.prepare(large))
        return maps


def upper() -> nn.Sequential:
    """The trunk behind `Lower`: maps (B, 80, 10, 10) to (B, 1280, 5, 5)."""
    return load_pretrained().body.trunk[LOWER:]


@cache
def _session() -> Any:
    path = CACHE / "lower.onnx"
    example = (torch.zeros(BATCH, 32, 32, 3, dtype=torch.uint8),)
    torch.onnx.export(Lower().eval(), example, str(path), dynamo=True, verbose=False)
    return open_network(path)


def look(pictures: Array) -> Array:
    """What the lower half sees: float16 (n, 80, 10, 10); n a multiple of 50."""
    session = _session()
    name = session.get_inputs()[0].name
    batches = range(0, len(pictures), BATCH)
    return np.concatenate(
        [
            session.run(None, {name: pictures[at : at + BATCH]})[0].astype(np.float16)
            for at in tqdm(batches, "looking", unit="batch", mininterval=30)
        ]
    )


def plain_maps() -> Array:
    """Of all 60,000 pictures; from the temporary folder if they are there."""
    return _kept("plain.npy", lambda: iter([tiles()[0]]))


def labelled_maps(seed: int) -> Array:
    """Of all views of the labelled pictures: (8, 5000, 80, 10, 10)."""
    pictures = tiles()[0][split(seed).labelled]
    rng = np.random.default_rng([seed, 1])
    views = (
        pictures if view == 0 else np.stack([changed(p, rng) for p in pictures])
        for view in range(VIEWS)
    )
    maps = _kept(f"labelled-{seed}.npy", lambda: views)
    return maps.reshape(VIEWS, -1, *maps.shape[1:])


def _kept(name: str, pictures: Any) -> Array:
    CACHE.mkdir(exist_ok=True)
    path = CACHE / name
    if not path.exists():
        seen: Iterator[Array] = (look(some) for some in pictures())
        half = path.with_suffix(".half.npy")
        np.save(half, np.concatenate(list(seen)))
        half.rename(path)
    stored: Array = np.load(path, mmap_mode="r")
    return stored


def changed(picture: Array, rng: np.random.Generator) -> Array:
    """A picture (32, 32, 3) moved, maybe mirrored, in another light, partly hidden."""
    wide = np.pad(picture, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    top, left = rng.integers(0, 2 * SHIFT + 1, 2)
    view = wide[top : top + 32, left : left + 32].astype(np.float32)
    if rng.random() < 0.5:
        view = view[:, ::-1]
    mean = view.mean()
    view = (view - mean) * rng.uniform(0.7, 1.3) + mean * rng.uniform(0.8, 1.2)
    if rng.random() < 0.5:
        top, left = rng.integers(0, 32 - 8, 2)
        view[top : top + 8, left : left + 8] = mean
    return np.rint(view.clip(0, 255)).astype(np.uint8)
