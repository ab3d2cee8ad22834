"""What a training step is shown: views of pictures, as features or as pixels.

View 0 of a picture is the picture itself; the others are stand-ins for photos of it,
each made from a generator that its place and number seed: any can be made again.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from hashing.encoder import Encoder
from hashing.errors import TrainingError
from hashing.training.augmentation import retake, stand_in
from hashing.training.processes import Process
from hashing.training.recipe import TrainingRecipe
from hashing.training.scenes import KINDS, scene
from hashing.training.training_set import TrainingSet

FEATURES = ("item", "look", "known")  # as `Encoder.features` names them
ENDLESS = 1_000_000  # views of a picture where each is made when it is asked for
SURROUNDINGS = 200  # pictures that others are laid on
# Of stand-ins, how many are laid on just anything; the others are seen in a shop. Tried
# on groceries: one in four is better than none and than half.
ANYWHERE = 0.25

logger = logging.getLogger(__name__)


class Views(Protocol):
    """Views by place and number, as what a pupil takes."""

    n_views: list[int]  # of each place, the picture itself included

    def batch(self, wanted: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
        """The views (place, number), each tensor (B, …)."""
        ...


class Album:
    """The views of a training set as images."""

    def __init__(self, training_set: TrainingSet, seed: int) -> None:
        self._pictures = training_set.pictures
        self._seed = seed
        learned = [self._pictures[place] for place in training_set.of("learn")]
        others = learned[:: max(1, len(learned) // SURROUNDINGS)]
        self._surroundings = [other.image for other in others]
        self._goods = [other.cut_out or other.image for other in others]

    def image(self, place: int, view: int) -> Image.Image:
        """One view, RGB."""
        picture = self._pictures[place]
        if view == 0:
            return picture.image
        rng = np.random.default_rng([self._seed, place, view])
        if picture.cut_out is not None and rng.random() < ANYWHERE:
            return stand_in(picture.cut_out, self._surroundings, rng)
        if picture.cut_out is not None:
            return scene(picture.cut_out, self._goods, rng)
        return retake(picture.image, rng)


class SeenViews:
    """Views as features (B, features) of each part, seen once by the start encoder."""

    def __init__(self, features: Sequence[Tensor], n_views: list[int]) -> None:
        self.n_views = n_views
        self._features = features  # each (all views, features)
        self._first = np.concatenate([[0], np.cumsum(n_views)[:-1]])

    def batch(self, wanted: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
        """Features of the views, one tensor (B, features) for each part."""
        rows = torch.tensor([int(self._first[place]) + view for place, view in wanted])
        return tuple(features[rows] for features in self._features)


class DrawnViews:
    """Views as pixels (B, 3, side, side), uint8, made whenever they are asked for."""

    def __init__(self, album: Album, n_pictures: int, *, side: int) -> None:
        self.n_views = [ENDLESS] * n_pictures
        self._side = side
        self._album = album

    def batch(self, wanted: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
        """Pixels of the views, shrunk as the exported network does."""
        return (as_pixels([self._album.image(*view) for view in wanted], self._side),)


def as_pixels(images: Sequence[Image.Image], side: int) -> Tensor:
    """Images as uint8 (B, 3, side, side), shrunk as the exported network does it."""
    square = (side, side)
    shrunk = [image.resize(square, Image.Resampling.BICUBIC) for image in images]
    pixels = np.stack([np.asarray(image) for image in shrunk])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def see_views(
    training_set: TrainingSet,
    encoder: Encoder,
    recipe: TrainingRecipe,
    process: Process,
) -> SeenViews:
    """Let the encoder see every view once; what it saw is kept in files.

    Each process sees its share of them, and has all when the others have theirs.
    """
    n_views = [
        1 + (recipe.retakes if picture.is_photo else recipe.stand_ins)
        for picture in training_set.pictures
    ]
    wanted = [(place, v) for place, n in enumerate(n_views) for v in range(n)]
    shares = [wanted[rank :: process.count] for rank in range(process.count)]
    digest = _digest(training_set, encoder, recipe)
    files = [
        recipe.progress / f"views-{rank}-of-{process.count}.npz"
        for rank in range(process.count)
    ]
    seen = _stored(files[process.rank], digest)
    if seen is None:
        album, own = Album(training_set, recipe.seed), shares[process.rank]
        bar = tqdm(own, "looking", unit="view", disable=not process.is_first)
        features = encoder.features(album.image(*view) for view in bar)
        seen = [features.item, features.look]
        seen += [] if features.known is None else [features.known]
        # Made again if it is cut short: then it is no zip file any more.
        named = dict(zip(FEATURES, seen, strict=False))
        np.savez(
            files[process.rank], allow_pickle=False, digest=np.array(digest), **named
        )
    process.wait()
    parts = [
        seen if rank == process.rank else _stored(file, digest)
        for rank, file in enumerate(files)
    ]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        raise TrainingError(f"{recipe.progress}: processes that train share no folder")
    columns = zip(*found, strict=True)
    return SeenViews([torch.from_numpy(_together(c)) for c in columns], n_views)


def _together(shares: Sequence[np.ndarray]) -> np.ndarray:
    """A column of all views in their order, from what each process saw of it."""
    if len(shares) == 1:
        return shares[0]  # which may be gigabytes
    whole = np.empty((sum(map(len, shares)), *shares[0].shape[1:]), shares[0].dtype)
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole


def _stored(kept: Path, digest: str) -> list[np.ndarray] | None:
    try:
        with np.load(kept, allow_pickle=False) as arrays:
            if str(arrays["digest"]) == digest:
                return [arrays[name] for name in FEATURES if name in arrays]
    except (OSError, ValueError, KeyError):
        return None
    return None


def _digest(training_set: TrainingSet, encoder: Encoder, recipe: TrainingRecipe) -> str:
    """Names all that the views and their features follow from."""
    digest = hashlib.sha256(encoder.fingerprint.encode())
    digest.update(
        f"{ANYWHERE} {KINDS} {recipe.seed} {recipe.stand_ins} {recipe.retakes}".encode()
    )
    for picture in training_set.pictures:
        digest.update(f"{picture.key} {training_set.part_of[picture.label]}".encode())
        digest.update(picture.image.tobytes())
    return digest.hexdigest()
