"""Make an encoder without labels: axes of the features, then a rotation to bits.

`fit(recipe, out)` lets the pretrained network see the pictures, learns both parts'
projections and the hash layer, exports everything and has the card written.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from hashing.cards import write_card
from hashing.data import PictureSet
from hashing.embedding import Array, fit_projection, join, part_weights
from hashing.encoder import Encoder, load_encoder, open_network, see
from hashing.export import append_embedding, export_features
from hashing.layers.itq import fit_itq
from hashing.layers.linear import quantise
from hashing.networks import FeatureNetwork, load_pretrained
from hashing.recipe import Recipe

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


def make(recipe: Recipe, out: Path) -> None:
    """Learn both projections and the hash layer, and write them to the folder."""
    path = out / "network.onnx"
    export_features(FeatureNetwork(load_pretrained()), path)
    # Through the runtime that will serve: faster than torch, and no difference later.
    session = open_network(path)
    seen = [look_at(session, source.set) for source in recipe.sources]
    items, looks = [item for item, _ in seen], [look for _, look in seen]
    item = fit_projection(items, recipe.item_dim, power=recipe.item_power)
    look = fit_projection(looks, recipe.look_dim, power=recipe.look_power)
    weights = part_weights(recipe.look_weight)
    append_embedding(path, {"item": (item, weights[0]), "look": (look, weights[1])})
    parts = (item(np.concatenate(items)), look(np.concatenate(looks)))
    embeddings = quantise(join(*parts, look_weight=recipe.look_weight))
    layer = fit_itq(embeddings, recipe.n_bits, seed=recipe.seed)
    layer.save(out / "layer.npz")


def look_at(session: Any, text: str) -> tuple[Array, Array]:
    """What the network sees in a SET: items (n, 1280) and looks (n, 192)."""
    pictures = PictureSet.parse(text)
    logger.info("looking at %d pictures of %s", len(pictures), text)
    seen = [see(session, image, ["item", "look"]) for image in pictures.pictures()]
    items, looks = zip(*seen, strict=True)
    return np.concatenate(items), np.concatenate(looks)


def replace(folder: Path, by: Path) -> None:
    """Put a finished folder in the place of another, which is removed."""
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    by.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
