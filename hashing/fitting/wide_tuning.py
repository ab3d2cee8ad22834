"""Tune a network to many sets at once, into a file of weights that recipes begin with.

`tune_widely(recipe, out)` computes the activations of all pictures, and of made-up
photos of catalogue pictures in the recipe's backgrounds, tunes the stages after `cut`
(`hashing.fitting.deep_tuning`), and writes the whole network's weights as
`make_network` reads them. Rows whose licence does not permit to ship what was trained
on them are left out. What was computed stays beside `out` until it is written, so that
a run that was broken off can go on.
"""

import logging
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image

from disk.whole import whole_file, write_whole
from hashing.augmentation.photos import cut_out, make_stand_in, retake
from hashing.fitting.deep_tuning import DeepTuning, Taught, interpolated, tune_deeply
from hashing.networks.architectures import Network, load_imagenet_lite0
from hashing.networks.pixels import to_pixels
from hashing.picture_sets import ManifestRow, PictureSet

BATCH = 8  # pictures; more do not fit into the processor's cache
PERMITTED = ("MIT", "BSD", "Apache", "CC0", "CC-BY", "AFL", "OSL")
FORBIDDEN = ("GPL", "Unsplash")  # LGPL too

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaughtSet:
    """A SET to tune to."""

    set: str
    product: str  # column of what its pictures show
    kind: str  # column of what resembles each other
    subject: str  # sets of one subject share what is shown of it
    photos: int = 0  # made-up ones of each catalogue picture


@dataclass(frozen=True)
class WideRecipe:
    """Everything that decides the weights, except the pictures."""

    seed: int
    cut: int  # modules of the trunk whose activations are computed once
    way: float  # from ImageNet's weights (0) to the tuned ones (1)
    backgrounds: str  # SET that catalogue pictures are laid on
    shares: Mapping[str, float]  # of the products in a batch, by subject
    tuning: DeepTuning
    sources: tuple[TaughtSet, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file with these names; raises ValueError for others."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            values["tuning"] = DeepTuning(**values["tuning"])
            values["sources"] = tuple(TaughtSet(**s) for s in values["sources"])
            recipe = cls(**values)
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path} is no recipe for tuning: {error}") from error
        missing = {source.subject for source in recipe.sources} - set(recipe.shares)
        if missing:
            raise ValueError(f"{path}: no share for {', '.join(sorted(missing))}")
        return recipe


def tune_widely(recipe: WideRecipe, out: Path, *, resume: bool = False) -> None:
    """Write the weights of a tuned network to the file `out`.

    With `resume`, go on from what a run of the same recipe left beside `out`; raises
    ValueError where another recipe's run left it.
    """
    progress = out.with_name(f"{out.name}.tuning")
    if not resume:
        shutil.rmtree(progress, ignore_errors=True)
    _check_is_of(recipe, progress)
    network = load_imagenet_lite0()
    taught = [
        _taught(network, recipe, number, progress)
        for number in range(len(recipe.sources))
    ]
    trunk: Any = network.body.trunk
    untuned = trunk[recipe.cut :]
    tuned = tune_deeply(
        untuned,
        taught,
        recipe.tuning,
        shares=recipe.shares,
        seed=recipe.seed,
        checkpoint=progress / "checkpoint.pt",
    )
    moved = interpolated(untuned, tuned, recipe.way)
    untuned.load_state_dict(moved.state_dict())
    part = out.with_name(f"{out.name}.part")
    torch.save(network.state_dict(), part)
    part.replace(out)
    shutil.rmtree(progress)


def _check_is_of(recipe: WideRecipe, progress: Path) -> None:
    """Note in a new folder of progress which recipe it is of, or compare."""
    progress.mkdir(parents=True, exist_ok=True)
    path = progress / "recipe.txt"
    if path.exists() and path.read_text(encoding="utf-8") != repr(recipe):
        raise ValueError(f"{progress} is of another recipe: tune without --resume")
    write_whole(path, repr(recipe))


def may_be_shipped(row: ManifestRow) -> bool:
    """Tell whether a row's terms permit to ship what is trained on it."""
    licence = row.columns.get("licence", "")
    terms = f"{licence} {row.columns.get('rights', '')}"
    permits = any(word in licence for word in PERMITTED)
    return permits and not any(word in terms for word in FORBIDDEN)


def _taught(network: Network, recipe: WideRecipe, number: int, folder: Path) -> Taught:
    """See a source's pictures, then its made-up photos, as the stages before do."""
    source = recipe.sources[number]
    pictures = PictureSet.parse(source.set)
    kept = tuple(row for row in pictures.rows if may_be_shipped(row))
    if not kept:
        raise ValueError(f"{source.set}: no row may be taught by its licence")
    pictures = PictureSet(pictures.spec, pictures.source, kept)
    photographed = [row for row in kept if row.columns.get("kind") == "catalogue"]
    rows = [*kept, *(row for row in photographed for _ in range(source.photos))]
    path = folder / f"{number}.npz"
    if not path.exists():
        logger.info("looking at %d views of %s", len(rows), source.set)
        maps, pooled = _activations(network, recipe, _views(pictures, recipe, source))
        with whole_file(path, "wb") as file:
            np.savez(file, maps=maps, pooled=pooled)
    with np.load(path) as stored:
        maps, pooled = stored["maps"], stored["pooled"]
    products, kinds = (
        [f"{source.subject}: {row.columns[column]}" for row in rows]
        for column in (source.product, source.kind)
    )
    return Taught(maps, np.arange(len(rows)), products, kinds, pooled, source.subject)


def _views(
    pictures: PictureSet, recipe: WideRecipe, source: TaughtSet
) -> Iterator[Image.Image]:
    yield from pictures.pictures()
    if not source.photos:
        return
    surroundings = list(PictureSet.parse(recipe.backgrounds).pictures())
    for place, (row, image) in enumerate(
        zip(pictures.rows, pictures.pictures(), strict=True)
    ):
        if row.columns.get("kind") != "catalogue":
            continue
        alone = cut_out(image)
        for turn in range(source.photos):
            rng = np.random.default_rng([recipe.seed, place, turn])
            if alone is None:
                yield retake(image, rng)
            else:
                yield make_stand_in(alone, surroundings, rng)


@torch.inference_mode()
def _activations(
    network: Network, recipe: WideRecipe, views: Iterator[Image.Image]
) -> tuple[Any, Any]:
    """Compute maps after `cut` modules and pooled features of at least one view."""
    trunk: Any = network.body.trunk
    maps, pooled = [], []
    while some := list(islice(views, BATCH)):
        pixels = network.prepare(to_pixels(some, network.input_size))
        seen = trunk[: recipe.cut](pixels.contiguous(memory_format=torch.channels_last))
        maps.append(seen.contiguous().numpy().astype(np.float16))
        pooled.append(trunk[recipe.cut :](seen).mean((2, 3)).numpy())
    return np.concatenate(maps), np.concatenate(pooled).astype(np.float16)
