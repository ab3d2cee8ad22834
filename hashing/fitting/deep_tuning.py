"""Tune the last stages of a network to products, from activations kept in files.

Several things are asked of it at once. A view is nearest to the direction of its
product, one for each (a softmax of cosines: Wang et al., "NormFace", ACM MM 2017, arXiv
1704.06369). The views of a product in a batch, catalogue pictures and photos, are
nearer to each other than to all others (supervised contrastive loss: Khosla et al.,
NeurIPS 2020, arXiv 2004.11362); half of a batch is of one kind, so that the others are
hard to tell apart. And each view stays near what the untuned network sees in it, so
that nothing is forgotten (Hinton et al., 2015, arXiv 1503.02531). The weights are means
over the steps, and then a part of the way from ImageNet's ("Robust fine-tuning of
zero-shot models", Wortsman et al., CVPR 2022, arXiv 2109.01903).

Stages before those that are given see each view once, and their activations are kept
in files; normalisations keep ImageNet's statistics.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from disk.whole import whole_file
from hashing.fitting.tuning import mirror_some, move_towards, root_features

VIEWS = 4  # of a product in a batch
WARM_UP = 0.05  # share of the steps in which the learning rate rises
DIRECTIONS_RATE = 3.0  # learning rate of the products' directions, beside the network's
SCALE, SMOOTHING = 16.0, 0.1  # of cosines to directions; of labels
TEMPERATURE = 0.1  # of cosines between views
MAX_GRADIENT = 5.0  # length of a gradient
MEMORY = 20  # steps after which the mean of the weights is a mean of many

Maps = npt.NDArray[np.float16]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DeepTuning:
    """How long and fast a network is tuned, and what counts how much."""

    steps: int
    rate: float
    frozen: int = 0  # of the given modules, those that stay as they are
    products: int = 16  # in a batch
    pull: float = 0.5  # weight of views of a product being near each other
    directions: float = 1.0  # weight of views being near their product's direction
    distillation: float = 1.0  # weight of staying near the untuned network
    same_kind: float = 0.5  # share of a batch that is of one kind
    checkpoint_every: int = 50  # steps


@dataclass(frozen=True)
class Taught:
    """Views of one source, as the stages before see them."""

    maps: Maps  # (views, channels, rows, columns)
    rows: Integers  # which of them are taught
    products: Sequence[str]  # of those rows; the same in other sources is the same
    kinds: Sequence[str]  # of those rows: what resembles each other
    untuned: npt.NDArray[np.floating]  # pooled features of those rows (rows, dim)
    subject: str  # products of a subject share what is shown of it


class Sampler:
    """Draws batches of products, and of each some views."""

    def __init__(
        self,
        taught: Sequence[Taught],
        shares: Mapping[str, float],
        tuning: DeepTuning,
    ) -> None:
        self._taught = taught
        self._tuning = tuning
        names = np.concatenate([one.products for one in taught])
        self.names, first, self.products, counts = np.unique(
            names, return_index=True, return_inverse=True, return_counts=True
        )
        sizes = [len(one.rows) for one in taught]
        self._source = np.repeat(np.arange(len(taught)), sizes)
        self._place = np.concatenate([np.arange(size) for size in sizes])
        order = np.argsort(self.products, kind="stable")
        self._views = np.split(order, np.cumsum(counts)[:-1])  # of each product
        self._kinds = np.concatenate([one.kinds for one in taught])[first]
        subjects = np.repeat([one.subject for one in taught], sizes)[first]
        # Products with many views are shown more often, by the root of the number.
        self._shares = np.sqrt(counts)
        for subject in np.unique(subjects):
            own = subjects == subject
            self._shares[own] *= shares[str(subject)] / self._shares[own].sum()
        self._shares /= self._shares.sum()

    def batch(
        self, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, npt.NDArray[np.floating]]:
        """Draw maps (B, …), products (B,) and untuned features (B, dim)."""
        views = np.concatenate(
            [
                rng.choice(
                    self._views[one], VIEWS, replace=len(self._views[one]) < VIEWS
                )
                for one in self._draw(rng)
            ]
        )
        maps, untuned = [], []
        for view in views:
            one, place = self._taught[self._source[view]], self._place[view]
            maps.append(one.maps[one.rows[place]])
            untuned.append(one.untuned[place])
        stacked = torch.from_numpy(np.stack(maps).astype(np.float32))
        return stacked, torch.from_numpy(self.products[views]), np.stack(untuned)

    def _draw(self, rng: np.random.Generator) -> Integers:
        """Products of a batch: some of one kind, the others of any."""
        size = self._tuning.products
        drawn = rng.choice(len(self.names), size, replace=False, p=self._shares)
        same = np.flatnonzero(self._kinds == self._kinds[drawn[0]])
        near = rng.permutation(same)[: round(size * self._tuning.same_kind)]
        both = np.concatenate([near, drawn[~np.isin(drawn, near)]])
        return np.asarray(both[:size], dtype=np.int64)


@dataclass
class Run:
    """Everything that changes while a network is tuned."""

    stages: nn.Module
    mean: nn.Module
    directions: nn.Parameter
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    step: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` goes on from."""
        state = {
            "stages": self.stages.state_dict(),
            "mean": self.mean.state_dict(),
            "directions": self.directions.data,
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.bit_generator.state,
            "step": self.step,
        }
        with whole_file(path, "wb") as file:
            torch.save(state, file)

    def load(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.stages.load_state_dict(state["stages"])
        self.mean.load_state_dict(state["mean"])
        self.directions.data = state["directions"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.rng.bit_generator.state = state["rng"]
        self.step = state["step"]


def tune_deeply(
    stages: nn.Module,
    taught: Sequence[Taught],
    tuning: DeepTuning,
    *,
    shares: Mapping[str, float],
    seed: int,
    checkpoint: Path | None = None,
) -> nn.Module:
    """Return the mean of tuned copies of `stages`, the trunk from where maps end on.

    With a `checkpoint` that exists the run goes on from there, and it is written every
    `checkpoint_every` steps; the result is the same as of an unbroken run.
    """
    torch.manual_seed(seed)
    sampler = Sampler(taught, shares, tuning)
    centre = torch.cat([_roots(one.untuned) for one in taught]).mean(0)
    run = _begin(stages, _directions(taught, sampler, centre), tuning, seed)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    for step in tqdm(range(run.step, tuning.steps), desc="tuning", mininterval=10):
        _set_rate(run.optimiser, tuning, step)
        loss = _loss(run, sampler.batch(run.rng), centre, tuning)
        run.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(run.stages.parameters(), MAX_GRADIENT)
        run.optimiser.step()
        move_towards(run.mean, run.stages, kept=min(0.99, step / (step + MEMORY)))
        run.step = step + 1
        if checkpoint is not None and run.step % tuning.checkpoint_every == 0:
            run.save(checkpoint)
    return run.mean


def interpolated(untuned: nn.Module, tuned: nn.Module, share: float) -> nn.Module:
    """Weights `share` of the way from the untuned to the tuned ones."""
    between = copy.deepcopy(tuned)
    move_towards(between, untuned, kept=share)
    return between


def _begin(stages: nn.Module, directions: Tensor, tuning: DeepTuning, seed: int) -> Run:
    tuned, mean = copy.deepcopy(stages), copy.deepcopy(stages)
    for module in list(tuned.children())[: tuning.frozen]:
        module.requires_grad_(False)
    own = nn.Parameter(directions)
    groups: list[dict[str, Any]] = [
        {"params": [p for p in tuned.parameters() if p.requires_grad], "factor": 1.0},
        {"params": [own], "factor": DIRECTIONS_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, lr=tuning.rate, weight_decay=1e-4)
    return Run(tuned, mean, own, optimiser, np.random.default_rng(seed))


def _set_rate(optimiser: torch.optim.Optimizer, tuning: DeepTuning, step: int) -> None:
    """Rise in the first steps, then fall by half a cosine."""
    warm_up = max(1, round(WARM_UP * tuning.steps))
    share = min(1, (step + 1) / warm_up) * (1 + np.cos(np.pi * step / tuning.steps)) / 2
    for group in optimiser.param_groups:
        group["lr"] = tuning.rate * group["factor"] * float(share)


def _loss(
    run: Run,
    batch: tuple[Tensor, Tensor, npt.NDArray[np.floating]],
    centre: Tensor,
    tuning: DeepTuning,
) -> Tensor:
    maps, products, pooled = batch
    features = functional.normalize(
        root_features(run.stages, mirror_some(maps, run.rng)) - centre
    )
    cosines = SCALE * features @ functional.normalize(run.directions).T
    loss = tuning.directions * functional.cross_entropy(
        cosines, products, label_smoothing=SMOOTHING
    )
    loss = loss + tuning.pull * _pull(features, products)
    kept = functional.normalize(_roots(pooled) - centre)
    return loss + tuning.distillation * (1 - (features * kept).sum(1)).mean()


def _pull(features: Tensor, products: Tensor) -> Tensor:
    """Cross entropy of each view's choice among the others against its product's."""
    itself = torch.eye(len(features), dtype=torch.bool)
    cosines = (features @ features.T / TEMPERATURE).masked_fill(itself, -1e4)
    same = ((products[:, None] == products[None]) & ~itself).float()
    return functional.cross_entropy(cosines, same / same.sum(1, keepdim=True))


def _roots(pooled: npt.NDArray[np.floating]) -> Tensor:
    """Roots of pooled features (n, dim), of length one."""
    return functional.normalize(torch.from_numpy(pooled.astype(np.float32)).sqrt())


def _directions(taught: Sequence[Taught], sampler: Sampler, centre: Tensor) -> Tensor:
    """Where each product begins: the middle of its untuned views (products, dim)."""
    seen = torch.cat([_roots(one.untuned) for one in taught]) - centre
    sums = torch.zeros(len(sampler.names), len(centre))
    own = torch.from_numpy(sampler.products)
    return functional.normalize(sums.index_add(0, own, functional.normalize(seen)))
