"""Corrects typing errors: an unknown word that is nearly one of the shop's."""

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

# Shorter words are too much like each other.
MIN_LETTERS = 4
# From this length on two errors are corrected instead of one.
MIN_LETTERS_FOR_TWO_ERRORS = 8


def correct(word: str, shop_words: Mapping[str, int]) -> str | None:
    """Return the shop's word that was meant; None where none is near enough.

    shop_words: how many products have each word. An error is a letter too many, too
    few, another, or two swapped. The fewest errors win, then the same first letter,
    then the commoner word.
    """
    if len(word) < MIN_LETTERS:
        return None
    max_errors = 1 if len(word) < MIN_LETTERS_FOR_TWO_ERRORS else 2
    matches = process.extract(
        word,
        shop_words.keys(),
        scorer=OSA.distance,
        score_cutoff=max_errors,
        limit=None,
    )
    candidates = [
        (errors, other[0] != word[0], -shop_words[other], other)
        for other, errors, _ in matches
        if len(other) >= MIN_LETTERS - 1
    ]
    return min(candidates)[-1] if candidates else None
