"""The shop's own English words, and which of them mean nearly the same as another."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from search.words.inverted_index import InvertedIndex
from search.words.language import sentences

# The least cosine between words of one meaning, and how much less than the nearest word
# others may have. Measured on Chinese and English words for the demo shop.
MIN_COSINE = 0.7
MAX_COSINE_GAP = 0.06


def word_counts(indexes: Sequence[InvertedIndex]) -> Counter[str]:
    """Return how many products have each word of letters alone."""
    counts: Counter[str] = Counter()
    for index in indexes:
        counts.update(index.alphabetic_words)
    return counts


def words_near(word: str, indexes: Sequence[InvertedIndex]) -> list[tuple[str, float]]:
    """Return the shop's words that mean this, nearest first, with their cosines."""
    candidates = sorted({each for index in indexes for each in index.common_words})
    if not candidates:
        return []
    vectors = sentences.encode_cached(candidates)
    cosines = vectors @ sentences.encode_cached([word])[0]
    least = max(MIN_COSINE, float(cosines.max()) - MAX_COSINE_GAP)
    order = np.argsort(-cosines, kind="stable").tolist()
    return [
        (candidates[place], float(cosines[place]))
        for place in order
        if cosines[place] >= least
    ]
