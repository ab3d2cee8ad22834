"""Write a trained encoder to a folder, from which `load_encoder` can serve it."""

import shutil
from pathlib import Path

from hashing.cards import LAYER_FILE, NETWORK_FILE, write_card
from hashing.embeddings import Embeddings
from hashing.encoder import Encoder, load_encoder
from hashing.fitting.refitting import refit_layer
from hashing.layers.hash_layer import HashLayer
from hashing.layers.named_layers import fit_layer
from hashing.networks.export import (
    append_embedding,
    export_features,
    write_projections,
)
from hashing.training.trainable_encoder import TrainableEncoder
from hashing.training.training_recipe import TrainingRecipe
from hashing.training.training_set import TrainingSet

REFITTED_LAYER = "itq"  # for which a small set moves only the start's thresholds


def write_candidate(
    trained: TrainableEncoder,
    recipe: TrainingRecipe,
    training_set: TrainingSet,
    *,
    command: str,
) -> Path:
    """Write a trained encoder, its hash layer fitted to the set; return its folder."""
    start = load_encoder(recipe.start)
    folder = recipe.progress / "candidate"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write_network(trained, recipe, folder / NETWORK_FILE)
    shutil.copyfile(recipe.start / LAYER_FILE, folder / LAYER_FILE)
    contents = start.card.contents | {
        "name": recipe.name,
        "description": recipe.description,
        "figures": [],  # the start's do not hold for this one
        "training": {
            "from": {"name": start.name, "fingerprint": start.fingerprint},
            "recipe": recipe.as_card(),
            "command": command,
            "set": training_set.describe(),
            "licence": recipe.licence,
            "seed": recipe.seed,
            "left out": training_set.skipped,
        },
    }
    write_card(folder, contents)
    images = [picture.image for picture in training_set.pictures]
    embeddings = load_encoder(folder).encode(images).embeddings
    _fit_layer(recipe, start, training_set, embeddings).save(folder / LAYER_FILE)
    write_card(folder, contents)
    return folder


def _write_network(
    trained: TrainableEncoder, recipe: TrainingRecipe, path: Path
) -> None:
    """Write the trained head, behind the start's network or the trained one."""
    projections = trained.head.projections()
    if trained.network is None:
        shutil.copyfile(recipe.start / NETWORK_FILE, path)
        write_projections(path, projections)
    else:
        export_features(trained.network.cpu(), path)
        append_embedding(path, projections, parts=trained.head.parts)


def _fit_layer(
    recipe: TrainingRecipe,
    start: Encoder,
    training_set: TrainingSet,
    embeddings: Embeddings,
) -> HashLayer:
    """Fit the recipe's hash layer, of as many bits as the start's."""
    if recipe.layer == REFITTED_LAYER and not recipe.layer_options:
        return refit_layer(start.layer, embeddings, seed=recipe.seed)
    return fit_layer(
        recipe.layer,
        embeddings,
        start.n_bits,
        seed=recipe.seed,
        labels=[picture.label for picture in training_set.pictures],
        **recipe.layer_options,
    )
