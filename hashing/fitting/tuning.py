"""Tune the last stage of a network: to what pictures are of, and to photos of them.

Three things are asked of it at once. A picture is nearest to the direction of its
label, of one for each (a softmax of cosines: Wang et al., "NormFace", ACM MM 2017,
arXiv 1704.06369). A made-up photo of a picture is nearest, of a batch, to what the
untuned network sees in the picture itself (InfoNCE: van den Oord et al., 2018, arXiv
1807.03748). And each stays near what the untuned network sees in the same view, so that
what it was never taught is not forgotten (Hinton et al., 2015, arXiv 1503.02531). The
weights are means over the steps (Polyak and Juditsky, 1992), and then go but a part of
the way from ImageNet's, which is better on both sides (Wortsman et al., "Robust
fine-tuning of zero-shot models", CVPR 2022, arXiv 2109.01903).

All but the last stage stays as ImageNet left it, so views of a picture are seen by it
once; and a normalisation keeps ImageNet's statistics. It takes minutes on a CPU.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from hashing.efficientnet_lite import EfficientNetLite
from hashing.networks import Network
from hashing.training.views import as_pixels

BATCH = 64
WARM = 0.05  # share of the steps in which the rate rises
DIRECTIONS_RATE = 3.0  # of the labels' directions, beside the network's
STEEP, EVEN = 16.0, 0.1  # scale of cosines to labels, and smoothing of labels
NEAR = 0.1  # temperature of cosines between pictures
CLIPPED = 5.0  # length of a gradient
MEMORY = 20  # steps in which the mean of the weights begins
LEAST = 1e-7  # of a feature, so that its root has a slope

Maps = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Tuning:
    """How long, how fast, and what counts how much."""

    steps: int
    rate: float
    photos: float  # that a made-up photo shows its picture, beside the labels' one
    distillation: float  # that it sees what the untuned network sees
    way: float  # from ImageNet's weights (0) to those that were learned (1)


@dataclass(frozen=True)
class Subjects:
    """Pictures of one source with their views, as all but the last stage sees them."""

    maps: Maps  # (pictures * views, channels, rows, columns); first each as it is
    labels: Sequence[str]  # what each picture is of
    share: float  # of the pictures that are shown

    @property
    def turns(self) -> int:
        """How many views each picture has."""
        return len(self.maps) // len(self.labels)


def split(network: Network) -> tuple[nn.Module, nn.Module]:
    """A network of the Lite family: all but its last stage, and that."""
    body = network.body
    if not isinstance(body, EfficientNetLite):
        raise TypeError(f"only a Lite network is tuned, not {network.name}")
    return body.trunk[: body.last], body.trunk[body.last :]


@torch.inference_mode()
def seen_before(network: Network, views: Iterable[Image.Image]) -> Maps:
    """What all but the last stage sees in at least one picture."""
    before, maps, left = split(network)[0], [], iter(views)
    while some := list(islice(left, BATCH)):
        pixels = network.prepare(as_pixels(some, network.input_size))
        seen = before(pixels.contiguous(memory_format=torch.channels_last))
        maps.append(seen.contiguous().numpy().astype(np.float16))
    return np.concatenate(maps)


def tune(
    network: Network, taught: Sequence[Subjects], tuning: Tuning, *, seed: int
) -> Network:
    """The network with another last stage; the one that is given stays as it is."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tuned = copy.deepcopy(network)
    untuned, stage = split(network)[1], copy.deepcopy(split(network)[1])
    mean = split(tuned)[1]
    shown = _Shown.of(taught, untuned)
    directions = nn.Parameter(shown.directions())
    groups: list[dict[str, Any]] = [
        {"params": list(stage.parameters()), "lr": tuning.rate},
        {"params": [directions], "lr": tuning.rate * DIRECTIONS_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-4)
    warm = max(1, round(WARM * tuning.steps))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda at: (
            min(1, (at + 1) / warm) * (1 + np.cos(np.pi * at / tuning.steps)) / 2
        ),
    )
    for step in tqdm(range(tuning.steps), desc="tuning"):
        rows = rng.choice(len(shown.shares), BATCH, p=shown.shares)
        maps = mirrored(torch.from_numpy(shown.maps[rows]).float(), rng)
        seen = shown.directed(things(stage, maps))
        pictures, labels = shown.pictures[rows], torch.from_numpy(shown.labels[rows])
        cosines = STEEP * seen @ functional.normalize(directions).T
        value = functional.cross_entropy(cosines, labels, label_smoothing=EVEN)
        alike = seen @ shown.plainly[pictures].T / NEAR
        same = torch.from_numpy(pictures[:, None] == pictures[None]).float()
        photos = functional.cross_entropy(alike, same / same.sum(1, keepdim=True))
        kept = 1 - (seen * shown.untuned[rows]).sum(1).mean()
        value = value + tuning.photos * photos + tuning.distillation * kept
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(stage.parameters(), CLIPPED)
        optimiser.step()
        rate.step()
        follow(mean, stage, min(0.99, step / (step + MEMORY)))
    follow(mean, untuned, tuning.way)
    return tuned


def things(stage: nn.Module, maps: Tensor) -> Tensor:
    """Roots of features, as in what is known: (B, dim), of length one."""
    features = stage(maps.contiguous(memory_format=torch.channels_last)).mean((2, 3))
    return functional.normalize(features.clamp_min(LEAST).sqrt())


def mirrored(maps: Tensor, rng: np.random.Generator) -> Tensor:
    """Maps (B, …, columns), half of them the other way round."""
    turned = torch.from_numpy(rng.random(len(maps)) < 0.5)
    return torch.where(turned[:, None, None, None], maps.flip(3), maps)


@torch.no_grad()
def follow(mean: nn.Module, module: nn.Module, kept: float) -> None:
    """Move weights to a module's: `kept` of what they were, and the rest of its."""
    for old, new in zip(mean.parameters(), module.parameters(), strict=True):
        old.mul_(kept).add_(new, alpha=1 - kept)


@dataclass(frozen=True)
class _Shown:
    """All views, row by row, and what the untuned network makes of them."""

    maps: Maps  # (n, …)
    shares: npt.NDArray[np.float64]  # (n,), how often each is shown
    labels: npt.NDArray[np.int64]  # (n,)
    pictures: npt.NDArray[np.int64]  # (n,): of which picture it is a view
    centre: Tensor  # (dim,) of what is seen
    untuned: Tensor  # (n, dim): what the untuned network sees, less the centre
    plainly: Tensor  # (pictures, dim): of those without their made-up photos

    @classmethod
    def of(cls, taught: Sequence[Subjects], untuned: nn.Module) -> "_Shown":
        maps = np.concatenate([one.maps for one in taught])
        names = np.concatenate(
            [np.repeat(np.asarray(one.labels), one.turns) for one in taught]
        )
        labels = np.unique(names, return_inverse=True)[1].astype(np.int64)
        # Of labels with many views each counts for less, by the root of their number.
        rarity = np.bincount(labels)[labels] ** -0.5
        ends = np.cumsum([len(one.maps) for one in taught])[:-1]
        parts = zip(taught, np.split(rarity, ends), strict=True)
        shares = np.concatenate([one.share * own / own.sum() for one, own in parts])
        shares /= shares.sum()
        counts = np.concatenate([[one.turns] * len(one.labels) for one in taught])
        pictures = np.repeat(np.arange(len(counts)), counts)
        first = np.cumsum(counts) - counts
        with torch.inference_mode():
            seen = torch.cat(
                [
                    things(untuned, torch.from_numpy(some).float())
                    for some in np.array_split(maps, -(-len(maps) // BATCH))
                ]
            )
            centre = torch.from_numpy(shares).float() @ seen
            directed = functional.normalize(seen - centre)
        plainly = directed[torch.from_numpy(first)]
        return cls(maps, shares, labels, pictures, centre, directed, plainly)

    def directed(self, seen: Tensor) -> Tensor:
        """Less the centre, of length one."""
        return functional.normalize(seen - self.centre)

    def directions(self) -> Tensor:
        """Where each label begins: the middle of its views (labels, dim)."""
        labels = torch.from_numpy(self.labels)
        sums = torch.zeros(int(labels.max()) + 1, self.untuned.shape[1])
        return functional.normalize(sums.index_add(0, labels, self.untuned))
