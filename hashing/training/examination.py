"""How well photos of held-out products find their catalogue pictures.

Queries are the photos of the held-out products; a product without any is asked for by
stand-ins made of its catalogue picture. The gallery is every catalogue picture, those
that were learned from included: a held-out product has to be found among them.
"""

from dataclasses import dataclass

import numpy as np
import torch

from hashing.evaluation.metrics import Ranking, same
from hashing.training.pupil import Pupil
from hashing.training.training_set import TrainingSet
from hashing.training.views import Views

STAND_INS = 2  # asked of a product without photos
QUERIES = 2000  # at most; more would not make intervals much narrower
GALLERY = 1000  # pictures at most beside those of held-out products
BATCH = 64

Wanted = list[tuple[int, int]]  # (place, view)


@dataclass(frozen=True)
class Examination:
    """Views to ask with, and views to find."""

    queries: Wanted
    gallery: Wanted
    is_itself: np.ndarray  # (queries, gallery): the same picture, which is no answer
    is_right: np.ndarray  # (queries, gallery)
    products: list[str]  # of each query

    @classmethod
    def of(cls, training_set: TrainingSet, *parts: str) -> "Examination":
        """The examination on the products of some parts."""
        pictures = training_set.pictures
        held_out = sorted(place for part in parts for place in training_set.of(part))
        with_photos = {pictures[p].label for p in held_out if pictures[p].is_photo}
        queries: Wanted = []
        for place in held_out:
            if pictures[place].is_photo:
                queries.append((place, 0))
            elif pictures[place].label not in with_photos:
                queries += [(place, 1 + turn) for turn in range(STAND_INS)]
        queries = queries[:: -(-len(queries) // QUERIES)]
        gallery = [(place, 0) for place in _findable(training_set, held_out)]
        asked = [pictures[place] for place, _ in queries]
        found = [pictures[place] for place, _ in gallery]
        photo_itself = [p.key if p.is_photo else "" for p in asked]
        return cls(
            queries,
            gallery,
            same(photo_itself, [picture.key for picture in found]),
            same([p.label for p in asked], [p.label for p in found]),
            [picture.label for picture in asked],
        )

    @torch.inference_mode()
    def take(self, pupil: Pupil, views: Views, device: torch.device) -> float:
        """Mean average precision of a pupil, by cosine."""
        pupil.eval()
        asked, found = (
            np.concatenate(
                [
                    pupil(*(v.to(device) for v in views.batch(wanted[at : at + BATCH])))
                    .float()
                    .cpu()
                    .numpy()
                    for at in range(0, len(wanted), BATCH)
                ]
            )
            for wanted in (self.queries, self.gallery)
        )
        scores = np.where(self.is_itself, -np.inf, asked @ found.T).astype(np.float64)
        pairs = zip(scores, self.is_right & ~self.is_itself, strict=True)
        return float(np.mean([Ranking.of(*pair).average_precision() for pair in pairs]))


def _findable(training_set: TrainingSet, held_out: list[int]) -> list[int]:
    """Catalogue pictures, or all pictures of a held-out product that has none."""
    pictures = training_set.pictures
    catalogue = [at for at, picture in enumerate(pictures) if not picture.is_photo]
    has_one = {pictures[place].label for place in catalogue}
    alone = [place for place in held_out if pictures[place].label not in has_one]
    own = set(held_out)
    others = [place for place in catalogue if place not in own]
    if not catalogue:
        others = [place for place in range(len(pictures)) if place not in own]
    thinned = others[:: -(-len(others) // GALLERY)] if others else []
    return sorted({*thinned, *alone, *(place for place in catalogue if place in own)})
