"""Text to the terms that are compared: English words by their stems, Chinese by signs.

Chinese is written without spaces: a run of signs counts by its single signs and its
pairs, so that no dictionary decides where a word ends.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

CHINESE = "\u3400-\u9fff"
WORD = re.compile(rf"[{CHINESE}]+|[^\W_{CHINESE}]+")

_stemmers = threading.local()  # a stemmer keeps the word that it is at


def normal(text: str) -> str:
    """As texts are compared: without case, wide letters narrow, one space between."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def words(text: str) -> list[str]:
    """Its words, and its runs of Chinese signs."""
    return WORD.findall(normal(text))


def is_chinese(word: str) -> bool:
    return "\u3400" <= word[0] <= "\u9fff"


def stem(word: str) -> str:
    """What the forms of an English word share: `stripes`, `striped` → `stripe`."""
    # No ending of English is a digit; and each product has a number of its own.
    return word if word[-1].isdigit() else _stem(word)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    return str(_stemmers.english.stemWord(word))


def terms_of(words: Iterable[str]) -> Iterator[str]:
    """What a text of these words is found by; some come twice."""
    for word in words:
        if is_chinese(word):
            yield from word
            yield from pairs(word)
        else:
            yield stem(word)


def needed(word: str) -> tuple[str, ...]:
    """The terms that a text with this word has, all of them."""
    found: list[str] = []
    for part in words(word):
        if not is_chinese(part):
            found.append(stem(part))
        else:
            found += pairs(part) or [part]
    return tuple(found)


def pairs(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)]
