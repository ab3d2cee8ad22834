"""Synonyms of a shop's words in English and Chinese: glossary.csv, written by us.

The sentence encoder knows far more words, but confuses single words at times. So the
glossary is asked first.
"""

import csv
from functools import lru_cache
from pathlib import Path

from search.words.language.tokens import (
    PhraseTerms,
    is_chinese,
    phrase_terms,
    split_words,
)

FILE = Path(__file__).with_name("glossary.csv")


@lru_cache(maxsize=1)
def _synonym_groups() -> dict[PhraseTerms, list[str]]:
    """Return the words that mean the same as a phrase, itself included, by its terms.

    A phrase of several rows of the file has the synonyms of all of them.
    """
    groups: dict[PhraseTerms, list[str]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for english, chinese in csv.reader(file):
            row = [*english.split("|"), *chinese.split("|")]
            for phrase in row:
                group = groups.setdefault(phrase_terms(phrase), [])
                group += [other for other in row if other not in group]
    return groups


@lru_cache(maxsize=1)
def max_phrase_words() -> int:
    """Return how many words its longest English phrase has."""
    return max(len(split_words(phrase)) for phrase in _phrases())


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Return every English word in it."""
    every_word = (word for phrase in _phrases() for word in split_words(phrase))
    return frozenset(word for word in every_word if not is_chinese(word))


@lru_cache(maxsize=1)
def chinese_words() -> frozenset[str]:
    """Return every Chinese word in it, without mixed ones such as `polo衫`."""
    return frozenset(filter(is_chinese, _phrases()))


def synonyms(phrase: str) -> list[str]:
    """Return other words and phrases of the same meaning, in both languages."""
    group = _synonym_groups().get(phrase_terms(phrase), ())
    return [other for other in group if other != phrase]


def _phrases() -> frozenset[str]:
    return frozenset(phrase for group in _synonym_groups().values() for phrase in group)
