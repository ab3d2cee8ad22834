"""Make an encoder without labels: axes of the features, then a rotation to bits.

`fit(recipe, out)` lets the pretrained network see the pictures, learns both parts'
projections and the hash layer, exports everything and has the card written.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from hashing.cards import write_card
from hashing.data import PictureSet, batches
from hashing.embedding import (
    Array,
    EmbeddingNetwork,
    FeatureNetwork,
    Projection,
    join,
)
from hashing.encoder import Encoder, load_encoder
from hashing.export import export
from hashing.layers.itq import fit_itq
from hashing.layers.linear import quantise
from hashing.networks import SIDE, load_pretrained
from hashing.recipe import Recipe

logger = logging.getLogger(__name__)

BATCH = 16  # pictures; more gains nothing on a CPU


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
    network = FeatureNetwork(load_pretrained()).eval()
    seen = [look_at(network, PictureSet.parse(s.set)) for s in recipe.sources]
    items, looks = [item for item, _ in seen], [look for _, look in seen]
    item = fit_projection(items, recipe.item_dim, power=recipe.item_power)
    look = fit_projection(looks, recipe.look_dim, power=recipe.look_power)
    weight = recipe.look_weight
    export(
        EmbeddingNetwork(network, item, look, look_weight=weight),
        out / "network.onnx",
    )
    parts = (item(np.concatenate(items)), look(np.concatenate(looks)))
    embeddings = quantise(join(*parts, look_weight=weight))
    layer = fit_itq(embeddings, recipe.n_bits, seed=recipe.seed)
    layer.save(out / "layer.npz")


def replace(folder: Path, by: Path) -> None:
    """Put a finished folder in the place of another, which is removed."""
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    by.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def look_at(network: FeatureNetwork, pictures: PictureSet) -> tuple[Array, Array]:
    """What the network sees in a set: items (n, 1280) and looks (n, 192)."""
    logger.info("looking at %d pictures of %s", len(pictures), pictures.text)
    seen = []
    for batch in batches(pictures.pictures(), BATCH):
        with torch.inference_mode():
            item, look = network(resized(batch))
        seen.append((item.numpy(), look.numpy()))
    items, looks = zip(*seen, strict=True)
    return np.concatenate(items), np.concatenate(looks)


def resized(images: Sequence[Image.Image]) -> torch.Tensor:
    """Pictures (B, 3, 224, 224) in 0..255, squashed as the exported network does."""
    squashed = [im.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for im in images]
    pixels = np.stack([np.asarray(im) for im in squashed])  # (B, 224, 224, 3)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def fit_projection(sets: Sequence[Array], dim: int, *, power: float) -> Projection:
    """Main axes of features, each set counting by the root of its size.

    Axes are scaled by variance ** (-power / 2): 0 keeps the features' own weights, 1
    makes all alike. In between, what many pictures share counts for less, which helps
    products that nobody trained on.
    """
    features = np.concatenate(sets).astype(np.float64)
    weights = np.concatenate([np.full(len(s), len(s) ** -0.5) for s in sets])
    weights /= weights.sum()
    centre = weights @ features
    centred = features - centre
    variances, axes = np.linalg.eigh((centred.T * weights) @ centred)
    widest = slice(-1, -dim - 1, -1)
    scales = np.maximum(variances[widest], 1e-12) ** (-power / 2)
    return Projection(
        centre.astype(np.float32), (axes[:, widest] * scales).astype(np.float32)
    )
