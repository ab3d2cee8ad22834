"""Views of the training pictures: images, and the tensors that are trained on.

View 0 of a picture is the picture itself; the others are synthetic photos of it. Each
is made by a generator whose seed includes picture and view, so any of them can be made
again.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from hashing.augmentation.photos import make_stand_in, retake
from hashing.augmentation.scenes import SCENE_SHARES, make_scene
from hashing.encoder import Encoder
from hashing.errors import TrainingError
from hashing.networks.pixels import to_pixels
from hashing.training.processes import TrainingProcess
from hashing.training.training_recipe import TrainingRecipe
from hashing.training.training_set import TrainingSet

FEATURES = ("item", "look", "known")  # in files, as exported networks name them
MAX_DRAWN_VIEWS = 1_000_000  # of a picture, where each is made on demand
MAX_BACKGROUNDS = 200  # pictures that others are laid on
# Of the synthetic photos, the share before any background; the others show a shop. On
# groceries one in four did better than none and than half.
PLAIN_STAND_IN_SHARE = 0.25

ViewIds = Sequence[tuple[int, int]]  # (picture, view)

logger = logging.getLogger(__name__)


class ViewTensors(Protocol):
    """Views as the tensors that a trainable encoder takes."""

    n_views: list[int]  # of each picture, the picture itself included

    def batch(self, views: ViewIds) -> tuple[Tensor, ...]:
        """Return some views, in tensors (B, …)."""
        ...


class Views:
    """The views of a training set, as images."""

    def __init__(self, training_set: TrainingSet, seed: int) -> None:
        self._pictures = training_set.pictures
        self._seed = seed
        learned = [self._pictures[index] for index in training_set.indices("learn")]
        others = learned[:: max(1, len(learned) // MAX_BACKGROUNDS)]
        self._backgrounds = [other.image for other in others]
        self._goods = [other.cut_out or other.image for other in others]

    def image(self, index: int, view: int) -> Image.Image:
        """Make one view of a picture, RGB."""
        picture = self._pictures[index]
        if view == 0:
            return picture.image
        rng = np.random.default_rng([self._seed, index, view])
        if picture.cut_out is None:
            return retake(picture.image, rng)
        if rng.random() < PLAIN_STAND_IN_SHARE:
            return make_stand_in(picture.cut_out, self._backgrounds, rng)
        return make_scene(picture.cut_out, self._goods, rng)


class FeatureViews:
    """Views as features, computed once by the start encoder."""

    def __init__(self, features: Sequence[Tensor], n_views: list[int]) -> None:
        """Take tensors (all views, features), in the order of FEATURES."""
        self.n_views = n_views
        self._features = features
        self._first = np.concatenate([[0], np.cumsum(n_views)[:-1]])

    def batch(self, views: ViewIds) -> tuple[Tensor, ...]:
        """Return the features of some views, in tensors (B, features)."""
        rows = torch.tensor([int(self._first[index]) + view for index, view in views])
        return tuple(features[rows] for features in self._features)


class PixelViews:
    """Views as pixels, made for each batch when it is needed."""

    def __init__(self, views: Views, n_pictures: int, *, side: int) -> None:
        self.n_views = [MAX_DRAWN_VIEWS] * n_pictures
        self._side = side
        self._views = views

    def batch(self, views: ViewIds) -> tuple[Tensor, ...]:
        """Return the pixels of some views: uint8 (B, 3, side, side)."""
        return (to_pixels([self._views.image(*view) for view in views], self._side),)


def compute_feature_views(
    training_set: TrainingSet,
    encoder: Encoder,
    recipe: TrainingRecipe,
    process: TrainingProcess,
) -> FeatureViews:
    """Compute the features of every view, or load them where a file has them.

    Each process computes its share, and reads the others' when they are complete.
    """
    n_views = [
        1 + (recipe.retakes if picture.is_photo else recipe.stand_ins)
        for picture in training_set.pictures
    ]
    views = [(index, view) for index, n in enumerate(n_views) for view in range(n)]
    digest = _digest(training_set, encoder, recipe)
    files = [
        recipe.progress / f"views-{rank}-of-{process.count}.npz"
        for rank in range(process.count)
    ]
    own = _load_features(files[process.rank], digest)
    if own is None:
        images = Views(training_set, recipe.seed)
        share = views[process.rank :: process.count]
        bar = tqdm(share, "looking", unit="view", disable=not process.is_first)
        own = _compute_features(encoder, (images.image(*view) for view in bar))
        _save_features(files[process.rank], digest, own)
    process.wait()
    shares = [
        own if rank == process.rank else _load_features(file, digest)
        for rank, file in enumerate(files)
    ]
    complete = [share for share in shares if share is not None]
    if len(complete) < len(shares):
        raise TrainingError(f"{recipe.progress}: processes that train share no folder")
    columns = zip(*complete, strict=True)
    return FeatureViews([torch.from_numpy(_interleave(c)) for c in columns], n_views)


def _compute_features(
    encoder: Encoder, images: Iterable[Image.Image]
) -> list[np.ndarray]:
    """Compute the features of images, in the order of FEATURES."""
    features = encoder.features(images)
    combined = [] if features.combined is None else [features.combined]
    return [features.item, features.look, *combined]


def _interleave(shares: Sequence[np.ndarray]) -> np.ndarray:
    """Merge what each process computed into the order of all views."""
    if len(shares) == 1:
        return shares[0]  # no copy: it may be gigabytes
    merged = np.empty((sum(map(len, shares)), *shares[0].shape[1:]), shares[0].dtype)
    for rank, share in enumerate(shares):
        merged[rank :: len(shares)] = share
    return merged


def _save_features(path: Path, digest: str, features: Sequence[np.ndarray]) -> None:
    """Save features to a file; if it is cut short, `_load_features` ignores it."""
    named = dict(zip(FEATURES, features, strict=False))
    np.savez(path, allow_pickle=False, digest=np.array(digest), **named)


def _load_features(path: Path, digest: str) -> list[np.ndarray] | None:
    """Load features from a file; None unless it is complete and has this digest."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["digest"]) == digest:
                return [arrays[name] for name in FEATURES if name in arrays]
    except (OSError, ValueError, KeyError):
        return None
    return None


def _digest(training_set: TrainingSet, encoder: Encoder, recipe: TrainingRecipe) -> str:
    """Compute a digest of everything that decides the features of the views."""
    digest = hashlib.sha256(encoder.fingerprint.encode())
    numbers = (recipe.seed, recipe.stand_ins, recipe.retakes)
    constants = (PLAIN_STAND_IN_SHARE, SCENE_SHARES, *numbers)
    digest.update(" ".join(map(str, constants)).encode())
    for picture in training_set.pictures:
        digest.update(f"{picture.key} {training_set.part_of[picture.label]}".encode())
        digest.update(picture.image.tobytes())
    return digest.hexdigest()
