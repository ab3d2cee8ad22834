"""An inverted index in memory: which products have which words, in few large arrays.

A shop has as many different words as products, or more, since each product has a
number of its own. So the words are one sorted text that is searched by bisection, and
the rows of all words are one array.
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

from search.words.language.tokens import index_terms, is_chinese, split_words, stem

Scores = npt.NDArray[np.float32]  # (n,) one per product
RowNumbers = npt.NDArray[np.int32]  # ascending

MAX_COMMON_WORDS = 2000
MIN_LETTERS_OF_COMMON_WORD = 3
DESCRIPTION_WEIGHT = 0.6  # what a word in a description counts, against one in the name
NO_ROWS: RowNumbers = np.empty(0, np.int32)


@dataclass(frozen=True)
class IndexedText:
    """The text of a product: what names it, and what describes it."""

    names: str
    description: str


@dataclass(frozen=True)
class SortedWords(Sequence[str]):
    """n different words in ascending order, packed into one text."""

    utf8: bytes  # its order is that of the words
    offsets: npt.NDArray[
        np.int64
    ]  # (n + 1,) where each begins, and where the last ends

    @classmethod
    def of(cls, ordered: Iterable[str]) -> Self:
        encoded = [word.encode("utf-8", "surrogatepass") for word in ordered]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(b"".join(encoded), np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        word = self.utf8[self.offsets[place] : self.offsets[place + 1]]
        return word.decode("utf-8", "surrogatepass")

    def find(self, word: str) -> int | None:
        """Return the word's place; None if it is not here."""
        place = bisect_left(self, word)
        return place if place < len(self) and self[place] == word else None

    def places_without_digits(self) -> list[int]:
        """Return the places of words that have no ASCII digit."""
        utf8 = np.frombuffer(self.utf8, np.uint8)
        is_digit = (utf8 >= ord("0")) & (utf8 <= ord("9"))
        n_digits = np.concatenate([[0], np.cumsum(is_digit, dtype=np.int32)])
        places: list[int] = np.flatnonzero(
            np.diff(n_digits[self.offsets]) == 0
        ).tolist()
        return places


@dataclass(frozen=True)
class Postings:
    """The rows of each of n terms."""

    terms: SortedWords
    offsets: npt.NDArray[np.int64]  # (n + 1,) into rows
    rows: RowNumbers

    def __contains__(self, term: object) -> bool:
        return isinstance(term, str) and self.terms.find(term) is not None

    def rows_of(self, term: str) -> RowNumbers:
        """Return the rows of products that have the term."""
        place = self.terms.find(term)
        if place is None:
            return NO_ROWS
        return self.rows[self.offsets[place] : self.offsets[place + 1]]


@dataclass(frozen=True)
class WordFrequencies(Mapping[str, int]):
    """How many products have each English word, as it is spelled."""

    words: SortedWords
    counts: RowNumbers

    def __getitem__(self, word: str) -> int:
        place = self.words.find(word)
        if place is None:
            raise KeyError(word)
        return int(self.counts[place])

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def beginning_with(self, prefix: str) -> Iterator[str]:
        """Yield the words with this prefix: the commonest first, then by alphabet."""
        start = bisect_left(self.words, prefix)
        end = bisect_left(self.words, prefix + "\U0010ffff")
        order = np.argsort(-self.counts[start:end], kind="stable").tolist()
        return (self.words[start + place] for place in order)


@dataclass(frozen=True)
class InvertedIndex:
    """The index of n products."""

    n: int
    names: Postings
    descriptions: Postings
    frequencies: WordFrequencies

    @cached_property
    def common_words(self) -> list[str]:
        """The English words worth comparing by meaning: 1 s to encode, 4 MB."""
        by_count = (
            (-count, word)
            for word, count in self.alphabetic_words.items()
            if len(word) >= MIN_LETTERS_OF_COMMON_WORD
        )
        return [word for _, word in heapq.nsmallest(MAX_COMMON_WORDS, by_count)]

    @cached_property
    def alphabetic_words(self) -> dict[str, int]:
        """How many products have each English word that is no product's number."""
        words, counts = self.frequencies.words, self.frequencies.counts
        without_digits = ((words[at], at) for at in words.places_without_digits())
        return {word: int(counts[at]) for word, at in without_digits if word.isalpha()}

    def has_word(self, word: str) -> bool:
        """Return whether any product has this English word, in any of its forms."""
        term = stem(word)
        return term in self.names or term in self.descriptions

    def scores(self, terms: Iterable[str]) -> Scores:
        """Score products by whether they have all these terms.

        A product scores 1 if its names have them all, DESCRIPTION_WEIGHT if some are
        only in its description, and 0 if it lacks one.
        """
        return reduce(np.minimum, map(self._scores_of, terms))

    def _scores_of(self, term: str) -> Scores:
        scores = np.zeros(self.n, np.float32)
        scores[self.descriptions.rows_of(term)] = DESCRIPTION_WEIGHT
        scores[self.names.rows_of(term)] = 1.0
        return scores


class IndexBuilder:
    """Takes texts one by one, and keeps nothing of them but their words."""

    def __init__(self) -> None:
        self.n = 0
        self._names = _PostingsBuilder()
        self._descriptions = _PostingsBuilder()
        self._frequencies: Counter[str] = Counter()

    def add(self, text: IndexedText) -> None:
        names, description = split_words(text.names), split_words(text.description)
        self._names.add(self.n, index_terms(names))
        self._descriptions.add(self.n, index_terms(description))
        english = {word for word in (*names, *description) if not is_chinese(word)}
        self._frequencies.update(english)
        self.n += 1

    def build(self, rows: npt.NDArray[np.integer[Any]] | None = None) -> InvertedIndex:
        """Build the index.

        rows: the row of each text, if that is not the order in which texts were added.
        """
        row_of_text = np.arange(self.n) if rows is None else rows
        ordered = sorted(self._frequencies)
        counts = np.array([self._frequencies[word] for word in ordered], np.int32)
        return InvertedIndex(
            self.n,
            self._names.build(row_of_text),
            self._descriptions.build(row_of_text),
            WordFrequencies(SortedWords.of(ordered), counts),
        )


class _PostingsBuilder:
    """Collects pairs of a term and a text."""

    def __init__(self) -> None:
        self.term_numbers: dict[str, int] = {}
        self.terms, self.texts = array("i"), array("i")

    def add(self, text: int, terms: Iterable[str]) -> None:
        numbers = self.term_numbers
        different = {numbers.setdefault(term, len(numbers)) for term in terms}
        self.terms.extend(different)
        self.texts.extend([text] * len(different))

    def build(self, row_of_text: npt.NDArray[np.integer[Any]]) -> Postings:
        ordered = sorted(self.term_numbers)
        rank = np.empty(len(ordered), np.int32)
        rank[[self.term_numbers[term] for term in ordered]] = np.arange(len(ordered))
        terms = rank[np.frombuffer(self.terms, np.int32)]
        counts = np.bincount(terms, minlength=len(ordered))
        rows = row_of_text[np.frombuffer(self.texts, np.int32)].astype(np.int32)
        rows = rows[np.lexsort((rows, terms))]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return Postings(SortedWords.of(ordered), offsets, rows)
