"""Fit the hash layer again, to a shop's own catalogue, from its stored embeddings.

No picture is opened and no label is needed. Embeddings stay as they are; only codes
change, and with them the encoder's fingerprint.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hashing.cards import LAYER_FILE, NETWORK_FILE, write_card
from hashing.embeddings import Embeddings
from hashing.encoder import Encoder, load_encoder
from hashing.errors import NoImprovement
from hashing.evaluation.neighbour_recall import NEIGHBOURS, layer_recall
from hashing.layers.hash_layer import HashLayer
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer, recentre

# With fewer embeddings for each bit, a rotation would overfit the catalogue.
EMBEDDINGS_PER_BIT = 10
# How far thresholds move to the mean of a small catalogue. The photos that search it
# have another mean: for 81 grocery products, codes of ImageNet's features and colours
# kept .81 of the float mAP at 0, .87 half-way and .79 at 1.
THRESHOLD_SHIFT = 0.5
# More to learn from changes little and takes longer: about 5 s as it is.
MAX_LEARNED = 12_000
MAX_GALLERY = 20_000
MAX_HELD_OUT = 1000
HELD_OUT_DIVISOR = 5  # one in five embeddings is held out
MIN_EMBEDDINGS = 20  # with fewer, nothing can be held out


@dataclass(frozen=True)
class FittedLayer:
    """A layer that keeps more neighbours than the one before it.

    Both recalls are measured on embeddings that the layer did not learn from.
    """

    layer: HashLayer
    k: int  # neighbours that are searched for
    before: float  # recall of the layer before
    after: float
    learned_from: Embeddings
    n_held_out: int


def fit_hash_layer(
    layer: HashLayer, embeddings: Embeddings, *, seed: int = 0
) -> FittedLayer:
    """Fit a layer to a shop's embeddings (n, dim) and check that it is better.

    A fifth of them, 1,000 at most, is held out; the layer is fitted to at most 12,000
    of the others (see `refit_layer`). Recall is the share of the ten nearest by cosine
    that are among the ten nearest by code. Raises NoImprovement where it is no higher
    than with the given layer, ValueError for fewer than twenty embeddings.
    """
    if len(embeddings) < MIN_EMBEDDINGS:
        raise ValueError(f"{len(embeddings)} embeddings; {MIN_EMBEDDINGS} are needed")
    n_queries = min(MAX_HELD_OUT, len(embeddings) // HELD_OUT_DIVISOR)
    order = np.random.default_rng(seed).permutation(len(embeddings))
    order = order[: n_queries + MAX_GALLERY]
    queries, gallery = embeddings[order[:n_queries]], embeddings[order[n_queries:]]
    learned_from = gallery[:MAX_LEARNED]
    before = layer_recall(layer, queries, gallery)
    fitted = refit_layer(layer, learned_from, seed=seed)
    after = layer_recall(fitted, queries, gallery)
    if after <= before:
        raise NoImprovement(
            f"a layer fitted to {len(learned_from)} pictures keeps {after:.1%} of the "
            f"{NEIGHBOURS} nearest, the one before {before:.1%}"
        )
    return FittedLayer(fitted, NEIGHBOURS, before, after, learned_from, n_queries)


def refit_layer(
    layer: HashLayer, embeddings: Embeddings, *, seed: int = 0
) -> LinearHashLayer:
    """Fit a layer of as many bits to embeddings (n, dim), n > 0.

    With at least ten embeddings for each bit a new rotation is learned (ITQ). With
    fewer, the given rotation stays and its thresholds move half-way to the catalogue's
    mean; raises NoImprovement for a layer without a rotation.
    """
    if len(embeddings) == 0:
        raise ValueError("no embeddings to fit to")
    if len(embeddings) >= EMBEDDINGS_PER_BIT * layer.n_bits:
        return fit_itq(embeddings, layer.n_bits, seed=seed)
    if not isinstance(layer, LinearHashLayer):
        raise NoImprovement(
            f"{len(embeddings)} pictures; {EMBEDDINGS_PER_BIT * layer.n_bits} are "
            "needed to replace a layer that is not linear"
        )
    mean = recentre(layer, embeddings).thresholds
    thresholds = layer.thresholds + THRESHOLD_SHIFT * (mean - layer.thresholds)
    return LinearHashLayer(layer.rotation, thresholds)


def write_refitted_encoder(  # noqa: PLR0913
    source: Path,
    embeddings: Embeddings,
    out: Path,
    *,
    name: str,
    seed: int = 0,
    layer: HashLayer | None = None,
) -> Encoder:
    """Write the encoder in `source` with a refitted hash layer to the new folder `out`.

    layer: the result of `refit_layer` for these embeddings and this seed, if it is
    known. Raises CheckpointError for a damaged source, FileExistsError where `out`
    exists.
    """
    encoder = load_encoder(source)
    layer = layer or refit_layer(encoder.layer, embeddings, seed=seed)
    out.mkdir(parents=True)
    shutil.copyfile(source / NETWORK_FILE, out / NETWORK_FILE)
    layer.save(out / LAYER_FILE)
    refitted = {
        "from": encoder.fingerprint,
        "n_embeddings": len(embeddings),
        "seed": seed,
    }
    contents = encoder.card.contents | {"name": name, "refitted": refitted}
    write_card(out, contents)
    return load_encoder(out)
