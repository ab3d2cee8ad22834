"""Candidates: how a network is tuned and an embedding made; twins of them."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.unseen.networks import LAST, Network, imagenet, untuned, with_stages
from benchmarks.unseen.pictures import CUT, FOLDER
from benchmarks.unseen.sets import SEED, plain
from benchmarks.unseen.teaching import SHARES, SOURCES, group, may_teach, taught
from benchmarks.unseen.worlds import Side
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.fitting.deep_tuning import DeepTuning, interpolated, tune_deeply
from hashing.fitting.projection import Projection, fit_projection
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer

WEIGHTS = FOLDER / "weights"
N_BITS = 256

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Making:
    """How features become an embedding."""

    item_dim: int = 464
    item_power: float = 0.3  # axes are scaled by their variance ** (-power / 2)
    root: bool = False  # take roots of pooled features, so that few do not drown many
    stuff: float = 0.0  # weight of the middle maps' statistics beside the features
    within: float = 0.0  # whiten within products: 0 not, 1 wholly
    look_dim: int = 48
    look_power: float = 0.5
    look_weight: float = 0.5


@dataclass(frozen=True)
class Candidate:
    """One way to make an encoder."""

    name: str
    tuning: DeepTuning | None = None
    cut: int = LAST
    way: float = 1.0  # from ImageNet's weights to the tuned ones
    making: Making = field(default=Making())
    seed: int = 0
    codes: bool = False  # measure its codes too
    folds: int = 3  # of how many twins it consists


@dataclass(frozen=True)
class Weights:
    """A tuned network and the minutes that tuning took."""

    network: Network
    minutes: float


def tuned(candidate: Candidate, hidden: tuple[str, ...]) -> Weights:
    """Tune a twin that is not taught some groups; kept in the temporary folder."""
    if candidate.tuning is None:
        return Weights(imagenet(), 0.0)
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    key = repr((candidate.tuning, candidate.cut, candidate.seed, hidden))
    path = WEIGHTS / f"{_digest(key)}.pt"
    stages = untuned()[candidate.cut - CUT :]
    if not path.exists():
        start = time.process_time()
        mean = tune_deeply(
            stages,
            taught(candidate.cut, hidden),
            candidate.tuning,
            shares=SHARES,
            seed=candidate.seed,
            checkpoint=path.with_suffix(".checkpoint"),
        )
        minutes = (time.process_time() - start) / 60
        torch.save({"stages": mean.state_dict(), "minutes": minutes}, path)
    stored = torch.load(path, weights_only=True)
    moved = untuned()[candidate.cut - CUT :]
    moved.load_state_dict(stored["stages"])
    moved = interpolated(stages, moved, candidate.way)
    network = Network(with_stages(moved, candidate.cut), last=candidate.cut == LAST)
    return Weights(network, round(stored["minutes"], 1))


@dataclass(frozen=True, eq=False)
class Twin:
    """An encoder that was not taught some groups."""

    network: Network
    making: Making
    hidden: tuple[str, ...] = ()
    _embedded: dict[str, Floats] = field(default_factory=dict)

    def embed(self, side: Side) -> Floats:
        """Embeddings (n, dim) of length one; a whole set's are made at once."""
        pictures = side.pictures
        if pictures.name not in self._embedded:
            item = self._item(self._pooled(Side.of(pictures)))
            look = self._look(np.asarray(pictures.seen.colours))
            vectors = l2_normalise(np.hstack([item, self.making.look_weight * look]))
            self._embedded[pictures.name] = vectors
        return self._embedded[pictures.name][side.rows]

    def _pooled(self, side: Side) -> Floats:
        seen = self.network.features(side.pictures)
        pooled = np.asarray(seen.pooled[side.rows], dtype=np.float32)
        item = l2_normalise(np.sqrt(pooled) if self.making.root else pooled)
        if not self.making.stuff:
            return item
        stuff = l2_normalise(np.asarray(seen.stuff[side.rows], dtype=np.float32))
        return l2_normalise(np.hstack([item, self.making.stuff * stuff]))

    @cached_property
    def taught(self) -> list[tuple[Side, npt.NDArray[np.str_]]]:
        """Plain pictures of each group that is taught, and their products."""
        found = []
        for source in SOURCES:
            pictures = plain(source.name)
            groups = [group(source.name, row) for row in pictures.rows]
            for own in sorted(set(groups) - set(self.hidden)):
                chosen = [
                    g == own and may_teach(row)
                    for g, row in zip(groups, pictures.rows, strict=True)
                ]
                side = Side.of(pictures, chosen, source.label)
                found.append((side, np.array(side.column(source.label))))
        return found

    @cached_property
    def _item(self) -> Projection:
        items = [self._pooled(side) for side, _ in self.taught]
        making = self.making
        if not making.within:
            return fit_projection(items, making.item_dim, whitening=making.item_power)
        labels = [labels for _, labels in self.taught]
        white = within(items, labels, power=making.within)
        moved = [item @ white for item in items]
        axes = fit_projection(moved, making.item_dim, whitening=making.item_power)
        return Projection(
            axes.centre @ np.linalg.inv(white), (white @ axes.axes).astype(np.float32)
        )

    @cached_property
    def _look(self) -> Projection:
        looks = [
            np.asarray(side.pictures.seen.colours)[side.rows] for side, _ in self.taught
        ]
        return fit_projection(
            looks, self.making.look_dim, whitening=self.making.look_power
        )

    @cached_property
    def reference(self) -> Floats:
        """Embeddings of what is taught, in a random order."""
        vectors = np.concatenate([self.embed(side) for side, _ in self.taught])
        return np.random.default_rng(SEED).permutation(vectors)

    @cached_property
    def layer(self) -> LinearHashLayer:
        """The hash layer fitted to what is taught."""
        return fit_itq(quantise_embeddings(self.reference[:6000]), N_BITS, seed=SEED)


def within(
    items: Sequence[Floats], labels: Sequence[npt.NDArray[np.str_]], *, power: float
) -> Floats:
    """Directions in which pictures of one product differ count for less (dim, dim).

    Each set counts by the root of its size. A third of the mean variance is added, so
    that what hardly varies is not blown up.
    """
    dim = items[0].shape[1]
    covariance = np.zeros((dim, dim))
    for item, own in zip(items, labels, strict=True):
        _, members, counts = np.unique(own, return_inverse=True, return_counts=True)
        sums = np.zeros((len(counts), dim))
        np.add.at(sums, members, item)
        apart = (item - (sums / counts[:, None])[members])[counts[members] > 1]
        if len(apart):
            covariance += apart.T @ apart * len(apart) ** -0.5
    variances, axes = np.linalg.eigh(covariance)
    variances = np.maximum(variances, 0) + variances.mean() / 3
    scales = (variances / variances.mean()) ** (-power / 2)
    return np.asarray(axes * scales @ axes.T, dtype=np.float32)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
