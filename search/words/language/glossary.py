"""Words of shops that mean the same, in English and Chinese: glossary.csv, ours.

The sentence encoder knows far more words, but single words it mixes up at times. So
these come first, and it is asked for the others.
"""

import csv
from functools import lru_cache
from pathlib import Path

from search.words.language.tokens import is_chinese, needed, words

FILE = Path(__file__).with_name("glossary.csv")

Terms = tuple[str, ...]


@lru_cache(maxsize=1)
def _groups() -> dict[Terms, list[str]]:
    """By the terms of a word or phrase: the words that mean the same, it among them."""
    found: dict[Terms, list[str]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for english, chinese in csv.reader(file):
            group = [*english.split("|"), *chinese.split("|")]
            for word in group:
                known = found.setdefault(needed(word), [])
                known += [other for other in group if other not in known]
    return found


@lru_cache(maxsize=1)
def longest() -> int:
    """Words of its longest English phrase."""
    return max(len(words(phrase)) for group in _groups().values() for phrase in group)


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Every English word in it."""
    phrases = (phrase for group in _groups().values() for phrase in group)
    found = (word for phrase in phrases for word in words(phrase))
    return frozenset(word for word in found if not is_chinese(word))


@lru_cache(maxsize=1)
def chinese_words() -> frozenset[str]:
    """Every Chinese word in it, the mixed ones (`polo衫`) left out."""
    phrases = (phrase for group in _groups().values() for phrase in group)
    return frozenset(phrase for phrase in phrases if is_chinese(phrase))


def same_as(phrase: str) -> list[str]:
    """Words and phrases of the same meaning, in both languages; without the phrase."""
    return [word for word in _groups().get(needed(phrase), ()) if word != phrase]
