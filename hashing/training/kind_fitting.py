"""Mode `kind`: fit the part `kind` to a shop's products in closed form, without steps.

Ridge regression maps the combined features of every picture and stand-in to its product
(see `hashing.fitting.kind_projection`). It replaces the kind of the start encoder and
counts for every picture: the shop sells nothing else.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from hashing.arrays import Float32Array
from hashing.errors import TrainingError
from hashing.fitting.kind_projection import LabelledFeatures, fit_kind_projection
from hashing.training.trainable_encoder import EmbeddingHead
from hashing.training.training_set import TrainingSet
from hashing.training.views import FEATURES, ViewIds, ViewTensors

# Chosen on grocery photos of the split `train`, with stand-ins alone and with eight
# photos a product. A weaker ridge overfits few pictures a product.
RIDGE = 0.25
PICTURE_WEIGHT, PHOTO_WEIGHT = 4.0, 1.0  # of a picture, and of a synthetic photo of it
KIND_WEIGHT = 1.0  # of the part, beside the item
ALWAYS_ON = (-3.0, -2.0)  # cosines below all there are: the part counts everywhere
TENSORS = ("axes", "bias", "centre", "places", "begins", "width")


def fit_kind_to_products(
    head: EmbeddingHead,
    training_set: TrainingSet,
    views: ViewTensors,
    parts: Sequence[str],
    *,
    seed: int,
) -> None:
    """Fit the kind of a head to the products of some parts of the split, in place.

    Raises TrainingError for a head without the part `kind`.
    """
    if "kind" not in head.parts:
        raise TrainingError(
            "the encoder to start with has no part for kinds: mode kind needs one"
        )
    kind = fit_kind_projection(
        list(_labelled_sets(training_set, views, parts)),
        head.kind_axes.shape[1],
        ridge=RIDGE,
        n_prototypes=1,
        fade_cosines=ALWAYS_ON,
        seed=seed,
    )
    fitted = kind.tensors()
    arrays = {name: fitted[name] for name in TENSORS}
    for name, array in (arrays | {"weight": np.array(KIND_WEIGHT)}).items():
        tensor = getattr(head, f"kind_{name}")
        # The one prototype takes the place of all that the start had.
        shaped = np.broadcast_to(array, tuple(tensor.shape)).astype(np.float32)
        tensor.copy_(torch.from_numpy(shaped))


def _labelled_sets(
    training_set: TrainingSet, views: ViewTensors, parts: Sequence[str]
) -> Iterator[LabelledFeatures]:
    """Yield the pictures of some parts of the split, then the photos of them."""
    pictures = sorted(i for part in parts for i in training_set.indices(part))
    plain = [(index, 0) for index in pictures]
    photos = [(i, view) for i in pictures for view in range(1, views.n_views[i])]
    for chosen, weight in ((plain, PICTURE_WEIGHT), (photos, PHOTO_WEIGHT)):
        if chosen:
            labels = [training_set.pictures[index].label for index, _ in chosen]
            yield LabelledFeatures(_combined_features(views, chosen), labels, weight)


def _combined_features(views: ViewTensors, chosen: ViewIds) -> Float32Array:
    combined: Float32Array = views.batch(chosen)[FEATURES.index("known")].numpy()
    return combined
