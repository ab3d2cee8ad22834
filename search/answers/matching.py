"""What "alike" means to a shopper: the same item, the same kind of thing, or its look.

An embedding is made of named parts (its encoder's card says which numbers are whose);
a wish weighs them against each other when what was found is ranked.
"""

from enum import StrEnum

import numpy as np

from hashing import Encoder
from search.gallery.neighbours import Weights


class MatchOn(StrEnum):
    ITEM = "item"
    KIND = "kind"
    LOOK = "look"


# By part; a part that is not named here counts as it stands in the embedding.
# Tried on groceries, sportswear and rendered goods: by kind, more of the first answers
# are of the photo's kind; by look, of its colour (.84 of sportswear, .55 by item).
WEIGHTS: dict[str, dict[str, float]] = {
    MatchOn.KIND: {"kind": 2.0, "look": 0.3},
    MatchOn.LOOK: {"item": 0.5, "kind": 0.5, "look": 2.0},
}


def weights(encoder: Encoder, match_on: str) -> Weights | None:
    """For each number of the embedding (dim,); None where all count as they are."""
    wanted = WEIGHTS.get(match_on)
    if wanted is None:
        # How much colour tells products apart, the shop's own pictures have said.
        wanted = {"look": encoder.card.look_factor}
    if all(weight == 1 for weight in wanted.values()):
        return None
    found = np.ones(encoder.card.dim, np.float32)
    for part in encoder.card.parts:
        found[part.start : part.stop] = wanted.get(part.name, 1.0)
    return found
