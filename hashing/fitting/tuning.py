"""Tune a network's last stage to labels, and to synthetic photos of the pictures.

Three losses are added up. A picture is drawn to a learned proxy of its label (a softmax
of cosines: Wang et al., "NormFace", ACM MM 2017, arXiv 1704.06369). A synthetic photo
is drawn to what the untuned network computes for the picture itself, among the pictures
of a batch (InfoNCE: van den Oord et al., 2018, arXiv 1807.03748). And every view stays
near what the untuned network computes for it, so that nothing is forgotten (Hinton et
al., 2015, arXiv 1503.02531).

The resulting weights are averages over the steps (Polyak and Juditsky, 1992), and are
then interpolated with those of ImageNet, which is better on both sides (Wortsman et
al., "Robust fine-tuning of zero-shot models", CVPR 2022, arXiv 2109.01903).

All stages but the last, the stem, keep ImageNet's weights, so the maps they compute for
each view are computed once. Batch normalisation keeps ImageNet's statistics. Tuning
takes minutes on a CPU.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from hashing.arrays import Float64Array, IntArray
from hashing.networks.architectures import Network
from hashing.networks.efficientnet_lite import EfficientNetLite
from hashing.networks.pixels import to_pixels

BATCH = 64
WARMUP_SHARE = 0.05  # of the steps, in which the learning rate rises
PROXY_RATE_FACTOR = 3.0  # learning rate of the proxies, relative to the network's
LABEL_SCALE, LABEL_SMOOTHING = 16.0, 0.1
PHOTO_TEMPERATURE = 0.1
WEIGHT_DECAY = 1e-4
MAX_GRADIENT_NORM = 5.0
AVERAGING_STEPS = 20  # in which the average of the weights starts up
MAX_KEPT = 0.99  # of that average, in one step
ROOT_EPSILON = 1e-7  # keeps the slope of a feature's root finite
MIRRORED_SHARE = 0.5

StemMaps = npt.NDArray[np.float16]


@dataclass(frozen=True)
class TuningOptions:
    """How long and how fast to tune, and the weights of the losses."""

    steps: int
    learning_rate: float
    photo_weight: float  # of the loss of synthetic photos, beside that of labels
    distillation_weight: float  # of staying near the untuned network
    interpolation: float  # from ImageNet's weights (0) to the tuned ones (1)


@dataclass(frozen=True)
class TuningViews:
    """Views of one source's pictures: the picture itself, then photos of it."""

    maps: StemMaps  # (pictures * views, channels, rows, columns), picture by picture
    labels: Sequence[str]  # of each picture
    share: float  # of the pictures in a batch

    @property
    def n_views(self) -> int:
        """Number of views of each picture."""
        return len(self.maps) // len(self.labels)


def split_last_stage(network: Network) -> tuple[nn.Module, nn.Module]:
    """Split a Lite network into its stem, all but the last stage, and that stage."""
    body = network.body
    if not isinstance(body, EfficientNetLite):
        raise TypeError(f"only a Lite network is tuned, not {network.name}")
    return body.trunk[: body.last_stage], body.trunk[body.last_stage :]


@torch.inference_mode()
def compute_stem_maps(network: Network, views: Iterable[Image.Image]) -> StemMaps:
    """Compute the maps before the last stage for at least one view."""
    stem, maps, remaining = split_last_stage(network)[0], [], iter(views)
    while batch := list(islice(remaining, BATCH)):
        pixels = network.prepare(to_pixels(batch, network.input_size))
        outputs = stem(pixels.contiguous(memory_format=torch.channels_last))
        maps.append(outputs.contiguous().numpy().astype(np.float16))
    return np.concatenate(maps)


def tune(
    network: Network,
    sources: Sequence[TuningViews],
    options: TuningOptions,
    *,
    seed: int,
) -> Network:
    """Return a copy of the network with its last stage tuned."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tuned = copy.deepcopy(network)
    untuned_stage = split_last_stage(network)[1]
    stage, average = copy.deepcopy(untuned_stage), split_last_stage(tuned)[1]
    views = _TuningSet.gather(sources, untuned_stage)
    proxies = nn.Parameter(views.initial_proxies())
    optimiser = _make_optimiser(stage, proxies, options)
    schedule = _make_schedule(optimiser, options.steps)
    for step in tqdm(range(options.steps), desc="tuning"):
        rows = rng.choice(len(views.shares), BATCH, p=views.shares)
        maps = mirror_some(torch.from_numpy(views.maps[rows]).float(), rng)
        outputs = views.centred(root_features(stage, maps))
        loss = _tuning_loss(outputs, proxies, views, rows, options)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(stage.parameters(), MAX_GRADIENT_NORM)
        optimiser.step()
        schedule.step()
        kept = min(MAX_KEPT, step / (step + AVERAGING_STEPS))
        move_towards(average, stage, kept=kept)
    move_towards(average, untuned_stage, kept=options.interpolation)
    return tuned


def _make_optimiser(
    stage: nn.Module, proxies: nn.Parameter, options: TuningOptions
) -> torch.optim.AdamW:
    rate = options.learning_rate
    groups: list[dict[str, Any]] = [
        {"params": list(stage.parameters()), "lr": rate},
        {"params": [proxies], "lr": rate * PROXY_RATE_FACTOR},
    ]
    return torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)


def _make_schedule(
    optimiser: torch.optim.Optimizer, n_steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Make a linear warm-up, followed by half a cosine down to zero."""
    n_warmup = max(1, round(WARMUP_SHARE * n_steps))
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: (
            min(1, (step + 1) / n_warmup) * (1 + np.cos(np.pi * step / n_steps)) / 2
        ),
    )


def _tuning_loss(
    outputs: Tensor,
    proxies: Tensor,
    views: "_TuningSet",
    rows: npt.NDArray[np.intp],
    options: TuningOptions,
) -> Tensor:
    """Add up the losses of labels, of photos and of distillation."""
    pictures, labels = views.pictures[rows], torch.from_numpy(views.labels[rows])
    logits = LABEL_SCALE * outputs @ functional.normalize(proxies).T
    by_label = functional.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
    logits = outputs @ views.untuned_pictures[pictures].T / PHOTO_TEMPERATURE
    same = torch.from_numpy(pictures[:, None] == pictures[None]).float()
    by_photo = functional.cross_entropy(logits, same / same.sum(1, keepdim=True))
    distance = 1 - (outputs * views.untuned[rows]).sum(1).mean()
    return (
        by_label
        + options.photo_weight * by_photo
        + options.distillation_weight * distance
    )


def root_features(stage: nn.Module, maps: Tensor) -> Tensor:
    """Compute the root of the pooled features, (B, dim) of length one.

    The combined features contain it too (`hashing.networks.feature_network`).
    """
    features = stage(maps.contiguous(memory_format=torch.channels_last)).mean((2, 3))
    return functional.normalize(features.clamp_min(ROOT_EPSILON).sqrt())


def mirror_some(maps: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror about half of the maps (B, …, columns) from left to right."""
    is_mirrored = torch.from_numpy(rng.random(len(maps)) < MIRRORED_SHARE)
    return torch.where(is_mirrored[:, None, None, None], maps.flip(3), maps)


@torch.no_grad()
def move_towards(average: nn.Module, module: nn.Module, *, kept: float) -> None:
    """Replace weights by `kept` of themselves and the rest of another module's."""
    pairs = zip(average.parameters(), module.parameters(), strict=True)
    for old, new in pairs:
        old.mul_(kept).add_(new, alpha=1 - kept)


@dataclass(frozen=True)
class _TuningSet:
    """The views of all sources, and what the untuned network computes for them."""

    maps: StemMaps  # (n, …)
    shares: Float64Array  # (n,), probability of each view in a draw
    labels: IntArray  # (n,)
    pictures: IntArray  # (n,), the picture that each is a view of
    centre: Tensor  # (dim,), mean of the root features
    untuned: Tensor  # (n, dim), centred root features of the untuned network
    untuned_pictures: Tensor  # (pictures, dim), those of the pictures themselves

    @classmethod
    def gather(
        cls, sources: Sequence[TuningViews], untuned_stage: nn.Module
    ) -> "_TuningSet":
        maps = np.concatenate([source.maps for source in sources])
        names = np.concatenate(
            [np.repeat(np.asarray(each.labels), each.n_views) for each in sources]
        )
        labels = np.unique(names, return_inverse=True)[1].astype(np.int64)
        shares = cls._view_shares(sources, labels)
        counts = np.concatenate([[each.n_views] * len(each.labels) for each in sources])
        pictures = np.repeat(np.arange(len(counts)), counts)
        first_views = np.cumsum(counts) - counts
        with torch.inference_mode():
            features = torch.cat(
                [
                    root_features(untuned_stage, torch.from_numpy(batch).float())
                    for batch in np.array_split(maps, ceil(len(maps) / BATCH))
                ]
            )
            centre = torch.from_numpy(shares).float() @ features
            untuned = functional.normalize(features - centre)
        of_pictures = untuned[torch.from_numpy(first_views)]
        return cls(maps, shares, labels, pictures, centre, untuned, of_pictures)

    @staticmethod
    def _view_shares(sources: Sequence[TuningViews], labels: IntArray) -> Float64Array:
        """Divide each source's share among its views, labels by the root of size."""
        rarity = np.bincount(labels)[labels] ** -0.5
        ends = np.cumsum([len(source.maps) for source in sources])[:-1]
        parts = zip(sources, np.split(rarity, ends), strict=True)
        shares = np.concatenate(
            [source.share * part / part.sum() for source, part in parts]
        )
        shares /= shares.sum()
        return shares

    def centred(self, features: Tensor) -> Tensor:
        """Subtract the centre and normalise."""
        return functional.normalize(features - self.centre)

    def initial_proxies(self) -> Tensor:
        """Return the mean direction of each label's views: (labels, dim)."""
        labels = torch.from_numpy(self.labels)
        sums = torch.zeros(int(labels.max()) + 1, self.untuned.shape[1])
        return functional.normalize(sums.index_add(0, labels, self.untuned))
