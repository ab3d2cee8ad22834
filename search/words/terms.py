"""Which products have which words: an inverted index in memory, of few large arrays.

A shop has as many different words as products, or more, since each has a number of its
own. So words are one text in order, looked up by halving, and rows one array.
"""

import heapq
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from search.words.language.tokens import is_chinese, stem, terms_of, words

Scores = npt.NDArray[np.float32]  # (n,)
Numbers = npt.NDArray[np.int32]  # of rows, ascending

COMMONEST = 2000
SHORTEST = 3  # letters of a word that means something by itself
IN_DESCRIPTION = 0.6  # what a word there counts, against one in the name
NONE: Numbers = np.empty(0, np.int32)


@dataclass(frozen=True)
class Text:
    """What is read of a product: what names it, and what describes it."""

    names: str
    description: str


@dataclass(frozen=True)
class Vocabulary(Sequence[str]):
    """Different words, ascending."""

    letters: bytes  # UTF-8, whose order is that of the words
    ends: npt.NDArray[np.int64]  # (n + 1,): where each ends, after where the first is

    @classmethod
    def of(cls, ordered: Iterable[str]) -> Self:
        encoded = [word.encode("utf-8", "surrogatepass") for word in ordered]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(b"".join(encoded), np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        letters = self.letters[self.ends[at] : self.ends[at + 1]]
        return letters.decode("utf-8", "surrogatepass")

    def plain(self) -> list[int]:
        """Which have no digit of ASCII."""
        letters = np.frombuffer(self.letters, np.uint8)
        digits = (letters >= ord("0")) & (letters <= ord("9"))
        before = np.concatenate([[0], np.cumsum(digits, dtype=np.int32)])[self.ends]
        plain: list[int] = np.flatnonzero(np.diff(before) == 0).tolist()
        return plain

    def find(self, word: str) -> int | None:
        at = bisect_left(self, word)
        return at if at < len(self) and self[at] == word else None


@dataclass(frozen=True)
class Postings:
    """The rows of each term."""

    terms: Vocabulary
    ends: npt.NDArray[np.int64]  # (n + 1,), as those of the words
    rows: Numbers

    def __contains__(self, term: object) -> bool:
        return isinstance(term, str) and self.terms.find(term) is not None

    def get(self, term: str) -> Numbers:
        """None where no product has it."""
        at = self.terms.find(term)
        return NONE if at is None else self.rows[self.ends[at] : self.ends[at + 1]]


@dataclass(frozen=True)
class Spelled(Mapping[str, int]):
    """English words as written, and how many products have each."""

    words: Vocabulary
    counts: Numbers

    def __getitem__(self, word: str) -> int:
        at = self.words.find(word)
        if at is None:
            raise KeyError(word)
        return int(self.counts[at])

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class Terms:
    """Of n products."""

    n: int
    named: Postings
    described: Postings
    spelled: Spelled

    @cached_property
    def commonest(self) -> list[str]:
        """English words whose meanings are worth knowing: 1 s a process, 4 MB."""
        worth = (
            (-count, word)
            for word, count in self.of_letters.items()
            if len(word) >= SHORTEST
        )
        return [word for _, word in heapq.nsmallest(COMMONEST, worth)]

    @cached_property
    def of_letters(self) -> dict[str, int]:
        """English words that mean something, or that a slip was meant for, and how many
        products have each: those without digits, so no numbers of products.
        """
        found = ((self.spelled.words[at], at) for at in self.spelled.words.plain())
        return {
            word: int(self.spelled.counts[at]) for word, at in found if word.isalpha()
        }

    def beginning_with(self, letters: str) -> Iterator[str]:
        """English words as written, the commonest first."""
        every = self.spelled.words
        end = bisect_left(every, letters + "\U0010ffff")
        return self._by_count(bisect_left(every, letters), end)

    def _by_count(self, start: int, end: int) -> Iterator[str]:
        """The commonest first, equal ones by the alphabet."""
        order = np.argsort(-self.spelled.counts[start:end], kind="stable")
        return (self.spelled.words[start + int(at)] for at in order)

    def scores(self, needed: Iterable[str]) -> Scores:
        """For each product (n,): 1 if it has all these terms, less in a description."""
        return reduce(np.minimum, map(self._scores_of, needed))

    def _scores_of(self, term: str) -> Scores:
        found = np.zeros(self.n, np.float32)
        found[self.described.get(term)] = IN_DESCRIPTION
        found[self.named.get(term)] = 1.0
        return found


class Collector:
    """Takes texts one by one, and keeps nothing of them but their words."""

    def __init__(self) -> None:
        self.n = 0
        self._named = _Pairs()
        self._described = _Pairs()
        self._spelled: Counter[str] = Counter()

    def add(self, text: Text) -> None:
        of_names, of_description = words(text.names), words(text.description)
        self._named.add(self.n, terms_of(of_names))
        self._described.add(self.n, terms_of(of_description))
        spelled = {
            word for word in (*of_names, *of_description) if not is_chinese(word)
        }
        self._spelled.update(spelled)
        self.n += 1

    def terms(self, places: npt.NDArray[np.integer[Any]] | None = None) -> Terms:
        """`places`: the row of each text, where that is not the order they came in."""
        at = np.arange(self.n) if places is None else places
        ordered = sorted(self._spelled)
        counts = np.array([self._spelled[word] for word in ordered], np.int32)
        return Terms(
            self.n,
            self._named.postings(at),
            self._described.postings(at),
            Spelled(Vocabulary.of(ordered), counts),
        )


class _Pairs:
    """Terms and rows, as they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # of terms
        self.terms, self.rows = array("i"), array("i")

    def add(self, row: int, terms: Iterable[str]) -> None:
        numbers = self.numbers
        different = {numbers.setdefault(term, len(numbers)) for term in terms}
        self.terms.extend(different)
        self.rows.extend([row] * len(different))

    def postings(self, places: npt.NDArray[np.integer[Any]]) -> Postings:
        ordered = sorted(self.numbers)
        rank = np.empty(len(ordered), np.int32)
        rank[[self.numbers[term] for term in ordered]] = np.arange(len(ordered))
        terms = rank[np.frombuffer(self.terms, np.int32)]
        counts = np.bincount(terms, minlength=len(ordered))
        rows = places[np.frombuffer(self.rows, np.int32)].astype(np.int32)
        rows = rows[np.lexsort((rows, terms))]
        ends = np.concatenate([[0], np.cumsum(counts)])
        return Postings(Vocabulary.of(ordered), ends, rows)


def has(vocabulary: Iterable[Terms], word: str) -> bool:
    """Whether any product has this English word, in any of its forms."""
    term = stem(word)
    return any(term in part.named or term in part.described for part in vocabulary)
