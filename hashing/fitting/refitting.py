"""Fit the hash layer to a shop's own catalogue, from embeddings that it has stored.

No picture is opened and no label is needed. The embedding stays as it is, so what was
stored remains good; only codes change, and with them the encoder's fingerprint.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hashing.encoder import Encoder, fingerprint, load_encoder
from hashing.errors import NoBetter
from hashing.evaluation.agreement import NEIGHBOURS, recall
from hashing.layers.itq import fit_itq, recentre
from hashing.layers.linear import Embeddings, HashLayer

ENOUGH = 10  # embeddings a bit, below which a rotation learns the catalogue by heart
# How far thresholds go to the middle of a small catalogue. Photos that are asked with
# have their middle elsewhere: for 81 grocery products codes of ImageNet's features and
# colours kept .81 of the float mAP at 0, .87 half-way and .79 at 1.
MOVED = 0.5
# More to learn from changes the result little and takes longer: some 5 s as it is.
LEARNED_FROM = 12_000
SEARCHED = 20_000
HELD_OUT = 1000
LEAST = 20  # embeddings; of fewer nothing can be held out


@dataclass(frozen=True)
class Fitted:
    """A layer that was found better, and what part of the neighbours each keeps.

    Measured on embeddings that the layer did not learn from.
    """

    layer: HashLayer
    k: int  # neighbours that are asked for
    before: float
    after: float
    learned_from: Embeddings
    held_out: int


def fit_hash_layer(
    layer: HashLayer, embeddings: Embeddings, *, seed: int = 0
) -> Fitted:
    """Fit a layer to a shop's embeddings (n, dim), without labels, if it gets better.

    A fifth of them, 1,000 at most, is held out; the layer is fitted to 12,000 of the
    others at most (see `fit_layer`). For each that was held out, the ten nearest others
    by cosine are looked for by code, with the given layer and with the fitted one.
    Raises NoBetter where the fitted one finds no more of them, ValueError for fewer
    than twenty embeddings.
    """
    if len(embeddings) < LEAST:
        raise ValueError(f"{len(embeddings)} embeddings; {LEAST} are needed")
    n_queries = min(HELD_OUT, len(embeddings) // 5)
    order = np.random.default_rng(seed).permutation(len(embeddings))
    order = order[: n_queries + SEARCHED]
    queries, rest = embeddings[order[:n_queries]], embeddings[order[n_queries:]]
    learned_from = rest[:LEARNED_FROM]
    before = recall(layer, queries, rest)
    fitted = fit_layer(layer, learned_from, seed=seed)
    after = recall(fitted, queries, rest)
    if after <= before:
        raise NoBetter(
            f"a layer fitted to {len(learned_from)} pictures keeps {after:.1%} of the "
            f"{NEIGHBOURS} nearest, the one before {before:.1%}"
        )
    return Fitted(fitted, NEIGHBOURS, before, after, learned_from, n_queries)


def fit_layer(layer: HashLayer, embeddings: Embeddings, *, seed: int = 0) -> HashLayer:
    """A layer of as many bits, fitted to embeddings (n, dim), n > 0.

    With at least ten embeddings a bit its rotation is learned (ITQ); with fewer the
    given one is kept, and only its thresholds move, half-way to the catalogue's middle.
    """
    if len(embeddings) == 0:
        raise ValueError("no embeddings to fit to")
    if len(embeddings) < ENOUGH * layer.n_bits:
        middle = recentre(layer, embeddings).thresholds
        thresholds = layer.thresholds + MOVED * (middle - layer.thresholds)
        return HashLayer(layer.rotation, thresholds)
    return fit_itq(embeddings, layer.n_bits, seed=seed)


def refit(  # noqa: PLR0913
    source: Path,
    embeddings: Embeddings,
    out: Path,
    *,
    name: str,
    seed: int = 0,
    layer: HashLayer | None = None,
) -> Encoder:
    """Write the encoder in `source` with a fitted hash layer to the new folder `out`.

    `layer`: what `fit_layer` made of these embeddings with this seed, if it did.
    Raises CheckpointError for a damaged source, FileExistsError where `out` exists.
    """
    encoder = load_encoder(source)
    layer = layer or fit_layer(encoder.layer, embeddings, seed=seed)
    out.mkdir(parents=True)
    shutil.copyfile(source / "network.onnx", out / "network.onnx")
    layer.save(out / "layer.npz")
    digest = hashlib.sha256((out / "layer.npz").read_bytes()).hexdigest()
    card = encoder.card.contents | {
        "name": name,
        "fingerprint": fingerprint(out),
        "checksums": encoder.card.contents["checksums"] | {"layer.npz": digest},
        "refitted": {
            "from": encoder.fingerprint,
            "n_embeddings": len(embeddings),
            "seed": seed,
        },
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (out / "card.json").write_text(text + "\n", encoding="utf-8")
    return load_encoder(out)
