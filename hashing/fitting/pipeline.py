"""Make an encoder by a recipe: tune the network, fit projections, then a hash layer.

`fit(recipe, out)` tunes the last stage of the pretrained network, exports it, computes
the features of all pictures in the runtime that will serve, fits the projections of the
parts and the hash layer to them, and writes it all with a measured card.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hashing.arrays import Float32Array
from hashing.cards import LAYER_FILE, NETWORK_FILE
from hashing.disk import replace_folder
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.encoder import Encoder, load_encoder, open_network, run_network
from hashing.fitting.card_figures import write_measured_card
from hashing.fitting.fit_recipe import FitRecipe, RecipeSource
from hashing.fitting.kind_projection import (
    KindProjection,
    LabelledFeatures,
    fit_kind_projection,
)
from hashing.fitting.projection import Projection, fit_projection
from hashing.fitting.synthetic_photos import backgrounds, synthetic_photos
from hashing.fitting.tuning import TuningViews, compute_stem_maps, tune
from hashing.layers.hash_layer import HashLayer
from hashing.layers.named_layers import LABELLED_LAYERS, fit_layer
from hashing.networks.architectures import Network, Weights, make_network
from hashing.networks.export import append_embedding, export_features
from hashing.networks.feature_network import FeatureNetwork
from hashing.picture_sets import PictureSet

logger = logging.getLogger(__name__)


def fit(recipe: FitRecipe, out: Path, *, command: str) -> Encoder:
    """Make the encoder of a recipe in the folder `out` and load it from there.

    It is written to a folder beside `out` and renamed when complete.
    """
    unfinished = out.with_name(f"{out.name}.new")
    unfinished.mkdir(parents=True, exist_ok=True)
    write_network_and_layer(recipe, unfinished)
    logger.info("measuring")
    write_measured_card(recipe, unfinished, command=command)
    replace_folder(out, unfinished)
    return load_encoder(out)


@dataclass(frozen=True)
class ImageFeatures:
    """Features of n pictures."""

    item: Float32Array  # (n, 1280)
    look: Float32Array  # (n, 192)
    combined: Float32Array | None = None  # (n, 1856), where the network has them


@dataclass(frozen=True)
class SourceFeatures:
    """Features of a source's pictures, and of synthetic photos of them."""

    source: RecipeSource
    pictures: ImageFeatures
    labels: list[str]  # of the pictures; empty where none are learned
    # As many of each picture, picture after picture.
    photos: ImageFeatures | None = None


@dataclass(frozen=True)
class FittedParts:
    """All that is fitted: projections to the embedding, and the hash layer."""

    recipe: FitRecipe
    item: Projection
    look: Projection
    kind: KindProjection | None
    layer: HashLayer

    def embed(self, features: ImageFeatures) -> Float32Array:
        """Compute embeddings (n, dim) of length one."""
        return _embed(self.recipe, self.item, self.look, self.kind, features)

    def arrays(self) -> dict[str, Float32Array]:
        """Return the arrays that `append_embedding` adds to a network."""
        tensors = {"item": self.item.tensors(), "look": self.look.tensors()}
        if self.kind is not None:
            tensors["kind"] = self.kind.tensors()
        arrays = {
            f"{part}_{name}": array
            for part, named in tensors.items()
            for name, array in named.items()
        }
        if self.kind is not None:
            is_overlap = np.arange(self.recipe.item_dim) >= self.recipe.parts["item"][0]
            arrays["kind_room"] = is_overlap.astype(np.float32)
        weights = {name: weight for name, (_, weight) in self.recipe.parts.items()}
        return arrays | {
            f"{n}_weight": np.array([w], dtype=np.float32) for n, w in weights.items()
        }


def write_network_and_layer(recipe: FitRecipe, out: Path) -> None:
    """Tune the network, fit projections and the hash layer, and write them to `out`."""
    path = out / NETWORK_FILE
    network = tune_network(load_network(recipe), recipe)
    export_features(FeatureNetwork(network), path)
    # Features come from the runtime that will serve the encoder: it is faster than
    # torch, and projections are fitted to exactly what it computes.
    session = open_network(path)
    features = [compute_source(session, recipe, source) for source in recipe.sources]
    parts = fit_parts(recipe, features)
    append_embedding(path, parts.arrays(), parts=tuple(recipe.parts))
    parts.layer.save(out / LAYER_FILE)


def load_network(recipe: FitRecipe) -> Network:
    """Load the recipe's network, as it was trained before."""
    weights: Weights = "packaged"
    if recipe.weights_file:
        weights = Path(recipe.weights_file)
    return make_network(recipe.network, weights=weights)


def tune_network(network: Network, recipe: FitRecipe) -> Network:
    """Tune a network's last stage to the sources with a tuning_label, if any."""
    views = [
        make_tuning_views(network, recipe, source)
        for source in recipe.sources
        if source.tuning_label
    ]
    return tune(network, views, recipe.tuning, seed=recipe.seed) if views else network


def make_tuning_views(
    network: Network, recipe: FitRecipe, source: RecipeSource
) -> TuningViews:
    """Compute the maps before the last stage, of a source's pictures and photos."""
    pictures = PictureSet.parse(source.set)
    n_photos = source.tuning_photos
    logger.info("looking at %d views of each picture of %s", n_photos, source.set)
    plain = compute_stem_maps(network, pictures.pictures())[:, None]
    photos = synthetic_photos(pictures, n_photos, backgrounds(recipe), seed=recipe.seed)
    views = compute_stem_maps(network, photos).reshape(len(plain), -1, *plain.shape[2:])
    maps = np.concatenate([plain, views], axis=1).reshape(-1, *plain.shape[2:])
    return TuningViews(maps, pictures.column(source.tuning_label), source.tuning_share)


def fit_parts(recipe: FitRecipe, sources: Sequence[SourceFeatures]) -> FittedParts:
    """Fit projections and the hash layer to the features of a recipe's sources."""
    item = fit_projection(
        [each.pictures.item for each in sources],
        recipe.item_dim,
        whitening=recipe.item_whitening,
    )
    look = fit_projection(
        [each.pictures.look for each in sources],
        recipe.look_dim,
        whitening=recipe.look_whitening,
    )
    kind = fit_kind_part(recipe, sources) if recipe.kind_dim else None
    embeddings = [_embed(recipe, item, look, kind, each.pictures) for each in sources]
    layer = _fit_layer(recipe, sources, embeddings)
    return FittedParts(recipe, item, look, kind, layer)


def _fit_layer(
    recipe: FitRecipe,
    sources: Sequence[SourceFeatures],
    embeddings: Sequence[Float32Array],
) -> HashLayer:
    """Fit the recipe's hash layer, to labelled pictures only where it needs labels."""
    labels = None
    if recipe.layer in LABELLED_LAYERS:
        labels = [label for each in sources for label in each.labels]
        pairs = zip(sources, embeddings, strict=True)
        embeddings = [each for source, each in pairs if source.labels]
        if not labels:
            raise ValueError(f"layer {recipe.layer!r} needs sources with a `label`")
    return fit_layer(
        recipe.layer,
        quantise_embeddings(np.concatenate(embeddings)),
        recipe.n_bits,
        seed=recipe.seed,
        labels=labels,
        **recipe.layer_options,
    )


def fit_kind_part(
    recipe: FitRecipe, sources: Sequence[SourceFeatures]
) -> KindProjection:
    """Fit the part `kind` to the sources whose weight is not zero."""
    sets = []
    for each in sources:
        source, labels = each.source, each.labels or None
        if source.weight == 0:
            continue
        features = _combined(each.pictures)
        sets.append(
            LabelledFeatures(features, labels, source.weight, source.is_prototype)
        )
        if each.photos is not None:
            photos = _combined(each.photos)
            n_photos = len(photos) // len(features)
            repeated = [label for label in each.labels for _ in range(n_photos)] or None
            # The photos of a picture count as much together as the picture does.
            sets.append(LabelledFeatures(photos, repeated, source.weight / n_photos))
    return fit_kind_projection(
        sets,
        recipe.kind_dim,
        ridge=recipe.kind_ridge,
        n_prototypes=recipe.kind_prototypes,
        fade_cosines=recipe.kind_fade_cosines,
        seed=recipe.seed,
    )


def _embed(
    recipe: FitRecipe,
    item: Projection,
    look: Projection,
    kind: KindProjection | None,
    features: ImageFeatures,
) -> Float32Array:
    items = item(features.item)
    if kind is not None:
        combined = _combined(features)
        n_item_only = recipe.item_dim - recipe.kind_dim
        items[:, n_item_only:] *= 1 - kind.gate(combined)[:, None]
        items[:, n_item_only:] += recipe.kind_weight * kind(combined)
    return l2_normalise(np.hstack([items, recipe.look_weight * look(features.look)]))


def _combined(features: ImageFeatures) -> Float32Array:
    if features.combined is None:
        raise ValueError("the network has no combined features, which kinds need")
    return features.combined


def compute_source(
    session: Any, recipe: FitRecipe, source: RecipeSource
) -> SourceFeatures:
    """Compute the features of a source's pictures, and of photos of them."""
    pictures = PictureSet.parse(source.set)
    logger.info("looking at %d pictures of %s", len(pictures), source.set)
    features = compute_features(session, pictures.pictures())
    labels = pictures.column(source.label) if source.label else []
    if not source.kind_photos:
        return SourceFeatures(source, features, labels)
    n_photos = source.kind_photos
    logger.info("looking at %d synthetic photos of each", n_photos)
    photos = synthetic_photos(pictures, n_photos, backgrounds(recipe), seed=recipe.seed)
    return SourceFeatures(source, features, labels, compute_features(session, photos))


def compute_features(session: Any, images: Iterable[Image.Image]) -> ImageFeatures:
    """Compute the features of at least one image by an exported network."""
    available = {output.name for output in session.get_outputs()}
    names = [name for name in ("item", "look", "known") if name in available]
    rows = [run_network(session, image, names) for image in images]
    columns = zip(*rows, strict=True)
    return ImageFeatures(*(np.concatenate(column) for column in columns))
