"""Write what was trained as an encoder: a folder that `load_encoder` serves."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from hashing.encoder import fingerprint, load_encoder
from hashing.export import append_embedding, export_features, write_projections
from hashing.fitting.refitting import fit_layer
from hashing.training.pupil import Pupil
from hashing.training.recipe import TrainingRecipe
from hashing.training.training_set import TrainingSet


def write_candidate(
    pupil: Pupil, recipe: TrainingRecipe, training_set: TrainingSet, *, command: str
) -> Path:
    """The encoder's folder of a trained pupil, its hash layer fitted to the set."""
    start = load_encoder(recipe.start)
    folder = recipe.progress / "candidate"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    network, head = folder / "network.onnx", pupil.head.projections()
    if pupil.network is None:
        shutil.copyfile(recipe.start / "network.onnx", network)
        write_projections(network, head)
    else:
        export_features(pupil.network.cpu(), network)
        append_embedding(network, head, parts=pupil.head.parts)
    shutil.copyfile(recipe.start / "layer.npz", folder / "layer.npz")
    contents = start.card.contents | {
        "name": recipe.name,
        "description": recipe.description,
        "figures": [],  # of the start, and not of this one
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
    write_card(contents, folder)
    images = [picture.image for picture in training_set.pictures]
    seen = load_encoder(folder).encode(images).embeddings
    fit_layer(start.layer, seen, seed=recipe.seed).save(folder / "layer.npz")
    write_card(contents, folder)
    return folder


def write_card(contents: dict[str, Any], folder: Path) -> None:
    """Write a card whose digests are those of the files beside it."""
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in contents["checksums"]
    }
    whole = contents | {"checksums": files, "fingerprint": fingerprint(folder)}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
