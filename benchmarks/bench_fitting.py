"""A hash layer fitted to shops of 81, 1,000 and 100,000 pictures, without labels.

    python -m benchmarks.bench_fitting

What `manage.py fit_hash_layer` does, on embeddings: a fifth of the shop is held out,
the layer is fitted to the rest, and of each held-out picture's ten nearest by embedding
the share among its ten nearest by code is told, before and after. Beside it mAP of the
code alone and of its own float embeddings, for validation photos that nobody trained
on; kept is their ratio. Seconds are the processor's. 81 is the grocery
shop of catalogue pictures, 1,000 and 2,640 are its train photos. 100,000 are those with
noise around them (cosine .86 to what it is around), fitted to 12,000 of them as the
shop does; mAP is that of the real ones.
"""

import time
from typing import Any

import numpy as np

from benchmarks.shop import DATA, save_result
from hashing import SHIPPED, load_encoder
from hashing.embeddings import Embeddings, l2_normalise, quantise_embeddings
from hashing.encoder import Encoder
from hashing.evaluation.metrics import mean_figures
from hashing.evaluation.neighbour_recall import layer_recall
from hashing.evaluation.rankings import code_similarity, cosines
from hashing.fitting.refitting import refit_layer
from hashing.layers.linear import LinearHashLayer
from hashing.picture_sets import PictureSet

SEED = 0
NOISE = 0.6  # length of what is added to an embedding of length one
LEARNED_FROM = 12_000  # pictures at most, as `search.rollout.fitting` has it
HELD_OUT = 300  # pictures at most that recall is measured on

Labels = list[str]


def look(encoder: Encoder, text: str) -> tuple[Embeddings, Labels]:
    pictures = PictureSet.parse(f"{DATA}/{text}")
    features = encoder.features(pictures.pictures())
    return quantise_embeddings(features.embedding), pictures.column("product_id")


def crowd(real: Embeddings, n: int, rng: np.random.Generator) -> Embeddings:
    """Return n embeddings: noise around real ones, which come first."""
    around = l2_normalise(real)[rng.integers(0, len(real), n - len(real))]
    noise = rng.standard_normal(around.shape).astype(np.float32)
    return np.concatenate(
        [real, quantise_embeddings(around + NOISE * l2_normalise(noise))]
    )


def figures(
    layer: LinearHashLayer,
    queries: tuple[Embeddings, Labels],
    gallery: tuple[Embeddings, Labels],
) -> dict[str, float]:
    """Return mAP of codes and of floats, and the share of it that codes keep."""
    labels = {"query_labels": queries[1], "gallery_labels": gallery[1]}
    codes = [layer.codes(side[0]) for side in (queries, gallery)]
    code = mean_figures(code_similarity(*codes), **labels)["map"]
    full = mean_figures(cosines(queries[0], gallery[0]), **labels)["map"]
    return {"map code": code, "map float": full, "kept": round(code / full, 4)}


def measure(
    name: str,
    layer: LinearHashLayer,
    shop: Embeddings,
    found: tuple[Embeddings, Labels],
    queries: tuple[Embeddings, Labels],
) -> dict[str, Any]:
    """One shop: recall apart before and after, seconds, and mAP of the answers."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(shop))
    n_out = min(HELD_OUT, len(shop) // 5)
    apart, rest = shop[order[:n_out]], shop[order[n_out:]]
    start = time.process_time()
    fitted = refit_layer(layer, rest[:LEARNED_FROM], seed=SEED)
    seconds = time.process_time() - start
    row = {
        "shop": name,
        "pictures": len(shop),
        "seconds": round(seconds, 2),
        "recall before": round(layer_recall(layer, apart, rest), 4),
        "recall after": round(layer_recall(fitted, apart, rest), 4),
    }
    # What is no better on the pictures apart is refused, and the old layer serves on.
    taken = row["recall after"] > row["recall before"]
    before, after = (figures(each, queries, found) for each in (layer, fitted))
    served = after if taken else before
    own = not np.array_equal(fitted.rotation, layer.rotation)
    row |= {
        "learned": "rotation" if own else "thresholds",
        "taken": taken,
        "kept before": before["kept"],
        "kept if taken": after["kept"],
        "kept": served["kept"],
        "map code": served["map code"],
        "map float": served["map float"],
    }
    print(row, flush=True)
    return row


def main() -> None:
    encoder = load_encoder(SHIPPED)
    rng = np.random.default_rng(SEED)
    queries = look(encoder, "grocery.tar:val")
    icons = look(encoder, "grocery.tar:iconic")
    photos = look(encoder, "grocery.tar:train")
    some = np.sort(rng.permutation(len(photos[0]))[:1000])
    thousand = photos[0][some], [photos[1][row] for row in some]
    layer = encoder.layer
    rows = [
        measure("catalogue pictures", layer, icons[0], icons, queries),
        measure("train photos, some", layer, thousand[0], thousand, queries),
        measure("train photos", layer, photos[0], photos, queries),
        measure(
            "train photos and noise around them",
            layer,
            crowd(photos[0], 100_000, rng),
            photos,
            queries,
        ),
    ]
    result = {"seed": SEED, "encoder": encoder.fingerprint, "rows": rows}
    print(save_result("fitting", result))


if __name__ == "__main__":
    main()
