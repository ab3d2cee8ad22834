"""Words in few large arrays are found as in a dictionary."""

import random
from collections import Counter

import numpy as np
import snowballstemmer

from search.words.language.tokens import is_chinese, stem, terms_of, words
from search.words.terms import IN_DESCRIPTION, Collector, Text, Vocabulary

SOME = [
    *("mug", "mugs", "stripe", "striped", "zebra", "é", "straße", "p1", "p12", "2"),
    *("花瓶", "深蓝", "陶瓷花瓶", "\U0001f600"),
]


def texts(seed: int) -> list[Text]:
    chance = random.Random(seed)
    return [
        Text(*(" ".join(chance.choices(SOME, k=chance.randrange(5))) for _ in "ab"))
        for _ in range(40)
    ]


def test_each_term_has_the_rows_whose_texts_have_it() -> None:
    some = texts(1)
    places = np.random.default_rng(1).permutation(len(some))
    collected = Collector()
    for text in some:
        collected.add(text)
    found = collected.terms(places)
    for term in {each for word in SOME for each in terms_of(words(word))} | {"none"}:
        expected = np.zeros(len(some), np.float32)
        for place, text in zip(places.tolist(), some, strict=True):
            if term in terms_of(words(text.names)):
                expected[place] = 1.0
            elif term in terms_of(words(text.description)):
                expected[place] = np.float32(IN_DESCRIPTION)
        assert found.scores([term]).tolist() == expected.tolist()
        in_names = any(term in terms_of(words(text.names)) for text in some)
        assert (term in found.named) == in_names


def test_english_words_are_counted_by_product_and_come_the_commonest_first() -> None:
    some, collected = texts(2), Collector()
    counts: Counter[str] = Counter()
    for text in some:
        collected.add(text)
        counts.update({*words(text.names), *words(text.description)})
    expected = {word: n for word, n in counts.items() if not is_chinese(word)}
    found = collected.terms()
    assert dict(found.spelled) == expected
    ordered = sorted(expected, key=lambda word: (-expected[word], word))
    assert list(found.beginning_with("")) == ordered
    of_m = [word for word in ordered if word.startswith("m")]
    assert list(found.beginning_with("m")) == of_m
    assert set(found.of_letters) == {word for word in expected if word.isalpha()}


def test_a_word_that_is_not_there_has_no_place() -> None:
    vocabulary = Vocabulary.of(sorted(SOME))
    assert [vocabulary[vocabulary.find(word) or 0] for word in sorted(SOME)] == sorted(
        SOME
    )
    assert vocabulary.find("mu") is None and vocabulary.find("") is None
    assert Vocabulary.of([]).find("mug") is None


def test_a_word_that_ends_in_a_digit_is_its_own_stem() -> None:
    chance = random.Random(3)
    english = snowballstemmer.stemmer("english")
    for _ in range(500):
        letters = "".join(chance.choices("aeyinglsdr0123456789", k=8))
        word = f"{letters}{chance.randrange(10)}"
        assert stem(word) == english.stemWord(word)
