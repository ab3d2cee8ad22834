"""What "alike" means to a shopper: the same item, the same kind of thing, or its look.

An embedding is made of named parts (its encoder's card says which numbers are whose);
a wish weighs them against each other when what was found is ranked.
"""

from enum import StrEnum

import numpy as np

from hashing import Encoder
from search.neighbours import Weights


class MatchOn(StrEnum):
    ITEM = "item"
    KIND = "kind"
    LOOK = "look"


# By part; a part that is not named here counts as it stands in the embedding.
WEIGHTS: dict[str, dict[str, float]] = {
    MatchOn.KIND: {"look": 0.0},
    MatchOn.LOOK: {"item": 0.5, "look": 2.0},
}


def weights(encoder: Encoder, match_on: str) -> Weights | None:
    """For each number of the embedding (dim,); None where all count as they are."""
    if match_on not in WEIGHTS:
        return None
    found = np.ones(encoder.card.dim, np.float32)
    for part in encoder.card.parts:
        found[part.start : part.stop] = WEIGHTS[match_on].get(part.name, 1.0)
    return found
