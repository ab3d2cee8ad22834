"""The upper half of EfficientNet-Lite0 tuned to CIFAR-10, with few labels.

The first network learns from the 5,000 labelled pictures alone. The second goes on from
there with the whole gallery: what the first makes of a picture without a label is what
the second learns of it, from a mirrored and partly hidden view (Xie et al.,
"Self-training with Noisy Student", CVPR 2020, arXiv 1911.04252). No label but those of
the 5,000 is used, and no query is seen. Weights are means over the last steps.
"""

import copy
from collections.abc import Callable
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from benchmarks import cifar
from hashing.encoder import open_network
from hashing.layers.heads import LinearHead
from hashing.losses.by_name import make_loss

N_BITS = 64
TUNED = "orthohash"
BATCH = 100
DECAY = 0.02
RATE, AGAIN_RATE = 7e-4, 4e-4  # of the first network, and of the second
MIXED = 0.3  # how far two pictures are mixed: the parameter of a beta distribution
WITH_LABELS = 16  # of a batch of the second network
AGAIN_STEPS = 300
SURE = 0.9  # probability from which a class counts for the code, too
SHARPER = 2.0  # power of probabilities that are learned from
HIDDEN = 3  # cells of a view that are hidden, each way
KEPT = 100  # steps between two files to go on from
GALLERY_BATCH = 100

Array = np.ndarray[Any, Any]
Step = Callable[["Tuned", np.random.Generator], Tensor]  # a batch's loss


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


class BothWays(nn.Module):
    """A tuned network's means over a picture and its mirror image."""

    def __init__(self, tuned: Tuned) -> None:
        super().__init__()
        self.tuned = tuned

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        outputs, classes = self.tuned(maps)
        mirrored, again = self.tuned(maps.flip(3))
        likely = (classes.softmax(1) + again.softmax(1)) / 2
        return (outputs + mirrored) / 2, likely


class Features(nn.Module):
    """Maps of the lower half to pooled features, as ImageNet left the upper half."""

    def __init__(self) -> None:
        super().__init__()
        self.upper = cifar.upper().eval()

    def forward(self, maps: Tensor) -> Tensor:
        features: Tensor = self.upper(maps).mean((2, 3))
        return features


def tune(seed: int, epochs: int) -> Tuned:
    """Learned from the labelled pictures alone."""
    maps = cifar.labelled_maps(seed)  # (views, 5000, 80, 10, 10)
    labels = torch.from_numpy(cifar.tiles()[1][cifar.split(seed).labelled])
    loss = make_loss(TUNED, n_classes=cifar.N_CLASSES, n_bits=N_BITS)

    def step(model: Tuned, rng: np.random.Generator) -> Tensor:
        rows = rng.choice(len(labels), BATCH, replace=False)
        shown = shown_as(maps[rng.integers(len(maps), size=BATCH), rows], rng)
        share = float(rng.beta(MIXED, MIXED))
        other = torch.from_numpy(rng.permutation(BATCH))
        outputs, classes = model(share * shown + (1 - share) * shown[other])
        value = torch.zeros(())
        for weight, wanted in (
            (share, labels[rows]),
            (1 - share, labels[rows][other]),
        ):
            value = value + weight * loss(outputs, wanted)
            value = value + weight * functional.cross_entropy(classes, wanted)
        return value

    torch.manual_seed(seed)
    steps = epochs * len(labels) // BATCH
    name = f"tuned-{seed}-{epochs}"
    return learn(Tuned(), step, name=name, steps=steps, rate=RATE, seed=seed)


def tune_again(first: Tuned, likely: Array, seed: int, epochs: int) -> Tuned:
    """Gone on from the first with the whole gallery, and its `likely` (60000, 10)."""
    split = cifar.split(seed)
    plain, own = cifar.plain_maps(), cifar.labelled_maps(seed)
    sharp = likely**SHARPER / (likely**SHARPER).sum(axis=1, keepdims=True)
    sharp[split.labelled] = np.eye(cifar.N_CLASSES)[cifar.tiles()[1][split.labelled]]
    told = torch.from_numpy(sharp.astype(np.float32))
    loss = make_loss(TUNED, n_classes=cifar.N_CLASSES, n_bits=N_BITS)

    def step(model: Tuned, rng: np.random.Generator) -> Tensor:
        known = rng.choice(len(split.labelled), WITH_LABELS, replace=False)
        others = rng.choice(split.gallery, BATCH - WITH_LABELS, replace=False)
        views = own[rng.integers(len(own), size=WITH_LABELS), known]
        shown = shown_as(np.concatenate([views, plain[np.sort(others)]]), rng)
        rows = np.concatenate([split.labelled[known], np.sort(others)])
        outputs, classes = model(hide(shown, rng))
        wanted = told[torch.from_numpy(rows)]
        best, named = wanted.max(1)
        sure = best >= SURE
        value: Tensor = functional.cross_entropy(classes, wanted)
        return value + loss(outputs[sure], named[sure])

    torch.manual_seed(seed)
    name = f"again-{seed}-{epochs}"
    model = copy.deepcopy(first)
    return learn(model, step, name=name, steps=AGAIN_STEPS, rate=AGAIN_RATE, seed=seed)


def shown_as(maps: Array, rng: np.random.Generator) -> Tensor:
    """Maps (B, 80, 10, 10) as a network takes them, half of them mirrored."""
    shown = torch.from_numpy(maps).float()
    mirrored = torch.from_numpy(rng.random(len(shown)) < 0.5)
    shown = torch.where(mirrored[:, None, None, None], shown.flip(3), shown)
    # On a CPU this order of numbers is a third faster.
    return shown.contiguous(memory_format=torch.channels_last)


def hide(maps: Tensor, rng: np.random.Generator) -> Tensor:
    """Maps with a patch of each second picture at the picture's mean."""
    hidden = maps.clone()
    for picture in range(0, len(maps), 2):
        top, left = rng.integers(0, cifar.CELLS - HIDDEN + 1, 2)
        patch = (picture, slice(None), slice(top, top + HIDDEN))
        means = maps[picture].mean((1, 2))[:, None, None]
        hidden[(*patch, slice(left, left + HIDDEN))] = means
    return hidden


def learn(
    model: Tuned, step: Step, *, name: str, steps: int, rate: float, seed: int
) -> Tuned:
    """So many steps; the mean of the last weights. Goes on where it was broken off."""
    model = model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.1
    )
    kept = cifar.CACHE / f"{name}.pt"
    parts = {"model": model, "average": average, "optimiser": optimiser}
    state: dict[str, Any] = {"step": 0}
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        for part, own in {**parts, "schedule": schedule}.items():
            own.load_state_dict(state[part])
    losses: list[float] = []
    for number in tqdm(range(state["step"], steps), name, mininterval=60):
        value = step(model, np.random.default_rng([seed, 2, number]))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        follow(average, model)
        losses.append(value.item())
        if (number + 1) % KEPT == 0 or number + 1 == steps:
            print(f"{name}, step {number + 1}: loss {mean(losses):.3f}", flush=True)
            losses.clear()
            state = {part: own.state_dict() for part, own in parts.items()}
            state |= {"schedule": schedule.state_dict(), "step": number + 1}
            torch.save(state, kept)
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


def seen(model: nn.Module, name: str, n_outputs: int) -> list[Array]:
    """Outputs of a model for all 60,000 pictures; kept in the temporary folder."""
    path = cifar.CACHE / f"{name}.npz"
    if not path.exists():
        network = cifar.CACHE / f"{name}.onnx"
        example = (torch.zeros(GALLERY_BATCH, 80, cifar.CELLS, cifar.CELLS),)
        torch.onnx.export(
            model.eval(), example, str(network), dynamo=True, verbose=False
        )
        session = open_network(network)
        maps = cifar.plain_maps()
        asked = session.get_inputs()[0].name
        starts = range(0, len(maps), GALLERY_BATCH)
        rows = [
            session.run(None, {asked: maps[at : at + GALLERY_BATCH].astype(np.float32)})
            for at in tqdm(starts, name, mininterval=60)
        ]
        outputs = [np.concatenate(column) for column in zip(*rows, strict=True)]
        np.savez(path, *outputs)
    with np.load(path) as stored:
        return [stored[f"arr_{number}"] for number in range(n_outputs)]
