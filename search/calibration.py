"""From a cosine to a probability, and from that to a word that a shopper understands.

The curve comes with the encoder: the share of right products among answers at that
cosine, fitted on pictures that are not a shop's own.
"""

from enum import StrEnum

import numpy as np

from hashing import Encoder


class Match(StrEnum):
    """How close an answer is."""

    EXACT = "exact"
    SIMILAR = "similar"
    WEAK = "weak"
    NONE = "none"


# The least probability of being the same product that each word promises.
AT_LEAST = {Match.EXACT: 0.75, Match.SIMILAR: 0.35, Match.WEAK: 0.1}


def probability(encoder: Encoder, cosine: float) -> float:
    """That an answer at this cosine is the product in the photo, between 0 and 1."""
    cosines, shares = zip(*encoder.card.match, strict=True)
    return float(np.interp(cosine, cosines, shares))


def word(similarity: float) -> Match:
    for match, least in AT_LEAST.items():
        if similarity >= least:
            return match
    return Match.NONE
