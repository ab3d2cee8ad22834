"""CIFAR-10 as deep hashing measures it.

Protocol: 1,000 queries of the test part, 100 a class; the other 59,000 are the gallery;
5,000 of the train part, 500 a class, have labels and are in the gallery too. Relevant
is the same class.
"""

import io
import tarfile
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.shop import DATA

SHIFT = 4  # pixels of 32 that a view is moved at most
HIDDEN = 8  # pixels of a view that are hidden, each way
N_CLASSES, N_QUERIES, N_LABELLED = 10, 100, 500  # the last two of each class

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
    """Draw queries, gallery and labelled pictures by the seed."""
    _, labels = tiles()
    rng = np.random.default_rng(seed)
    in_train = np.arange(len(labels)) < 50_000

    def draw(where: Array, n: int) -> Array:
        rows = [np.flatnonzero(where & (labels == c)) for c in range(N_CLASSES)]
        return np.sort(np.concatenate([rng.permutation(r)[:n] for r in rows]))

    queries = draw(~in_train, N_QUERIES)
    gallery = np.setdiff1d(np.arange(len(labels)), queries)
    return Split(queries, gallery, draw(in_train, N_LABELLED))


def changed(picture: Array, rng: np.random.Generator) -> Array:
    """Return a picture (32, 32, 3) moved, mirrored, relit or partly hidden."""
    wide = np.pad(picture, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    top, left = rng.integers(0, 2 * SHIFT + 1, 2)
    view = wide[top : top + 32, left : left + 32].astype(np.float32)
    if rng.random() < 0.5:
        view = view[:, ::-1]
    mean = view.mean()
    view = (view - mean) * rng.uniform(0.7, 1.3) + mean * rng.uniform(0.8, 1.2)
    if rng.random() < 0.5:
        top, left = rng.integers(0, 32 - HIDDEN, 2)
        view[top : top + HIDDEN, left : left + HIDDEN] = mean
    return np.rint(view.clip(0, 255)).astype(np.uint8)
