"""What kind of thing it is: the part of the embedding that is learned from labels.

Each label has a direction of its own, and a linear map takes pictures there by least
squares (ridge regression: Hoerl and Kennard, 1970); against directions at right angles
to each other that is nearly Fisher's discriminant (Ye, "Least Squares Linear
Discriminant Analysis", ICML 2007), so products that are not among those learned from
are told apart by what tells products apart.

It does so where it was taught, and misleads elsewhere: what never was a grocery is
compared by which grocery it resembles. So the part is as long as the labels say
anything about a picture, about one for those that were learned from and less for what
resembles several; and it fades out with the distance from the pictures that it learned
from, which are remembered as some hundred places. It
shares its place in the embedding with the narrowest axes of the item: far from all that
was taught they are what stands there, and nothing is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hashing.fitting.embedding import Array
from hashing.layers.linear import unit

ROUNDS = 10


@dataclass(frozen=True)
class Kind:
    """What is known (n, features) to the kind (n, dim), 0 to about 1 long."""

    centre: Array  # (features,)
    axes: Array  # (features, dim)
    places: Array  # (features, places), of length one: where it learned
    near: tuple[float, float]  # cosines to a place at which the part begins, is whole

    def __call__(self, known: Array) -> Array:
        """Projected, and shorter the further it is from what was learned from."""
        projected: Array = np.matmul(known - self.centre, self.axes)
        faded: Array = projected * self.share(known)[:, None]
        return faded

    def share(self, known: Array) -> Array:
        """How far the part counts for each picture: (n,), 0 to 1."""
        nearest = (unit(known - self.centre) @ self.places).max(axis=1)
        begins, whole = self.near
        share: Array = np.clip((nearest - begins) / (whole - begins), 0, 1)
        return share.astype(np.float32)


@dataclass(frozen=True)
class Lesson:
    """Pictures of one set to learn kinds from."""

    known: Array  # (n, features)
    labels: Sequence[str] | None  # None: none of the kinds, whatever they are
    weight: float = 1.0  # of each picture; 1 is right for many pictures a label
    is_place: bool = False  # every picture is a place, not only what many share


def fit_kind(
    lessons: Sequence[Lesson],
    dim: int,
    *,
    ridge: float,
    n_places: int,
    near: tuple[float, float],
    seed: int,
) -> Kind:
    """Learn from lessons; beyond the number of labels the kind's numbers are zero.

    Labels with many pictures count by the root of their number. `ridge` is in units of
    the features' mean variance. Of the pictures with labels the mean length is one (the
    root of the mean of squares, before they fade).
    """
    known = np.concatenate([lesson.known for lesson in lessons]).astype(np.float64)
    targets, weights = _targets(lessons)
    centre = weights @ known / weights.sum()
    centred = known - centre
    spread = (centred.T * weights) @ centred
    spread[np.diag_indices_from(spread)] += ridge * np.trace(spread) / len(spread)
    axes = np.linalg.solve(spread, (centred.T * weights) @ targets)
    # As many directions as there are labels, turned so that the widest come first.
    taught = targets.any(axis=1)
    shown = (centred[taught] @ axes) * np.sqrt(weights[taught])[:, None]
    turned = np.zeros((targets.shape[1], dim))
    widest = np.linalg.eigh(shown.T @ shown)[1][:, ::-1][:, :dim]
    length = np.linalg.norm(shown @ widest) / np.sqrt(weights[taught].sum())
    turned[:, : widest.shape[1]] = widest / length
    directions = unit(centred).astype(np.float32)
    alone = np.concatenate([np.full(len(one.known), one.is_place) for one in lessons])
    crowd = directions[taught & ~alone]
    middles = gathered(crowd, min(n_places, len(crowd)), seed=seed)
    places = np.concatenate([middles, directions[taught & alone]])
    return Kind(
        centre.astype(np.float32), (axes @ turned).astype(np.float32), places.T, near
    )


def _targets(
    lessons: Sequence[Lesson],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A direction for each picture (n, labels), or none, and its weight (n,)."""
    taught = [one.labels for one in lessons if one.labels is not None]
    names = {
        name: at for at, name in enumerate(sorted({n for ns in taught for n in ns}))
    }
    targets, weights = [], []
    for one in lessons:
        rows = np.zeros((len(one.known), len(names)))
        counts = np.ones(len(one.known))
        if one.labels is not None:
            own = np.array([names[name] for name in one.labels])
            rows[np.arange(len(own)), own] = 1
            sizes = np.bincount(own, minlength=len(names))
            counts = np.sqrt(sizes[sizes > 0].mean() / sizes[own])
        targets.append(rows)
        weights.append(one.weight * counts)
    return np.concatenate(targets), np.concatenate(weights)


def gathered(directions: Array, count: int, *, seed: int) -> Array:
    """The middles (count, features) of as many heaps of directions (n, features).

    Spherical k-means: Dhillon and Modha, Machine Learning 42, 2001.
    """
    rng = np.random.default_rng(seed)
    middles = directions[rng.choice(len(directions), count, replace=False)]
    for _ in range(ROUNDS):
        own = (directions @ middles.T).argmax(axis=1)
        sums = np.zeros_like(middles)
        np.add.at(sums, own, directions)
        middles = np.where(
            np.bincount(own, minlength=count)[:, None], unit(sums), middles
        )
    return middles
