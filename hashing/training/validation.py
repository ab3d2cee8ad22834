"""How well photos of held-out products find their catalogue pictures.

Queries are the photos of the held-out products; for a product without photos they are
stand-ins made of its catalogue picture. The gallery is every catalogue picture, those
that were learned from included: a held-out product has to be found among them.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch

from hashing.arrays import BoolArray, Float32Array
from hashing.evaluation.metrics import TiedRanking, equal_pairs
from hashing.training.trainable_encoder import TrainableEncoder
from hashing.training.training_set import TrainingSet
from hashing.training.views import ViewIds, ViewTensors

STAND_INS_PER_PRODUCT = 2  # queries of a product without photos
MAX_QUERIES = 2000  # more would not make intervals much narrower
MAX_OTHERS = 1000  # pictures in the gallery beside those of held-out products
BATCH = 64


@dataclass(frozen=True)
class Validation:
    """Views that are queries, and views that are the gallery."""

    queries: ViewIds
    gallery: ViewIds
    is_itself: BoolArray  # (queries, gallery), the same picture, which is no answer
    is_right: BoolArray  # (queries, gallery)
    products: list[str]  # of each query

    @classmethod
    def on(cls, training_set: TrainingSet, *parts: str) -> "Validation":
        """Choose queries and gallery for the products of some parts of the split."""
        pictures = training_set.pictures
        held_out = sorted(i for part in parts for i in training_set.indices(part))
        with_photos = {pictures[i].label for i in held_out if pictures[i].is_photo}
        queries: list[tuple[int, int]] = []
        for index in held_out:
            if pictures[index].is_photo:
                queries.append((index, 0))
            elif pictures[index].label not in with_photos:
                queries += [(index, 1 + n) for n in range(STAND_INS_PER_PRODUCT)]
        queries = queries[:: ceil(len(queries) / MAX_QUERIES)]
        gallery = [(index, 0) for index in _gallery_pictures(training_set, held_out)]
        query_pictures = [pictures[index] for index, _ in queries]
        gallery_pictures = [pictures[index] for index, _ in gallery]
        # A stand-in is not the picture that it was made of.
        query_keys = [each.key if each.is_photo else "" for each in query_pictures]
        products = [each.label for each in query_pictures]
        return cls(
            queries,
            gallery,
            equal_pairs(query_keys, [each.key for each in gallery_pictures]),
            equal_pairs(products, [each.label for each in gallery_pictures]),
            products,
        )

    @torch.inference_mode()
    def measure(
        self, encoder: TrainableEncoder, views: ViewTensors, device: torch.device
    ) -> float:
        """Return an encoder's mean average precision, by cosine."""
        encoder.eval()
        queries, gallery = (
            _embed(encoder, views, chosen, device)
            for chosen in (self.queries, self.gallery)
        )
        scores = np.where(self.is_itself, -np.inf, queries @ gallery.T)
        scores = scores.astype(np.float64)
        pairs = zip(scores, self.is_right & ~self.is_itself, strict=True)
        return float(
            np.mean(
                [TiedRanking.from_scores(*pair).average_precision() for pair in pairs]
            )
        )


def _embed(
    encoder: TrainableEncoder,
    views: ViewTensors,
    chosen: ViewIds,
    device: torch.device,
) -> Float32Array:
    """Compute the embeddings (n, dim) of some views, batch by batch."""
    batches = [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
    embeddings = [
        encoder(*(tensor.to(device) for tensor in views.batch(batch)))
        for batch in batches
    ]
    return np.concatenate([each.float().cpu().numpy() for each in embeddings])


def _gallery_pictures(training_set: TrainingSet, held_out: list[int]) -> list[int]:
    """Choose catalogue pictures, or all pictures of a product that has none.

    Pictures of products that are not held out are thinned out.
    """
    pictures = training_set.pictures
    catalogue = [i for i, picture in enumerate(pictures) if not picture.is_photo]
    in_catalogue = {pictures[index].label for index in catalogue}
    alone = [index for index in held_out if pictures[index].label not in in_catalogue]
    own = set(held_out)
    others = [index for index in catalogue if index not in own]
    if not catalogue:
        others = [index for index in range(len(pictures)) if index not in own]
    thinned = others[:: ceil(len(others) / MAX_OTHERS)] if others else []
    return sorted({*thinned, *alone, *(index for index in catalogue if index in own)})
