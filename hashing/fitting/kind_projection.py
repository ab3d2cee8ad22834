"""The part `kind` of the embedding: what kind of thing it is, learned from labels.

Each label has a direction of its own, at right angles to the others, and ridge
regression (Hoerl and Kennard, 1970) maps pictures to the directions of their labels.
That is nearly Fisher's discriminant (Ye, "Least Squares Linear Discriminant Analysis",
ICML 2007): directions that tell the learned products apart also tell others apart.

This holds near what was learned and misleads elsewhere, where a thing would be compared
by which grocery it resembles. So the part's length says how much the labels say about a
picture: about one for pictures that were learned from, less for those that resemble
several. And the part fades out with the distance from the pictures it learned from,
which are remembered as a few hundred prototypes. It overlaps the narrowest axes of
`item`, which fade in as it fades out: far from what was learned, nothing is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashing.arrays import BoolArray, Float32Array, Float64Array
from hashing.embeddings import l2_normalise

KMEANS_ITERATIONS = 10


@dataclass(frozen=True)
class KindProjection:
    """A map from combined features (n, features) to kinds (n, dim).

    Kinds are about one long for pictures that were learned from, and shorter otherwise.
    """

    centre: Float32Array  # (features,)
    axes: Float32Array  # (features, dim)
    prototypes: Float32Array  # (features, prototypes), of length one
    # Cosines to the nearest prototype at which the part starts to count, and counts
    # in full.
    fade_cosines: tuple[float, float]

    def __call__(self, features: Float32Array) -> Float32Array:
        """Project features, and fade out those far from all prototypes."""
        projected: Float32Array = np.matmul(features - self.centre, self.axes)
        faded: Float32Array = projected * self.gate(features)[:, None]
        return faded

    def gate(self, features: Float32Array) -> Float32Array:
        """Return how far the part counts for each picture: (n,), 0 to 1."""
        directions = l2_normalise(features - self.centre)
        nearest = (directions @ self.prototypes).max(axis=1)
        start, full = self.fade_cosines
        gate: Float32Array = np.clip((nearest - start) / (full - start), 0, 1)
        return gate.astype(np.float32)

    def tensors(self) -> dict[str, Float32Array]:
        """Return what `append_embedding` needs of this part, except weight and room.

        Names are those of PART_TENSORS and KIND_TENSORS in `hashing.networks.export`.
        """
        start, full = self.fade_cosines
        arrays = {
            "axes": self.axes,
            "bias": -self.centre @ self.axes,
            "centre": self.centre,
            "places": self.prototypes,
            "begins": np.array(start),
            "width": np.array(full - start),
            "none": np.array(0.0),
            "all": np.array(1.0),
        }
        return {name: array.astype(np.float32) for name, array in arrays.items()}


@dataclass(frozen=True)
class LabelledFeatures:
    """Pictures of one set to learn kinds from."""

    features: Float32Array  # (n, features)
    labels: Sequence[str] | None  # None: pictures of none of the kinds
    weight: float = 1.0  # of each picture; 1 suits many pictures a label
    is_prototype: bool = False  # remember every picture, not only clusters of many


def fit_kind_projection(
    sets: Sequence[LabelledFeatures],
    dim: int,
    *,
    ridge: float,
    n_prototypes: int,
    fade_cosines: tuple[float, float],
    seed: int,
) -> KindProjection:
    """Learn kinds from sets of pictures.

    Labels count by the root of their number of pictures. `ridge` is a multiple of the
    features' mean variance. The root mean square length of labelled pictures is one,
    before they fade. With fewer labels than `dim`, the remaining numbers are zero.
    """
    features = np.concatenate([each.features for each in sets]).astype(np.float64)
    targets, weights = _targets_and_weights(sets)
    centre = weights @ features / weights.sum()
    centred = features - centre
    covariance = (centred.T * weights) @ centred
    covariance[np.diag_indices_from(covariance)] += (
        ridge * np.trace(covariance) / len(covariance)
    )
    axes = np.linalg.solve(covariance, (centred.T * weights) @ targets)
    is_labelled = np.asarray(targets.any(axis=1))
    mapped = (centred[is_labelled] @ axes) * np.sqrt(weights[is_labelled])[:, None]
    rotation = _widest_first(mapped, dim, total_weight=weights[is_labelled].sum())
    return KindProjection(
        centre.astype(np.float32),
        (axes @ rotation).astype(np.float32),
        _prototypes(sets, centred, is_labelled, n_prototypes, seed=seed).T,
        fade_cosines,
    )


def _widest_first(
    mapped: Float64Array, dim: int, *, total_weight: float
) -> Float64Array:
    """Find the widest axes of weighted pictures (n, labels), scaled to length one.

    Returns (labels, dim), whose columns beyond the number of labels are zero.
    """
    rotation = np.zeros((mapped.shape[1], dim))
    widest = np.linalg.eigh(mapped.T @ mapped)[1][:, ::-1][:, :dim]
    mean_length = np.linalg.norm(mapped @ widest) / np.sqrt(total_weight)
    rotation[:, : widest.shape[1]] = widest / mean_length
    return rotation


def _prototypes(
    sets: Sequence[LabelledFeatures],
    centred: Float64Array,
    is_labelled: BoolArray,
    n_clusters: int,
    *,
    seed: int,
) -> Float32Array:
    """Return cluster centres of the labelled pictures, and those remembered singly."""
    directions = l2_normalise(centred)
    is_single = np.concatenate(
        [np.full(len(each.features), each.is_prototype) for each in sets]
    )
    crowd = directions[is_labelled & ~is_single]
    centres = spherical_kmeans(crowd, min(n_clusters, len(crowd)), seed=seed)
    return np.concatenate([centres, directions[is_labelled & is_single]])


def _targets_and_weights(
    sets: Sequence[LabelledFeatures],
) -> tuple[Float64Array, Float64Array]:
    """Return each picture's direction (n, labels), zero if none, and weight (n,)."""
    names = sorted({name for each in sets for name in each.labels or ()})
    column_of = {name: column for column, name in enumerate(names)}
    targets, weights = [], []
    for each in sets:
        rows = np.zeros((len(each.features), len(names)))
        rarity = np.ones(len(each.features))
        if each.labels is not None:
            columns = np.array([column_of[name] for name in each.labels])
            rows[np.arange(len(columns)), columns] = 1
            sizes = np.bincount(columns, minlength=len(names))
            rarity = np.sqrt(sizes[sizes > 0].mean() / sizes[columns])
        targets.append(rows)
        weights.append(each.weight * rarity)
    return np.concatenate(targets), np.concatenate(weights)


def spherical_kmeans(
    directions: Float32Array, n_clusters: int, *, seed: int
) -> Float32Array:
    """Cluster directions (n, features); return the centres (n_clusters, features).

    Dhillon and Modha, Machine Learning 42, 2001.
    """
    rng = np.random.default_rng(seed)
    centres = directions[rng.choice(len(directions), n_clusters, replace=False)]
    for _ in range(KMEANS_ITERATIONS):
        members = (directions @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, members, directions)
        is_used = np.bincount(members, minlength=n_clusters)[:, None]
        centres = np.where(is_used, l2_normalise(sums), centres)
    return centres
