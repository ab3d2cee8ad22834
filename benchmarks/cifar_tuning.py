"""EfficientNet-Lite0 tuned to CIFAR-10, with few labels.

The first network learns from the 5,000 labelled pictures alone. The second goes on from
there with the whole gallery: what the first makes of a picture without a label is what
the second learns of it, from a view that is moved, mirrored and partly hidden (Xie et
al., "Self-training with Noisy Student", CVPR 2020, arXiv 1911.04252). No label but
those of the 5,000 is used, and no query is seen. Weights are means over the last steps.

The first convolution and two stages stay as ImageNet left them: they take half of a
step's time and see edges, which tiny pictures have too.
"""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
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
from hashing.losses.named_losses import make_loss
from hashing.networks.architectures import load_imagenet_lite0

N_BITS = 64
TUNED = "orthohash"
SIDE = 112  # pixels that a picture of 32 is enlarged to
LOWER = 4 + 3  # modules of the trunk: its first convolution, and two stages
BATCH = 100
DECAY = 0.02
RATE, AGAIN_RATE = 7e-4, 4e-4  # of the first network, and of the second
MIXED = 0.3  # how far two pictures are mixed: the parameter of a beta distribution
WITH_LABELS = 16  # of a batch of the second network
AGAIN_STEPS = 500
SURE = 0.9  # probability from which a class counts for the code, too
SHARPER = 2.0  # power of probabilities that are learned from
KEPT = 100  # steps between two files to go on from

CACHE = Path(tempfile.gettempdir()) / "semblance-cifar"

Array = np.ndarray[Any, Any]
Step = Callable[["Tuned", np.random.Generator], Tensor]  # a batch's loss


class Features(nn.Module):
    """Pictures (B, 3, 32, 32) of 0..255 to features (B, 1280), half of it frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.network = load_imagenet_lite0()
        self.lower = self.network.body.trunk[:LOWER].requires_grad_(False)
        self.upper = self.network.body.trunk[LOWER:]

    def train(self, mode: bool = True) -> "Features":
        super().train(mode)
        self.lower.eval()
        return self

    def forward(self, pictures: Tensor) -> Tensor:
        large = functional.interpolate(
            pictures, size=(SIDE, SIDE), mode="bicubic", align_corners=False
        )
        features: Tensor = self.upper(self.lower(self.network.prepare(large)))
        return features.mean((2, 3))


class Tuned(nn.Module):
    """Pictures (B, 3, 32, 32) of 0..255 to 64 outputs and 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.features = Features()
        self.head = LinearHead(1280, N_BITS)
        self.classes = nn.Linear(1280, cifar.N_CLASSES)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(pictures)
        return self.head(features), self.classes(features)


class BothWays(nn.Module):
    """A tuned network's means over a picture and its mirror image."""

    def __init__(self, tuned: Tuned) -> None:
        super().__init__()
        self.tuned = tuned

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        outputs, classes = self.tuned(pictures)
        mirrored, again = self.tuned(pictures.flip(3))
        likely = (classes.softmax(1) + again.softmax(1)) / 2
        return (outputs + mirrored) / 2, likely


def tune(seed: int, epochs: int) -> Tuned:
    """Learned from the labelled pictures alone."""
    pictures, labels = cifar.tiles()
    known = cifar.split(seed).labelled
    loss = make_loss(TUNED, n_classes=cifar.N_CLASSES, n_bits=N_BITS)

    def step(model: Tuned, rng: np.random.Generator) -> Tensor:
        rows = rng.choice(known, BATCH, replace=False)
        shown, wanted = views(pictures[rows], rng), torch.from_numpy(labels[rows])
        share = float(rng.beta(MIXED, MIXED))
        other = torch.from_numpy(rng.permutation(BATCH))
        outputs, classes = model(share * shown + (1 - share) * shown[other])
        value = torch.zeros(())
        for weight, told in ((share, wanted), (1 - share, wanted[other])):
            value = value + weight * loss(outputs, told)
            value = value + weight * functional.cross_entropy(classes, told)
        return value

    torch.manual_seed(seed)
    steps = epochs * len(known) // BATCH
    name = f"first-{seed}-{epochs}"
    return learn(Tuned(), step, name=name, steps=steps, rate=RATE, seed=seed)


def tune_again(first: Tuned, likely: Array, seed: int, epochs: int) -> Tuned:
    """Gone on from the first with the whole gallery, and its `likely` (60000, 10)."""
    split = cifar.split(seed)
    pictures, labels = cifar.tiles()
    sharp = likely**SHARPER / (likely**SHARPER).sum(axis=1, keepdims=True)
    sharp[split.labelled] = np.eye(cifar.N_CLASSES)[labels[split.labelled]]
    told = torch.from_numpy(sharp.astype(np.float32))
    loss = make_loss(TUNED, n_classes=cifar.N_CLASSES, n_bits=N_BITS)

    def step(model: Tuned, rng: np.random.Generator) -> Tensor:
        known = rng.choice(split.labelled, WITH_LABELS, replace=False)
        others = rng.choice(split.gallery, BATCH - WITH_LABELS, replace=False)
        rows = np.concatenate([known, others])
        outputs, classes = model(views(pictures[rows], rng))
        wanted = told[torch.from_numpy(rows)]
        best, named = wanted.max(1)
        sure = best >= SURE
        value: Tensor = functional.cross_entropy(classes, wanted)
        return value + loss(outputs[sure], named[sure])

    torch.manual_seed(seed)
    name = f"second-{seed}-{epochs}"
    model = copy.deepcopy(first)
    return learn(model, step, name=name, steps=AGAIN_STEPS, rate=AGAIN_RATE, seed=seed)


def views(pictures: Array, rng: np.random.Generator) -> Tensor:
    """Of each picture (B, 32, 32, 3) one, as a network takes them: (B, 3, 32, 32)."""
    changed = np.stack([cifar.changed(picture, rng) for picture in pictures])
    return planes(changed)


def planes(pictures: Array) -> Tensor:
    """Bytes (B, 32, 32, 3) as numbers (B, 3, 32, 32)."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float()


def learn(
    model: Tuned, step: Step, *, name: str, steps: int, rate: float, seed: int
) -> Tuned:
    """So many steps; the mean of the last weights. Goes on where it was broken off."""
    # On a CPU this order of numbers is a third faster.
    model = model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.1
    )
    CACHE.mkdir(exist_ok=True)
    kept = CACHE / f"{name}.pt"
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
    """Return outputs for all 60,000 pictures, cached in the temporary folder."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"{name}.npz"
    if not path.exists():
        network = CACHE / f"{name}.onnx"
        example = (torch.zeros(BATCH, 3, 32, 32),)
        model = model.to(memory_format=torch.contiguous_format).eval()
        torch.onnx.export(model, example, str(network), dynamo=True, verbose=False)
        session = open_network(network)
        asked = session.get_inputs()[0].name
        pictures = cifar.tiles()[0]
        rows = [
            session.run(None, {asked: planes(pictures[at : at + BATCH]).numpy()})
            for at in tqdm(range(0, len(pictures), BATCH), name, mininterval=60)
        ]
        outputs = [np.concatenate(column) for column in zip(*rows, strict=True)]
        np.savez(path, *outputs)
    with np.load(path) as stored:
        return [stored[f"arr_{number}"] for number in range(n_outputs)]
