"""Make an encoder: axes of the features, kinds from labels, then a rotation to bits.

`fit(recipe, out)` lets the pretrained network see the pictures, learns the parts'
projections and the hash layer, exports everything and has the card written.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from hashing.augmentation import cut_out, retake, stand_in
from hashing.cards import write_card
from hashing.data import PictureSet
from hashing.embedding import Array, Projection, fit_projection
from hashing.encoder import Encoder, load_encoder, open_network, see
from hashing.export import append_embedding, export_features
from hashing.kind import Kind, Lesson, fit_kind
from hashing.layers.itq import fit_itq
from hashing.layers.linear import quantise, unit
from hashing.networks import FeatureNetwork, load_pretrained
from hashing.recipe import Recipe, Source

BLOCK = 32  # bits: every multiple is a prefix worth using
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
    """What the network sees in the pictures of a source."""

    item: Array  # (n, 1280)
    look: Array  # (n, 192)
    known: Array  # (n, 1856)
    labels: list[str] | None


def make(recipe: Recipe, out: Path) -> None:
    """Learn projections, kinds and the hash layer, and write them to the folder."""
    path = out / "network.onnx"
    export_features(FeatureNetwork(load_pretrained()), path)
    # Through the runtime that will serve: faster than torch, and no difference later.
    session = open_network(path)
    pictures = [_Pictures(session, recipe, source) for source in recipe.sources]
    seen = [one.themselves() for one in pictures]
    items, looks = [one.item for one in seen], [one.look for one in seen]
    item = fit_projection(items, recipe.item_dim, power=recipe.item_power)
    look = fit_projection(looks, recipe.look_dim, power=recipe.look_power)
    arrays = {**projection_arrays("item", item), **projection_arrays("look", look)}
    parts = {"item": item(np.concatenate(items)), "look": look(np.concatenate(looks))}
    if recipe.kind_dim:
        kind = learn_kind(recipe, pictures, seen)
        arrays |= kind_arrays(kind)
        parts["kind"] = kind(np.concatenate([one.known for one in seen]))
    for name, (_, weight) in recipe.parts.items():
        arrays[f"{name}_weight"] = np.array(weight, dtype=np.float32)
    append_embedding(path, arrays, parts=tuple(recipe.parts))
    joined = [parts[name] * weight for name, (_, weight) in recipe.parts.items()]
    embeddings = quantise(unit(np.hstack(joined)))
    layer = fit_itq(embeddings, recipe.n_bits, seed=recipe.seed, block=BLOCK)
    layer.save(out / "layer.npz")


def learn_kind(
    recipe: Recipe, pictures: Sequence["_Pictures"], seen: Sequence[Seen]
) -> Kind:
    """Kinds, from the sources that count for them and other photos made of those."""
    lessons = []
    for one, themselves in zip(pictures, seen, strict=True):
        source = one.source
        if source.weight == 0:
            continue
        shown = [(themselves, source.weight, source.is_place)]
        if source.retakes:
            # Together they count as much as the picture that they are of.
            shown.append((one.retaken(), source.weight / source.retakes, False))
        for views, weight, is_place in shown:
            lessons.append(Lesson(views.known, views.labels, weight, is_place))
    return fit_kind(
        lessons,
        recipe.kind_dim,
        ridge=recipe.kind_ridge,
        n_places=recipe.kind_places,
        near=recipe.kind_near,
        seed=recipe.seed,
    )


class _Pictures:
    """The pictures of a source, as the network sees them."""

    def __init__(self, session: Any, recipe: Recipe, source: Source) -> None:
        self.source = source
        self._session = session
        self._seed = recipe.seed
        self._pictures = PictureSet.parse(source.set)
        # What cut-outs are laid on.
        self._surroundings = recipe.sources[0].set

    def themselves(self) -> Seen:
        logger.info(
            "looking at %d pictures of %s", len(self._pictures), self.source.set
        )
        return self._see(self._pictures.pictures(), turns=1)

    def retaken(self) -> Seen:
        """Other photos of the same, made from each as its kind of picture allows."""
        logger.info("looking at other photos of %s", self.source.set)
        return self._see(self._retakes(), turns=self.source.retakes)

    def _retakes(self) -> Iterator[Image.Image]:
        around = list(PictureSet.parse(self._surroundings).pictures())[::APART]
        rows = zip(self._pictures.rows, self._pictures.pictures(), strict=True)
        for place, (row, image) in enumerate(rows):
            alone = cut_out(image) if row.columns.get("kind") == "catalogue" else None
            for turn in range(self.source.retakes):
                rng = np.random.default_rng([self._seed, place, turn])
                if alone is not None:
                    yield stand_in(alone, around, rng)
                else:
                    again = retake(image, rng)
                    yield ImageOps.mirror(again) if turn % 2 else again

    def _see(self, images: Iterable[Image.Image], *, turns: int) -> Seen:
        names = ["item", "look", "known"]
        rows = [see(self._session, image, names) for image in images]
        labels = None
        if self.source.label:
            column = self._pictures.column(self.source.label)
            labels = [label for label in column for _ in range(turns)]
        item, look, known = (np.concatenate(part) for part in zip(*rows, strict=True))
        return Seen(item, look, known, labels)


def projection_arrays(name: str, projection: Projection) -> dict[str, Array]:
    """A projection as it goes into the graph."""
    return {f"{name}_axes": projection.axes, f"{name}_bias": projection.bias}


def kind_arrays(kind: Kind) -> dict[str, Array]:
    """The kind as it goes into the graph."""
    begins, whole = kind.near
    numbers = {"begins": begins, "width": whole - begins, "none": 0.0, "all": 1.0}
    arrays = {
        "axes": kind.axes,
        "bias": -kind.centre @ kind.axes,
        "centre": kind.centre,
        "places": kind.places,
        **{name: np.float32(number) for name, number in numbers.items()},
    }
    return {f"kind_{name}": np.asarray(array) for name, array in arrays.items()}


def replace(folder: Path, by: Path) -> None:
    """Put a finished folder in the place of another, which is removed."""
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    by.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
