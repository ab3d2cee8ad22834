"""The shop's own words, and which of them mean nearly the same as a foreign one."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from search.words.language import sentences
from search.words.terms import Terms

# Least cosine between words of one meaning; and how much less than the nearest others
# may have. Measured on Chinese and English words for the demo shop.
LEAST = 0.7
NEXT = 0.06


def spelled(vocabulary: Sequence[Terms]) -> Counter[str]:
    """Every English word of letters, and how many products have it."""
    counts: Counter[str] = Counter()
    for part in vocabulary:
        counts.update(part.of_letters)
    return counts


def near_words(word: str, vocabulary: Sequence[Terms]) -> list[tuple[str, float]]:
    """The shop's words that mean this, the nearest first, with the cosine."""
    known = sorted({each for part in vocabulary for each in part.commonest})
    if not known:
        return []
    meanings = sentences.encode_known(known)
    cosines = meanings @ sentences.encode_known([word])[0]
    least = max(LEAST, float(cosines.max()) - NEXT)
    order = np.argsort(-cosines, kind="stable").tolist()
    return [(known[at], float(cosines[at])) for at in order if cosines[at] >= least]
