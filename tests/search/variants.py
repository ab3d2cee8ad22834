"""Encoders that differ from the shipped one, made in a moment."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx

from hashing import SHIPPED
from hashing.embeddings import quantise_embeddings
from hashing.fitting.refitting import write_refitted_encoder


def refitted(folder: Path, *, name: str = "refitted", seed: int = 1) -> Path:
    """Return the same network, another hash layer."""
    rng = np.random.default_rng(seed)
    write_refitted_encoder(
        SHIPPED,
        quantise_embeddings(rng.standard_normal((64, 512)) - 0.4),
        folder,
        name=name,
    )
    return folder


def another_network(folder: Path, *, name: str = "foreign") -> Path:
    """Files of another network (that sees the same), and another hash layer."""
    refitted(folder, name=name, seed=2)
    model = onnx.load(folder / "network.onnx")
    model.doc_string = name
    onnx.save(model, folder / "network.onnx")
    card = json.loads((folder / "card.json").read_text())
    digest = hashlib.sha256((folder / "network.onnx").read_bytes()).hexdigest()
    card["checksums"]["network.onnx"] = digest
    (folder / "card.json").write_text(json.dumps(card))
    return folder
