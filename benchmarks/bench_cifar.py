"""CIFAR-10, 59,000 in the gallery, 5,000 labels, 64 bits, mAP@all: against the papers.

    python -m benchmarks.bench_cifar [--seeds 1] [--epochs 14]

`benchmarks.cifar` says the protocol. Rows: what needs no labels (float features, LSH,
ITQ), heads on frozen features by each loss, and a network whose stages three to seven
learned with the head: from the labelled pictures alone, as the papers' do, and then
also from the gallery's other pictures, without their labels, as the first network sees
them (`benchmarks.cifar_tuning`); with codes by the loss, and with codes fitted to what
the network believes (`benchmarks.cifar_codes`). Beside each the baseline that shows
whether a protocol measures retrieval at all: the predicted class, in four bits
(Sablayrolles et al., "How should we evaluate supervised hashing?", ICASSP 2017). Packed
bytes, ties by expectation. A seed takes about an hour of a core; what was seen and
learned is kept in the temporary folder, and a run that was broken off goes on.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from statistics import mean, pstdev
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks import cifar
from benchmarks.cifar_codes import graded
from benchmarks.cifar_tuning import (
    N_BITS,
    TUNED,
    BothWays,
    Features,
    seen,
    tune,
    tune_again,
)
from benchmarks.shop import save_result
from hashing.codes import Codes, hamming, pack
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.evaluation.metrics import TiedRanking
from hashing.layers.heads import LinearHead
from hashing.layers.itq import fit_itq
from hashing.layers.lsh import fit_lsh
from hashing.losses.named_losses import make_loss

LOSSES = (
    *("orthohash", "csq", "greedyhash", "supcon", "proxy_anchor"),
    *("triplet", "contrastive", "hashnet", "dsh"),
)
HEAD_STEPS = 600

Array = np.ndarray[Any, Any]


def head(loss_name: str, features: Array, split: cifar.Split, seed: int) -> Codes:
    """Codes of all pictures by a linear head on frozen features."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(l2_normalise(features[split.labelled]))
    labels = torch.from_numpy(cifar.tiles()[1][split.labelled])
    model = LinearHead(vectors.shape[1], N_BITS)
    loss = make_loss(loss_name, n_classes=cifar.N_CLASSES, n_bits=N_BITS)
    numbers = [*model.parameters(), *loss.parameters()]
    optimiser = torch.optim.Adam(numbers, lr=1e-3)
    for _ in range(HEAD_STEPS):
        rows = torch.randint(len(vectors), (256,))
        value = loss(model(vectors[rows]), labels[rows])
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    with torch.inference_mode():
        return pack(model.eval()(torch.from_numpy(l2_normalise(features))).numpy())


def predicted(features: Array, split: cifar.Split, seed: int) -> Array:
    """Classes (60000,) by a linear classifier on frozen features."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(l2_normalise(features))
    labels = torch.from_numpy(cifar.tiles()[1])
    model = nn.Sequential(
        nn.BatchNorm1d(vectors.shape[1], affine=False),
        nn.Linear(vectors.shape[1], cifar.N_CLASSES),
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    for _ in range(HEAD_STEPS):
        rows = torch.from_numpy(split.labelled)[
            torch.randint(len(split.labelled), (256,))
        ]
        value = nn.functional.cross_entropy(model(vectors[rows]), labels[rows])
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    with torch.inference_mode():
        return model.eval()(vectors).argmax(1).numpy()


def map_of(split: cifar.Split, near: Any) -> float:
    """mAP@all of `near`: rows of queries to their scores of the gallery."""
    labels = cifar.tiles()[1]
    precisions = []
    for start in range(0, len(split.queries), 50):
        rows = split.queries[start : start + 50]
        for row, scores in zip(rows, near(rows), strict=True):
            relevant = labels[split.gallery] == labels[row]
            precisions.append(
                TiedRanking.from_scores(scores, relevant).average_precision()
            )
    return float(np.mean(precisions))


def by_code(codes: Codes, split: cifar.Split) -> float:
    found = codes[split.gallery]
    return map_of(split, lambda rows: -hamming(codes[rows], found).astype(np.float64))


def by_class(classes: Array, split: cifar.Split) -> float:
    """Of the predicted class as a code: the same is near, all others are as far."""
    found = classes[split.gallery]
    return map_of(split, lambda rows: (classes[rows][:, None] == found).astype(float))


def by_cosine(vectors: Array, split: cifar.Split) -> float:
    units = l2_normalise(vectors)
    found = units[split.gallery]
    return map_of(split, lambda rows: (units[rows] @ found.T).astype(np.float64))


def by_product(likely: Array, split: cifar.Split) -> float:
    """Of how likely two pictures are of one class."""
    found = likely[split.gallery].T.astype(np.float64)
    return map_of(split, lambda rows: likely[rows] @ found)


Cell = tuple[str, str, int | None, float]  # row, what it learned from, bits, mAP


def tuned(
    name: str, outputs: Array, likely: Array, split: cifar.Split, seed: int
) -> Iterator[Cell]:
    """Rows of a tuned network: its outputs (60000, 64), and of classes (60000, 10)."""
    yield f"head, {TUNED}", name, N_BITS, by_code(pack(outputs), split)
    codes = graded(likely, split, seed)
    yield "codes of likelihoods", name, N_BITS, by_code(codes, split)
    yield "predicted class", name, 4, by_class(likely.argmax(1), split)
    right = likely.argmax(1)[split.queries] == cifar.tiles()[1][split.queries]
    yield "(accuracy of the class)", name, None, float(right.mean())
    yield f"float outputs, {TUNED}", name, None, by_cosine(outputs, split)
    yield "float probabilities of classes", name, None, by_product(likely, split)


def measure(seed: int, epochs: int) -> Iterator[Cell]:
    """Every row of one seed."""
    split = cifar.split(seed)
    first = tune(seed, epochs)
    outputs, likely = seen(BothWays(first), f"first-{seed}-{epochs}", 2)
    yield from tuned("Lite0, tuned", outputs, likely, split, seed)
    again = tune_again(first, likely, seed, epochs)
    outputs, likely = seen(BothWays(again), f"second-{seed}-{epochs}", 2)
    name = "Lite0, tuned, the gallery unlabelled too"
    yield from tuned(name, outputs, likely, split, seed)
    (features,) = seen(Features().eval(), "features-plain", 1)
    frozen = "frozen Lite0"
    for name in LOSSES:
        codes = head(name, features, split, seed)
        yield f"head, {name}", frozen, N_BITS, by_code(codes, split)
    predictions = predicted(features, split, seed)
    yield "predicted class", frozen, 4, by_class(predictions, split)
    stored = quantise_embeddings(features)
    some = stored[split.gallery][::4]
    layers = {
        "lsh": fit_lsh(some, N_BITS, seed=seed),
        "itq": fit_itq(some, N_BITS, seed=seed, prefixes=False),
    }
    for name, layer in layers.items():
        yield name, frozen, N_BITS, by_code(layer.codes(stored), split)
    yield "float features", frozen, None, by_cosine(features, split)


def summary(
    gathered: dict[tuple[str, str, int | None], list[float]],
) -> list[dict[str, Any]]:
    """Means over seeds, and deviations."""
    return [
        {
            "method": method,
            "backbone": backbone,
            "n_bits": n_bits,
            "map": round(mean(figures), 4),
            "±": round(pstdev(figures), 4),
        }
        for (method, backbone, n_bits), figures in gathered.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=14)
    options = parser.parse_args()
    torch.set_num_threads(1)
    gathered: dict[tuple[str, str, int | None], list[float]] = defaultdict(list)
    for seed in range(options.seeds):
        for *key, figure in measure(seed, options.epochs):
            gathered[tuple(key)].append(figure)
            print(f"seed {seed} {figure:.4f}  {key}", flush=True)
            result = {
                "seeds": list(range(seed + 1)),
                "epochs": options.epochs,
                "protocol": "1,000 queries, 59,000 in the gallery, 5,000 labels, "
                "64 bits, mAP@all",
                "rows": summary(gathered),
            }
            path = save_result("cifar", result)  # each row, as it takes hours
    print(path)


if __name__ == "__main__":
    main()
