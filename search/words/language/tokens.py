"""Text to the terms that are compared: English stems, Chinese characters and bigrams.

Chinese is written without spaces: a run of characters counts by its characters and its
bigrams, so that no dictionary decides where a word ends.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

FIRST_CHINESE, LAST_CHINESE = "\u3400", "\u9fff"
CHINESE = f"{FIRST_CHINESE}-{LAST_CHINESE}"  # inside a character class
WORD = re.compile(rf"[{CHINESE}]+|[^\W_{CHINESE}]+")

# The terms of a word or phrase. A text that has the phrase has all of them.
PhraseTerms = tuple[str, ...]

_stemmers = threading.local()  # a stemmer is not safe to share between threads


def normalize(text: str) -> str:
    """Return the text as texts are compared: case folded, NFKC, single spaces."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def split_words(text: str) -> list[str]:
    """Return its words and its runs of Chinese characters, normalized."""
    return WORD.findall(normalize(text))


def is_chinese(word: str) -> bool:
    """Return whether the word begins with a Chinese character."""
    return FIRST_CHINESE <= word[0] <= LAST_CHINESE


def stem(word: str) -> str:
    """Return what the forms of an English word share: `stripes`, `striped` → `stripe`.

    A word that ends with a digit is its own stem: mostly it is a product's number.
    """
    return word if word[-1].isdigit() else _cached_stem(word)


@lru_cache(maxsize=65536)
def _cached_stem(word: str) -> str:
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    return str(_stemmers.english.stemWord(word))


def index_terms(words: Iterable[str]) -> Iterator[str]:
    """Yield the terms by which a text of these words is found; some come twice."""
    for word in words:
        if is_chinese(word):
            yield from word
            yield from _bigrams(word)
        else:
            yield stem(word)


def phrase_terms(phrase: str) -> PhraseTerms:
    """Return the terms that a text must have, all of them, to have this phrase."""
    terms: list[str] = []
    for word in split_words(phrase):
        if is_chinese(word):
            terms += _bigrams(word) or [word]
        else:
            terms.append(stem(word))
    return tuple(terms)


def _bigrams(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)]
