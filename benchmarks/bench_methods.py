"""All losses and layers in one table, on classes that were seen and on others.

    python -m benchmarks.bench_methods [--seeds 3] [--steps 150]

EfficientNet-Lite0's features of grocery.tar, as ImageNet left the network: the shipped
one was tuned to all of these classes, so that none of them is unseen to it. The 81
classes are split in two by the seed. The train pictures of the seen half give 256 main
axes, which make the embedding, and are what layers and heads learn from; then
validation photos of each half search the train pictures of that half, by packed bytes.
On the unseen half there are two columns more: thresholds moved to the middle of its
gallery, and, for what needs no labels, fitted to that gallery alone. Figures are mAP
and hit@1, ties by expectation, means over seeds with the deviation of mAP; and, on the
unseen half by the last of its columns, neighbours: of the ten nearest by embedding, the
share among the ten nearest by code. Features are kept in the temporary folder.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import numpy as np
import torch

from benchmarks.shop import DATA, save_result
from hashing.embeddings import Embeddings, l2_normalise, quantise_embeddings
from hashing.evaluation.metrics import mean_figures
from hashing.evaluation.neighbour_recall import neighbour_recall
from hashing.evaluation.rankings import code_similarity, cosines
from hashing.fitting.projection import Projection, fit_projection
from hashing.layers.hash_layer import HashLayer
from hashing.layers.heads import LinearHead, TwoLayerHead, train_head
from hashing.layers.linear import LinearHashLayer, recentre
from hashing.layers.named_layers import LAYERS, fit_layer
from hashing.networks.architectures import Network, load_imagenet_lite0
from hashing.networks.pixels import to_pixels
from hashing.picture_sets import PictureSet

BITS = (32, 64, 128, 256, 512)
LOSSES = (
    *("contrastive", "triplet", "proxy_anchor", "supcon"),
    *("dsh", "hashnet", "greedyhash", "csq", "orthohash"),
)
DIM = 256  # numbers in an embedding


@dataclass(frozen=True)
class Side:
    """Pictures: features (n, 1280), later embeddings (n, 256) int8, and classes."""

    embeddings: Any
    labels: np.ndarray[Any, Any]

    def of(self, classes: set[str]) -> "Side":
        chosen = np.isin(self.labels, list(classes))
        return Side(self.embeddings[chosen], self.labels[chosen])

    def embedded(self, by: Projection) -> "Side":
        return Side(quantise_embeddings(by(self.embeddings)), self.labels)


def features(split: str) -> Side:
    """One part of grocery.tar, from the temporary folder if it is there already."""
    cache = Path(tempfile.gettempdir()) / "semblance-imagenet-features.npz"
    stored = dict(np.load(cache)) if cache.exists() else {}
    if f"{split}_item" not in stored:
        pictures = PictureSet.parse(f"{DATA / 'grocery.tar'}:{split}")
        stored[f"{split}_item"] = seen_by(load_imagenet_lite0(), pictures)
        stored[f"{split}_labels"] = np.array(pictures.column("fine_label"))
        np.savez(cache, **stored)
    return Side(stored[f"{split}_item"], stored[f"{split}_labels"])


@torch.inference_mode()
def seen_by(network: Network, pictures: PictureSet) -> np.ndarray[Any, Any]:
    """Pooled features (n, 1280) of length one."""
    pixels = (to_pixels([one], network.input_size) for one in pictures.pictures())
    seen = [network(network.prepare(one)).numpy() for one in pixels]
    return l2_normalise(np.concatenate(seen))


@dataclass(frozen=True)
class TwoLayers:
    """A head of two layers whose hidden numbers are the embedding, as int8."""

    head: TwoLayerHead
    layer: LinearHashLayer

    @property
    def n_bits(self) -> int:
        return self.layer.n_bits

    def codes(self, embeddings: Embeddings) -> Any:
        return self.layer.codes(self._embed(embeddings))

    def recentred(self, embeddings: Embeddings) -> "TwoLayers":
        return TwoLayers(self.head, recentre(self.layer, self._embed(embeddings)))

    def _embed(self, embeddings: Embeddings) -> Embeddings:
        with torch.inference_mode():
            hidden = self.head.embed(torch.from_numpy(l2_normalise(embeddings)))
        return quantise_embeddings(hidden.numpy())


Layer = HashLayer | TwoLayers


def learn(
    loss: str, train: Side, n_bits: int, *, seed: int, steps: int, wide: bool
) -> Layer:
    """Train a head, with a hidden layer if it is wide."""
    torch.manual_seed(seed)
    dim = train.embeddings.shape[1]
    labels = train.labels.tolist()
    if not wide:
        head = LinearHead(dim, n_bits)
        train_head(head, train.embeddings, labels, loss=loss, steps=steps)
        return head.hash_layer()
    two_layers = TwoLayerHead(dim, n_bits)
    train_head(two_layers, train.embeddings, labels, loss=loss, steps=steps)
    return TwoLayers(two_layers, two_layers.head.hash_layer())


def recentred(layer: Layer, gallery: Side) -> Layer | None:
    """Move thresholds to the mean of a gallery, where a layer has any."""
    if isinstance(layer, TwoLayers):
        return layer.recentred(gallery.embeddings)
    if isinstance(layer, LinearHashLayer):
        return recentre(layer, gallery.embeddings)
    return None


def methods(steps: int) -> dict[str, Callable[[Side, int, int], Layer]]:
    """Every method as (train, n_bits, seed) to a layer, by the name of its row."""
    table: dict[str, Callable[[Side, int, int], Layer]] = {
        f"layer {name}": lambda train, n_bits, seed, name=name: fit_layer(
            name, train.embeddings, n_bits, seed=seed
        )
        for name in LAYERS
    }
    table["layer itq_within (labels)"] = lambda train, n_bits, seed: fit_layer(
        "itq_within_classes",
        train.embeddings,
        n_bits,
        seed=seed,
        labels=train.labels.tolist(),
    )
    for name in LOSSES:
        table[f"linear head, {name}"] = lambda train, n_bits, seed, name=name: learn(
            name, train, n_bits, seed=seed, steps=steps, wide=False
        )
    for name in ("supcon", "orthohash"):
        table[f"two-layer head, {name}"] = lambda t, n_bits, seed, name=name: learn(
            name, t, n_bits, seed=seed, steps=steps, wide=True
        )
    return table


def halves(
    train: Side, val: Side, seed: int
) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
    """Gallery and queries of the seen classes, and of the unseen."""
    classes = np.unique(train.labels)
    shuffled = np.random.default_rng(seed).permutation(classes).tolist()
    seen, unseen = set(shuffled[::2]), set(shuffled[1::2])
    return (train.of(seen), val.of(seen)), (train.of(unseen), val.of(unseen))


def figures(scores: Any, gallery: Side, queries: Side) -> dict[str, float]:
    names = {"query_labels": queries.labels.tolist()}
    found = mean_figures(scores, gallery_labels=gallery.labels.tolist(), **names)
    return {"map": found["map"], "hit@1": found["hit@1"]}


def by_code(layer: Layer, gallery: Side, queries: Side) -> dict[str, float]:
    codes = [layer.codes(side.embeddings) for side in (queries, gallery)]
    return figures(code_similarity(codes[0], codes[1]), gallery, queries)


def neighbours(layer: Layer, gallery: Side, queries: Side) -> dict[str, float]:
    stored, asked = gallery.embeddings, queries.embeddings
    return {
        "kept": neighbour_recall(layer.codes(asked), layer.codes(stored), asked, stored)
    }


Cell = tuple[str, int | None, str, dict[str, float]]  # method, bits, column, figures


def uncoded(
    name: str, seen: tuple[Side, Side], unseen: tuple[Side, Side]
) -> Iterator[Cell]:
    """Return the figures of cosines, which codes are to keep."""
    for column, (gallery, queries) in (("seen", seen), ("unseen", unseen)):
        scores = cosines(queries.embeddings, gallery.embeddings)
        yield name, None, column, figures(scores, gallery, queries)


def measure(seed: int, *, steps: int) -> list[Cell]:
    """Every cell of the table for one split of the classes."""
    torch.set_num_threads(1)
    return list(_measure(features("train"), features("val"), seed, steps))


def _measure(train: Side, val: Side, seed: int, steps: int) -> Iterator[Cell]:
    seen, unseen = halves(train, val, seed)
    yield from uncoded("float, 1280 features", seen, unseen)
    projection = fit_projection([seen[0].embeddings], DIM, whitening=0.0)
    seen = (seen[0].embedded(projection), seen[1].embedded(projection))
    unseen = (unseen[0].embedded(projection), unseen[1].embedded(projection))
    yield from uncoded("float, embedding", seen, unseen)
    for name, fit in methods(steps).items():
        for n_bits in BITS:
            if name == "layer pca" and n_bits > DIM:
                continue  # it has no more axes
            layer = fit(seen[0], n_bits, seed)
            yield name, n_bits, "seen", by_code(layer, *seen)
            yield name, n_bits, "unseen", by_code(layer, *unseen)
            moved = recentred(layer, unseen[0])
            if moved is not None:
                layer = moved
                yield name, n_bits, "recentred", by_code(layer, *unseen)
            if name.removeprefix("layer ") in LAYERS:
                layer = fit(unseen[0], n_bits, seed)
                yield name, n_bits, "refitted", by_code(layer, *unseen)
            yield name, n_bits, "neighbours", neighbours(layer, *unseen)


def summary(cells: list[Cell]) -> list[dict[str, Any]]:
    """One row for each method and number of bits, means over seeds."""
    gathered: dict[tuple[str, int | None], dict[str, list[dict[str, float]]]] = {}
    for name, n_bits, column, found in cells:
        row = gathered.setdefault((name, n_bits), defaultdict(list))
        row[column].append(found)
    rows = []
    for (name, n_bits), columns in gathered.items():
        row = {"method": name, "n_bits": n_bits}
        for column, found in columns.items():
            figures = list(found[0])
            means = {f: round(mean(one[f] for one in found), 4) for f in figures}
            spread = pstdev([one[figures[0]] for one in found])  # of the first
            row[column] = {**means, "±": round(spread, 4)}
        rows.append(row)
    return rows


def print_table(rows: list[dict[str, Any]]) -> None:
    columns = ("seen", "unseen", "recentred", "refitted")
    heads = (*columns, "neighbours")
    print(f"{'mAP / hit@1':32}" + "".join(f"{head:>14}" for head in heads))
    for row in rows:
        cells = [row.get(column) for column in columns]
        texts = [f"{c['map']:.3f} / {c['hit@1']:.3f}" if c else "–" for c in cells]
        name = f"{row['method']} {row['n_bits'] or ''}"
        near = row.get("neighbours")
        texts.append(f"{near['kept']:.3f}" if near else "–")
        print(f"{name:32}" + "".join(f"{text:>14}" for text in texts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    seeds = list(range(options.seeds))
    cells: list[Cell] = []
    for seed in seeds:
        cells += measure(seed, steps=options.steps)
        result = {"seeds": seeds[: seed + 1], "steps": options.steps}
        result["network"] = "efficientnet_lite0, ImageNet"
        path = save_result("methods", {**result, "rows": summary(cells)})
    print_table(summary(cells))
    print(path)


if __name__ == "__main__":
    main()
