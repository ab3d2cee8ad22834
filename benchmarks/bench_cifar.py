"""CIFAR-10, 59,000 in the gallery, 5,000 labels, 64 bits, mAP@all: against the papers.

    python -m benchmarks.bench_cifar [--seeds 1] [--epochs 10]

`benchmarks.cifar` says the protocol. Rows: what needs no labels (float features, LSH,
ITQ), heads on frozen features by each loss, and a network whose upper half (stages five
to seven) learned with the head. Beside each the baseline that shows whether a protocol
measures retrieval at all: the predicted class, in four bits (Sablayrolles et al., "How
should we evaluate supervised hashing?", ICASSP 2017). Packed bytes, ties by
expectation. On two cores the lower half takes twenty minutes once and each seed half an
hour; what was seen and learned is kept in the temporary folder.
"""

import argparse
import copy
from collections import defaultdict
from collections.abc import Iterator
from statistics import mean, pstdev
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks import cifar
from benchmarks.shop import save_result
from hashing.codes import Codes, hamming, pack
from hashing.encoder import open_network
from hashing.evaluation.metrics import Ranking
from hashing.layers.heads import LinearHead
from hashing.layers.itq import fit_itq
from hashing.layers.linear import quantise, unit
from hashing.layers.lsh import fit_lsh
from hashing.losses.by_name import make_loss

N_BITS = 64
LOSSES = (
    *("orthohash", "csq", "greedyhash", "supcon", "proxy_anchor"),
    *("triplet", "contrastive", "hashnet", "dsh"),
)
TUNED = "orthohash"
BATCH = 100
RATE, DECAY = 1e-3, 0.02
MIXED = 0.3  # how far two pictures are mixed: the parameter of a beta distribution
HEAD_STEPS = 600
GALLERY_BATCH = 100

Array = np.ndarray[Any, Any]


class Tuned(nn.Module):
    """Maps of the lower half to 64 outputs and 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.upper = cifar.upper()
        self.head = LinearHead(1280, N_BITS)
        self.classes = nn.Linear(1280, cifar.N_CLASSES)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        features = self.upper(maps.float()).mean((2, 3))
        return self.head(features), self.classes(features)


def tune(seed: int, epochs: int) -> Tuned:
    """The upper half, head and classifier, learned from the labelled pictures."""
    kept = cifar.CACHE / f"tuned-{seed}-{epochs}.pt"
    torch.manual_seed(seed)
    # On a CPU this order of numbers is a third faster.
    model = Tuned().to(memory_format=torch.channels_last)
    if kept.exists():
        model.load_state_dict(torch.load(kept, weights_only=True))
        return model.eval()
    maps = cifar.labelled_maps(seed)  # (views, 5000, 80, 8, 8)
    labels = torch.from_numpy(cifar.tiles()[1][cifar.split(seed).labelled])
    loss = make_loss(TUNED, n_classes=cifar.N_CLASSES, n_bits=N_BITS)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    per_epoch = len(labels) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=epochs * per_epoch, pct_start=0.1
    )
    rng = np.random.default_rng(seed)
    average = copy.deepcopy(model)
    for epoch in range(epochs):
        order = rng.permutation(len(labels)).reshape(per_epoch, BATCH)
        model.train()
        losses = []
        for rows in tqdm(order, f"epoch {epoch + 1}", mininterval=30):
            views = rng.integers(len(maps), size=BATCH)
            shown = torch.from_numpy(maps[views, rows]).float()
            shown = shown.contiguous(memory_format=torch.channels_last)
            share = float(rng.beta(MIXED, MIXED))
            other = torch.from_numpy(rng.permutation(BATCH))
            outputs, classes = model(share * shown + (1 - share) * shown[other])
            value = torch.zeros(())
            for weight, wanted in (
                (share, labels[rows]),
                (1 - share, labels[rows][other]),
            ):
                value = value + weight * loss(outputs, wanted)
                value = value + weight * nn.functional.cross_entropy(classes, wanted)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            follow(average, model)
            losses.append(value.item())
        print(f"seed {seed}, epoch {epoch + 1}: loss {mean(losses):.3f}", flush=True)
    torch.save(average.state_dict(), kept)
    return average.eval()


def follow(average: nn.Module, model: nn.Module, *, share: float = 0.99) -> None:
    """Move the mean of a model's last weights on by a step."""
    with torch.no_grad():
        states = zip(
            average.state_dict().values(), model.state_dict().values(), strict=True
        )
        for old, new in states:
            if old.is_floating_point():
                old.mul_(share).add_(new, alpha=1 - share)
            else:
                old.copy_(new)


class Features(nn.Module):
    """Maps of the lower half to pooled features, as ImageNet left the upper half."""

    def __init__(self) -> None:
        super().__init__()
        self.upper = cifar.upper().eval()

    def forward(self, maps: Tensor) -> Tensor:
        features: Tensor = self.upper(maps).mean((2, 3))
        return features


def seen(model: nn.Module, name: str, n_outputs: int) -> list[Array]:
    """Outputs of a model for all 60,000 pictures; kept in the temporary folder."""
    path = cifar.CACHE / f"{name}.npz"
    if not path.exists():
        network = cifar.CACHE / f"{name}.onnx"
        example = (torch.zeros(GALLERY_BATCH, 80, 8, 8),)
        torch.onnx.export(
            model.eval(), example, str(network), dynamo=True, verbose=False
        )
        session = open_network(network)
        maps = cifar.plain_maps()
        asked = session.get_inputs()[0].name
        starts = range(0, len(maps), GALLERY_BATCH)
        rows = [
            session.run(None, {asked: maps[at : at + GALLERY_BATCH].astype(np.float32)})
            for at in tqdm(starts, name, mininterval=30)
        ]
        outputs = [np.concatenate(column) for column in zip(*rows, strict=True)]
        np.savez(path, *outputs)
    with np.load(path) as stored:
        return [stored[f"arr_{number}"] for number in range(n_outputs)]


def head(loss_name: str, features: Array, split: cifar.Split, seed: int) -> Codes:
    """Codes of all pictures by a linear head on frozen features."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(unit(features[split.labelled]))
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
        return pack(model.eval()(torch.from_numpy(unit(features))).numpy())


def predicted(features: Array, split: cifar.Split, seed: int) -> Array:
    """Classes (60000,) by a linear classifier on frozen features."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(unit(features))
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
            precisions.append(Ranking.of(scores, relevant).average_precision())
    return float(np.mean(precisions))


def by_code(codes: Codes, split: cifar.Split) -> float:
    found = codes[split.gallery]
    return map_of(split, lambda rows: -hamming(codes[rows], found).astype(np.float64))


def by_class(classes: Array, split: cifar.Split) -> float:
    """Of the predicted class as a code: the same is near, all others are as far."""
    found = classes[split.gallery]
    return map_of(split, lambda rows: (classes[rows][:, None] == found).astype(float))


def by_cosine(vectors: Array, split: cifar.Split) -> float:
    units = unit(vectors)
    found = units[split.gallery]
    return map_of(split, lambda rows: (units[rows] @ found.T).astype(np.float64))


Cell = tuple[str, str, int | None, float]  # row, what it learned from, bits, mAP


def measure(seed: int, epochs: int) -> Iterator[Cell]:
    """Every row of one seed."""
    split = cifar.split(seed)
    outputs, classes = seen(tune(seed, epochs), f"tuned-{seed}-{epochs}", 2)
    tuned = "Lite0, upper half tuned"
    yield f"head, {TUNED}", tuned, N_BITS, by_code(pack(outputs), split)
    yield "predicted class", tuned, 4, by_class(classes.argmax(1), split)
    right = classes.argmax(1)[split.queries] == cifar.tiles()[1][split.queries]
    yield "(accuracy of the class)", tuned, None, float(right.mean())
    yield f"float outputs, {TUNED}", tuned, None, by_cosine(outputs, split)
    (features,) = seen(Features(), "features", 1)
    frozen = "frozen Lite0"
    for name in LOSSES:
        codes = head(name, features, split, seed)
        yield f"head, {name}", frozen, N_BITS, by_code(codes, split)
    predictions = predicted(features, split, seed)
    yield "predicted class", frozen, 4, by_class(predictions, split)
    stored = quantise(features)
    for name, fit in (("lsh", fit_lsh), ("itq", fit_itq)):
        layer = fit(stored[split.gallery][::4], N_BITS, seed=seed)
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
    parser.add_argument("--epochs", type=int, default=10)
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
