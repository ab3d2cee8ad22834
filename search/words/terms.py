"""Which products have which words: an inverted index in memory."""

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from search.words.tokens import is_chinese, stem, terms, words

Scores = npt.NDArray[np.float32]  # (n,)
Numbers = npt.NDArray[np.int32]  # of rows, ascending

COMMONEST = 2000
SHORTEST = 3  # letters of a word that means something by itself
IN_DESCRIPTION = 0.6  # what a word there counts, against one in the name


@dataclass(frozen=True)
class Text:
    """What is read of a product: what names it, and what describes it."""

    names: str
    description: str


@dataclass(frozen=True)
class Terms:
    """Of n products: the rows of each term; `spelled`: English words as written, with
    how many products have them.
    """

    n: int
    named: Mapping[str, Numbers]
    described: Mapping[str, Numbers]
    spelled: Mapping[str, int]

    @cached_property
    def commonest(self) -> list[str]:
        """English words whose meanings are worth knowing: 1 s a process, 4 MB."""
        worth = (
            (-count, word)
            for word, count in self.spelled.items()
            if len(word) >= SHORTEST and not word.isdecimal()
        )
        return [word for _, word in heapq.nsmallest(COMMONEST, worth)]

    @cached_property
    def _in_order(self) -> list[str]:
        return sorted(self.spelled)

    def beginning_with(self, letters: str) -> list[str]:
        """English words as written, the commonest first."""
        start = bisect_left(self._in_order, letters)
        found = takewhile(lambda word: word.startswith(letters), self._in_order[start:])
        return sorted(found, key=lambda word: (-self.spelled[word], word))

    def scores(self, needed: Iterable[str]) -> Scores:
        """For each product (n,): 1 if it has all these terms, less in a description."""
        return reduce(np.minimum, map(self._scores_of, needed))

    def _scores_of(self, term: str) -> Scores:
        found = np.zeros(self.n, np.float32)
        found[self.described.get(term, NONE)] = IN_DESCRIPTION
        found[self.named.get(term, NONE)] = 1.0
        return found


NONE: Numbers = np.empty(0, np.int32)


def indexed(texts: Iterable[Text]) -> Terms:
    named: dict[str, list[int]] = {}
    described: dict[str, list[int]] = {}
    spelled: Counter[str] = Counter()
    n = 0
    for row, text in enumerate(texts):
        n = row + 1
        for term in dict.fromkeys(terms(text.names)):
            named.setdefault(term, []).append(row)
        for term in dict.fromkeys(terms(text.description)):
            described.setdefault(term, []).append(row)
        spelled.update(set(_english(text)))
    return Terms(n, _arrays(named), _arrays(described), spelled)


def _english(text: Text) -> Iterator[str]:
    for part in (text.names, text.description):
        yield from (word for word in words(part) if not is_chinese(word))


def _arrays(lists: dict[str, list[int]]) -> dict[str, Numbers]:
    return {term: np.array(rows, np.int32) for term, rows in lists.items()}


def has(vocabulary: Iterable[Terms], word: str) -> bool:
    """Whether any product has this English word, in any of its forms."""
    term = stem(word)
    return any(term in part.named or term in part.described for part in vocabulary)
