"""Teach an encoder a shop's own products at once: the kind learned anew, no steps.

What the general network knows of every picture and stand-in is mapped to its product by
least squares (see `hashing.fitting.kind`). The kind that the start had is replaced, and
counts for every picture: this shop's goods are all there is.
"""

from collections.abc import Sequence

import numpy as np
import torch

from hashing.errors import TrainingError
from hashing.fitting.embedding import Array
from hashing.fitting.kind import Lesson, fit_kind
from hashing.training.pupil import Head
from hashing.training.training_set import TrainingSet
from hashing.training.views import Views

# Chosen on groceries' photos of the train part, with stand-ins alone and with eight
# photos a product: of few pictures a product more would be learned by heart, and a
# picture itself says more than one stand-in for photos of it.
RIDGE = 0.25
ITSELF = 4.0
WEIGHT = 1.0  # of the kind beside the item
ALWAYS = (-3.0, -2.0)  # no cosine is so low: the kind counts everywhere


def teach(
    head: Head,
    training_set: TrainingSet,
    views: Views,
    parts: Sequence[str],
    *,
    seed: int,
) -> None:
    """Put a kind learned from the products of some parts into a head, in place."""
    if "kind" not in head.parts:
        raise TrainingError(
            "the encoder to start with has no part for kinds: mode kind needs one"
        )
    places = sorted(place for part in parts for place in training_set.of(part))
    labels = [training_set.pictures[place].label for place in places]
    lessons = [Lesson(_known(views, [(p, 0) for p in places]), labels, ITSELF)]
    again = [(p, view) for p in places for view in range(1, views.n_views[p])]
    if again:
        own = [training_set.pictures[place].label for place, _ in again]
        lessons.append(Lesson(_known(views, again), own))
    dim = head.kind_axes.shape[1]
    kind = fit_kind(lessons, dim, ridge=RIDGE, n_places=1, near=ALWAYS, seed=seed)
    begins, whole = kind.near
    arrays = {
        "axes": kind.axes,
        "bias": -kind.centre @ kind.axes,
        "centre": kind.centre,
        "places": kind.places[:, :1],
        "begins": np.array(begins),
        "width": np.array(whole - begins),
        "weight": np.array(WEIGHT),
    }
    for name, array in arrays.items():
        kept = getattr(head, f"kind_{name}")
        made = np.broadcast_to(array, tuple(kept.shape)).astype(np.float32)
        kept.copy_(torch.from_numpy(made))


def _known(views: Views, wanted: Sequence[tuple[int, int]]) -> Array:
    known: Array = views.batch(wanted)[2].numpy()
    return known
