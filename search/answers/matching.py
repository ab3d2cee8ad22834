"""What a search matches: the same item, the same kind of thing, or the same look.

An embedding is made of named parts (the encoder's card says which numbers are whose),
which are weighted against each other when pictures are ranked.
"""

from enum import StrEnum

import numpy as np

from hashing import Encoder
from search.gallery.neighbours import Weights


class MatchOn(StrEnum):
    ITEM = "item"
    KIND = "kind"
    LOOK = "look"


# By part of the embedding; a part that is not named here has the weight 1.
# Tried on groceries, sportswear and rendered goods: by kind, more of the first answers
# are of the photo's kind; by look, of its colour (.84 of sportswear, .55 by item).
WEIGHTS: dict[str, dict[str, float]] = {
    MatchOn.KIND: {"kind": 2.0, "look": 0.3},
    MatchOn.LOOK: {"item": 0.5, "kind": 0.5, "look": 2.0},
}


def embedding_weights(encoder: Encoder, match_on: str) -> Weights | None:
    """Return the weight of each number of the embedding (dim,); None for all 1."""
    by_part = WEIGHTS.get(match_on)
    if by_part is None:
        # Measured on the shop's own pictures: how well colour tells products apart.
        by_part = {"look": encoder.card.look_factor}
    if all(weight == 1 for weight in by_part.values()):
        return None
    weights = np.ones(encoder.card.dim, np.float32)
    for part in encoder.card.parts:
        weights[part.start : part.stop] = by_part.get(part.name, 1.0)
    return weights
