"""Codes of 32 to 512 bits: what the first bits of a long code are worth.

    python -m benchmarks.bench_prefixes [--seeds 3]

The set-up of `bench_methods`: groceries, half of the classes unseen. At each length
three codes: `fitted`, one rotation (ITQ) of that length; `first`, the first bits of a
code of 256 (beyond those, of one of 512) as `fit_itq` orders them; and `unordered`, the
first bits of one rotation of 256. mAP of codes, means over seeds with the deviation; on
the unseen half the layer was fitted to its gallery, without labels. Neighbours: of the
ten pictures nearest by embedding, how many are among the ten nearest by code, for
queries of the unseen half. `kept`: the share that first bits have of what is fitted.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from statistics import mean, pstdev
from typing import Any

from benchmarks.bench_methods import DIM, Side, by_code, features, halves
from benchmarks.shop import save_result
from hashing.evaluation.metrics import mean_figures
from hashing.evaluation.neighbour_recall import layer_recall
from hashing.evaluation.rankings import cosines
from hashing.fitting.projection import fit_projection
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer

LENGTHS = (32, 64, 96, 128, 160, 192, 224, 256, 384, 512)
NAMES = ("fitted", "first", "unordered")

Cell = tuple[str, int | None, str, float]  # which bits, how many, half, mAP


def first(layer: LinearHashLayer, n_bits: int) -> LinearHashLayer:
    """Return the first bits of a layer as a layer."""
    return LinearHashLayer(layer.rotation[:, :n_bits], layer.thresholds[:n_bits])


def measure(train: Side, val: Side, seed: int) -> Iterator[Cell]:
    """Return mAP on both halves, at every length."""
    halved = halves(train, val, seed)
    projection = fit_projection([halved[0][0].embeddings], DIM, whitening=0.0)
    for half, sides in zip(("seen", "unseen"), halved, strict=True):
        gallery, queries = (side.embedded(projection) for side in sides)
        stored = gallery.embeddings
        labels = {
            "query_labels": queries.labels.tolist(),
            "gallery_labels": gallery.labels.tolist(),
        }
        scores = cosines(queries.embeddings, stored)
        yield "float", None, half, mean_figures(scores, **labels)["map"]
        unordered = fit_itq(stored, DIM, seed=seed, prefixes=False)
        longest = fit_itq(stored, LENGTHS[-1], seed=seed)
        ordered = fit_itq(stored, DIM, seed=seed)
        for n_bits in LENGTHS:
            fitted = fit_itq(stored, n_bits, seed=seed, prefixes=False)
            layers = {"fitted": fitted}
            if n_bits <= DIM:
                layers["first"] = first(ordered, n_bits)
                layers["unordered"] = first(unordered, n_bits)
            else:
                layers["first"] = first(longest, n_bits)
            for name, layer in layers.items():
                yield name, n_bits, half, by_code(layer, gallery, queries)["map"]
                if half == "unseen":
                    near = layer_recall(layer, queries.embeddings, stored)
                    yield name, n_bits, "neighbours", near


def table(cells: list[Cell]) -> list[dict[str, Any]]:
    """Return a row for each length."""
    gathered: dict[tuple[str, int | None, str], list[float]] = defaultdict(list)
    for name, n_bits, half, figure in cells:
        gathered[name, n_bits, half].append(figure)
    rows = []
    for n_bits in (*LENGTHS, None):
        row: dict[str, Any] = {"n_bits": n_bits or "float"}
        for half in ("seen", "unseen", "neighbours"):
            names = NAMES if n_bits else ("float",)
            found = {name: gathered.get((name, n_bits, half)) for name in names}
            for name, figures in found.items():
                if figures:
                    told = f"{half}, {'fitted' if name == 'float' else name}"
                    row[told] = f"{mean(figures):.3f} ± {pstdev(figures):.3f}"
            begins, fitted = found.get("first"), found.get("fitted")
            if begins and fitted:
                row[f"{half}, kept"] = round(mean(begins) / mean(fitted), 3)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    train, val = features("train"), features("val")
    seeds = list(range(options.seeds))
    cells = []
    for seed in seeds:
        cells += list(measure(train, val, seed))
        print(f"seed {seed} is done", flush=True)
    rows = table(cells)
    for row in rows:
        print(row)
    network = "efficientnet_lite0, ImageNet"
    result = {"seeds": seeds, "network": network, "table": rows}
    print(save_result("prefixes", result))


if __name__ == "__main__":
    main()
