"""Words in few large arrays are found as in a dictionary."""

import random
from collections import Counter
from typing import Any

import numpy as np
import snowballstemmer

from search.words.inverted_index import (
    DESCRIPTION_WEIGHT,
    IndexBuilder,
    IndexedText,
    InvertedIndex,
    SortedWords,
)
from search.words.language.tokens import index_terms, is_chinese, split_words, stem

SOME = [
    *("mug", "mugs", "stripe", "striped", "zebra", "é", "straße", "p1", "p12", "2"),
    *("花瓶", "深蓝", "陶瓷花瓶", "\U0001f600"),
]


def texts(seed: int) -> list[IndexedText]:
    chance = random.Random(seed)

    def text() -> str:
        return " ".join(chance.choices(SOME, k=chance.randrange(5)))

    return [IndexedText(text(), text()) for _ in range(40)]


def index_of(some: list[IndexedText], rows: Any = None) -> InvertedIndex:
    builder = IndexBuilder()
    for text in some:
        builder.add(text)
    return builder.build(rows)


def terms_of(text: str) -> set[str]:
    return set(index_terms(split_words(text)))


def test_each_term_has_the_rows_whose_texts_have_it() -> None:
    some = texts(1)
    rows = np.random.default_rng(1).permutation(len(some))
    index = index_of(some, rows)
    for term in {each for word in SOME for each in terms_of(word)} | {"none"}:
        expected = np.zeros(len(some), np.float32)
        for row, text in zip(rows.tolist(), some, strict=True):
            if term in terms_of(text.names):
                expected[row] = 1.0
            elif term in terms_of(text.description):
                expected[row] = np.float32(DESCRIPTION_WEIGHT)
        assert index.scores([term]).tolist() == expected.tolist()
        in_names = any(term in terms_of(text.names) for text in some)
        assert (term in index.names) == in_names


def test_english_words_are_counted_by_product_and_come_the_commonest_first() -> None:
    some = texts(2)
    counts: Counter[str] = Counter()
    for text in some:
        counts.update({*split_words(text.names), *split_words(text.description)})
    expected = {word: n for word, n in counts.items() if not is_chinese(word)}
    index = index_of(some)
    assert dict(index.frequencies) == expected
    ordered = sorted(expected, key=lambda word: (-expected[word], word))
    assert list(index.frequencies.beginning_with("")) == ordered
    with_m = [word for word in ordered if word.startswith("m")]
    assert list(index.frequencies.beginning_with("m")) == with_m
    assert set(index.alphabetic_words) == {word for word in expected if word.isalpha()}


def test_a_word_that_is_not_there_has_no_place() -> None:
    words = SortedWords.of(sorted(SOME))
    assert [words[words.find(word) or 0] for word in sorted(SOME)] == sorted(SOME)
    assert words.find("mu") is None and words.find("") is None
    assert SortedWords.of([]).find("mug") is None


def test_a_word_that_ends_in_a_digit_is_its_own_stem() -> None:
    chance = random.Random(3)
    english = snowballstemmer.stemmer("english")
    for _ in range(500):
        letters = "".join(chance.choices("aeyinglsdr0123456789", k=8))
        word = f"{letters}{chance.randrange(10)}"
        assert stem(word) == english.stemWord(word)
