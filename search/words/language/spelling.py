"""Slips of the pen: an unknown word that is nearly one of the shop's."""

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

# Words shorter than this are too like each other.
SHORTEST = 4
LONG = 8  # from here on two slips are forgiven


def corrected(word: str, shop: Mapping[str, int]) -> str | None:
    """The shop's word that was meant; None where there is none near enough.

    `shop`: its words, and how many products have each. A slip is a letter too many,
    too few, another, or two swapped. The fewest slips win, then the commoner word.
    """
    if len(word) < SHORTEST:
        return None
    most = 1 if len(word) < LONG else 2
    near = process.extract(
        word, shop.keys(), scorer=OSA.distance, score_cutoff=most, limit=None
    )
    found = [
        (slips, other[0] != word[0], -shop[other], other)
        for other, slips, _ in near
        if len(other) >= SHORTEST - 1
    ]
    return min(found)[-1] if found else None
