"""Make an encoder: tune the network, find axes of what it sees, kinds, then bits.

`fit(recipe, out)` tunes the pretrained network's last stage and lets it see the
pictures, learns the parts' projections and the hash layer, exports everything and has
the card written.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from hashing.cards import write_card
from hashing.data import PictureSet
from hashing.encoder import Encoder, load_encoder, open_network, see
from hashing.export import append_embedding, export_features
from hashing.fitting.embedding import Array, Projection, fit_projection
from hashing.fitting.kind import Kind, Lesson, fit_kind
from hashing.fitting.recipe import Recipe, Source
from hashing.fitting.tuning import Subjects, seen_before, tune
from hashing.layers.itq import fit_itq
from hashing.layers.linear import HashLayer, quantise, unit
from hashing.networks import FeatureNetwork, Network, load_pretrained
from hashing.training.augmentation import cut_out, retake, stand_in

APART = 13  # one in so many pictures is what cut-outs are laid on

logger = logging.getLogger(__name__)


def fit(recipe: Recipe, out: Path, *, command: str) -> Encoder:
    """Make the encoder of a recipe in the folder `out` and load it from there.

    It is made beside and put in place whole, so that nobody loads half of it.
    """
    beside = out.with_name(f"{out.name}.new")
    beside.mkdir(parents=True, exist_ok=True)
    make(recipe, beside)
    logger.info("measuring")
    write_card(recipe, beside, command=command)
    replace(out, beside)
    return load_encoder(out)


@dataclass(frozen=True)
class Seen:
    """What the network sees in pictures."""

    item: Array  # (n, 1280)
    look: Array  # (n, 192)
    known: Array  # (n, 1856)


@dataclass(frozen=True)
class Shown:
    """A source as the network sees it, and other photos made of its pictures."""

    source: Source
    seen: Seen
    labels: list[str]  # of the pictures; empty: none are learned
    retaken: Seen | None = None  # as many of each picture as of another, in order


@dataclass(frozen=True)
class Parts:
    """All that is learned: features to embeddings, and those to codes."""

    recipe: Recipe
    item: Projection
    look: Projection
    kind: Kind | None
    layer: HashLayer

    def embed(self, seen: Seen) -> Array:
        """Embeddings (n, dim) of length one."""
        return _embed(self.recipe, self.item, self.look, self.kind, seen)

    def arrays(self) -> dict[str, Array]:
        """What `append_embedding` puts into a graph."""
        arrays = {**_projecting("item", self.item), **_projecting("look", self.look)}
        if self.kind is not None:
            arrays |= _fading("kind", self.kind)
            room = np.arange(self.recipe.item_dim) >= self.recipe.parts["item"][0]
            arrays["kind_room"] = room.astype(np.float32)
        weights = {name: weight for name, (_, weight) in self.recipe.parts.items()}
        return arrays | {
            f"{n}_weight": np.array([w], dtype=np.float32) for n, w in weights.items()
        }


def make(recipe: Recipe, out: Path) -> None:
    """Tune, learn projections, kinds and the hash layer, and write them to `out`."""
    path = out / "network.onnx"
    export_features(FeatureNetwork(tuned(load_pretrained(), recipe)), path)
    # Through the runtime that will serve: faster than torch, and no difference later.
    session = open_network(path)
    parts = learn(recipe, [show(session, recipe, source) for source in recipe.sources])
    append_embedding(path, parts.arrays(), parts=tuple(recipe.parts))
    parts.layer.save(out / "layer.npz")


def tuned(network: Network, recipe: Recipe) -> Network:
    """The network, its last stage tuned to what the sources say that they show."""
    taught = [subjects(network, recipe, s) for s in recipe.sources if s.shows]
    return tune(network, taught, recipe.tuning, seed=recipe.seed)


def subjects(network: Network, recipe: Recipe, source: Source) -> Subjects:
    """Pictures of a source, and views of them, as far as the network is not tuned."""
    pictures = PictureSet.parse(source.set)
    logger.info("looking at %d views of each picture of %s", source.views, source.set)
    plain = seen_before(network, pictures.pictures())[:, None]
    again = retakes(pictures, source.views, surroundings(recipe), seed=recipe.seed)
    views = seen_before(network, again).reshape(len(plain), -1, *plain.shape[2:])
    maps = np.concatenate([plain, views], axis=1).reshape(-1, *plain.shape[2:])
    return Subjects(maps, pictures.column(source.shows), source.share)


def learn(recipe: Recipe, shown: Sequence[Shown]) -> Parts:
    """All that is learned of what the network sees in a recipe's sources."""
    items, looks = [one.seen.item for one in shown], [one.seen.look for one in shown]
    item = fit_projection(items, recipe.item_dim, power=recipe.item_power)
    look = fit_projection(looks, recipe.look_dim, power=recipe.look_power)
    kind = learn_kind(recipe, shown) if recipe.kind_dim else None
    embeddings = [_embed(recipe, item, look, kind, one.seen) for one in shown]
    layer = fit_itq(
        quantise(np.concatenate(embeddings)), recipe.n_bits, seed=recipe.seed
    )
    return Parts(recipe, item, look, kind, layer)


def learn_kind(recipe: Recipe, shown: Sequence[Shown]) -> Kind:
    """Kinds, from the sources that count for them."""
    lessons = []
    for one in shown:
        source, labels = one.source, one.labels or None
        if source.weight == 0:
            continue
        lessons.append(Lesson(one.seen.known, labels, source.weight, source.is_place))
        if one.retaken is not None:
            again = one.retaken.known
            turns = len(again) // len(one.seen.known)
            own = [label for label in one.labels for _ in range(turns)] or None
            # Together they count as much as the picture that they are of.
            lessons.append(Lesson(again, own, source.weight / turns))
    return fit_kind(
        lessons,
        recipe.kind_dim,
        ridge=recipe.kind_ridge,
        n_places=recipe.kind_places,
        near=recipe.kind_near,
        seed=recipe.seed,
    )


def _embed(
    recipe: Recipe, item: Projection, look: Projection, kind: Kind | None, seen: Seen
) -> Array:
    items = item(seen.item)
    if kind is not None:
        share = kind.share(seen.known)[:, None]
        kept = recipe.item_dim - recipe.kind_dim
        items[:, kept:] *= 1 - share
        items[:, kept:] += recipe.kind_weight * kind(seen.known)
    return unit(np.hstack([items, recipe.look_weight * look(seen.look)]))


def show(session: Any, recipe: Recipe, source: Source) -> Shown:
    """Let an exported network see the pictures of a source."""
    pictures = PictureSet.parse(source.set)
    logger.info("looking at %d pictures of %s", len(pictures), source.set)
    seen = look_at(session, pictures.pictures())
    labels = pictures.column(source.label) if source.label else []
    if not source.retakes:
        return Shown(source, seen, labels)
    logger.info("looking at %d other photos of each", source.retakes)
    again = retakes(pictures, source.retakes, surroundings(recipe), seed=recipe.seed)
    return Shown(source, seen, labels, look_at(session, again))


@lru_cache(maxsize=1)
def surroundings(recipe: Recipe) -> list[Image.Image]:
    """What cut-outs are laid on: some pictures of the first source, opened once."""
    return list(
        islice(PictureSet.parse(recipe.sources[0].set).pictures(), 0, None, APART)
    )


def look_at(session: Any, images: Iterable[Image.Image]) -> Seen:
    """What an exported network sees in at least one image."""
    rows = [see(session, image, ["item", "look", "known"]) for image in images]
    return Seen(*(np.concatenate(part) for part in zip(*rows, strict=True)))


def retakes(
    pictures: PictureSet, turns: int, around: Sequence[Image.Image], *, seed: int
) -> Iterator[Image.Image]:
    """Other photos of each picture, as its kind of picture allows.

    A catalogue picture is cut out and laid on one of those `around`; every second
    retake of a photo is seen in a mirror.
    """
    rows = zip(pictures.rows, pictures.pictures(), strict=True)
    for place, (row, image) in enumerate(rows):
        alone = cut_out(image) if row.columns.get("kind") == "catalogue" else None
        for turn in range(turns):
            rng = np.random.default_rng([seed, place, turn])
            if alone is not None:
                yield stand_in(alone, around, rng)
            else:
                again = retake(image, rng)
                yield ImageOps.mirror(again) if turn % 2 else again


def _projecting(name: str, projection: Projection) -> dict[str, Array]:
    return {f"{name}_axes": projection.axes, f"{name}_bias": projection.bias}


def _fading(name: str, kind: Kind) -> dict[str, Array]:
    begins, whole = kind.near
    arrays = {
        "axes": kind.axes,
        "bias": -kind.centre @ kind.axes,
        "centre": kind.centre,
        "places": kind.places,
        "begins": np.array(begins),
        "width": np.array(whole - begins),
        "none": np.array(0.0),
        "all": np.array(1.0),
    }
    return {
        f"{name}_{role}": array.astype(np.float32) for role, array in arrays.items()
    }


def replace(folder: Path, by: Path) -> None:
    """Put a finished folder in the place of another, which is removed."""
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    by.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
