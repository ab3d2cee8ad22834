"""The concepts in a query: each phrase with all the ways to say it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from search.words.category_names import is_in_a_name
from search.words.language import colours, glossary
from search.words.language.tokens import (
    PhraseTerms,
    is_chinese,
    phrase_terms,
    split_words,
)
from search.words.vocabulary import words_near
from search.words.words_gallery import WordsGallery

# What a synonym counts, against the shopper's own word.
SYNONYM_WEIGHT = 0.95
# After one of these an English text says what a thing is like, not what it is.
QUALIFIERS = frozenset(
    split_words("with for in of without from by on and or to at like that which as")
)
STOP_WORDS = QUALIFIERS | frozenset(
    split_words(
        """
        a an the i me my we our you your it its is are be am please show find search
        give want need like looking look buy get some any something anything one ones
        this these those there here have has do does can could would new nice good best
        cheap cheaper cheapest affordable colour color coloured colored made s t shop
        sale price priced under over

        我想要 我要 我想 想要 想买 要买 我 想 要 买 找 请 给我 帮我 推荐 有没有 有 没有
        吗 呢 吧 啊 的 了 个 一个 一款 一件 一只 一台 一部 一双 一张 一把 款 件 只 台 部
        双 张 把 些 一些 这 那 和 与 及 或 或者 带 带有 配 适合 适用 用于 用来 用 给 送
        送给 是 在 很 最 比较 好看 漂亮 便宜 便宜的 好 新 新款 色 颜色 商品 产品 东西 喝
        做 装 放 价格 元 块
        """
    )
)


@dataclass(frozen=True)
class Concept:
    """A phrase of a query, and the phrases that count as it.

    alternatives: the terms of each, and what a product counts that has them all.
    """

    phrase: str
    alternatives: tuple[tuple[PhraseTerms, float], ...]


def words_to_head_noun(text: str) -> list[str]:
    """Return the words up to the head noun, which says what kind of thing is meant.

    English and Chinese say it last: before any `with`, and before a colour.
    """
    kept: list[str] = []
    for phrase in _phrases(text):
        if phrase in QUALIFIERS and kept:
            break
        if not is_stop_word(phrase):
            kept.append(phrase)
    while kept and kept[-1] in colours.NAMES:  # 手机 红色
        kept.pop()
    return kept


def head_noun(text: str) -> str:
    """Return the head noun; empty where the text has only colours."""
    return (words_to_head_noun(text) or [""])[-1]


def is_stop_word(phrase: str) -> bool:
    return phrase in STOP_WORDS or phrase.isdecimal()


def concepts_in(text: str, gallery: WordsGallery) -> list[Concept]:
    """Return the concepts of a normalized text, each once, without stop words."""
    phrases = (phrase for phrase in _phrases(text) if not is_stop_word(phrase))
    return [_concept(phrase, gallery) for phrase in dict.fromkeys(phrases)]


def is_known_word(word: str, gallery: WordsGallery) -> bool:
    """Return whether the shop, the glossary or English itself has this word."""
    return (
        is_stop_word(word)
        or word in glossary.english_words()
        or word in colours.ENGLISH_WORDS
        or is_in_a_name(gallery.categories, phrase_terms(word))
        or any(index.has_word(word) for index in gallery.indexes)
    )


def _concept(phrase: str, gallery: WordsGallery) -> Concept:
    colour = colours.NAMES.get(phrase)
    weights = {phrase_terms(phrase): 1.0}
    for synonym in _colour_names(colour) if colour else glossary.synonyms(phrase):
        weights.setdefault(phrase_terms(synonym), SYNONYM_WEIGHT)
    if not colour and not any(_is_in_shop(terms, gallery) for terms in weights):
        for word, cosine in words_near(phrase, gallery.indexes):
            weights.setdefault(phrase_terms(word), cosine)
    return Concept(phrase, tuple(weights.items()))


def _colour_names(colour: colours.Colour) -> list[str]:
    return [name for name, each in colours.NAMES.items() if each == colour]


def _is_in_shop(terms: PhraseTerms, gallery: WordsGallery) -> bool:
    return is_in_a_name(gallery.categories, terms) or any(
        index.scores(terms).any() for index in gallery.indexes
    )


def _phrases(text: str) -> Iterator[str]:
    """Split a text into names of colours, phrases of the glossary, and words."""
    end = 0
    for match in colours.NAME_PATTERN.finditer(text):
        if match["name"]:
            yield from _phrases_without_colours(text[end : match.start()])
            yield match["name"]
            end = match.end()
    yield from _phrases_without_colours(text[end:])


def _phrases_without_colours(text: str) -> Iterator[str]:
    for is_chinese_run, run in groupby(split_words(text), is_chinese):
        if is_chinese_run:
            for characters in run:
                yield from _chinese_phrases(characters)
        else:
            yield from _english_phrases(list(run))


def _english_phrases(run: list[str]) -> Iterator[str]:
    """Group words that are one phrase in the glossary, the longest first."""
    start = 0
    while start < len(run):
        longest = min(glossary.max_phrase_words(), len(run) - start)
        for length in range(longest, 0, -1):
            phrase = " ".join(run[start : start + length])
            if length == 1 or glossary.synonyms(phrase):
                yield phrase
                start += length
                break


def _chinese_phrases(characters: str) -> Iterator[str]:
    """Split at known words, the longest first; what is between them is a phrase."""
    end = 0
    for match in _known_chinese().finditer(characters):
        if match.start() > end:
            yield characters[end : match.start()]
        yield match[0]
        end = match.end()
    if end < len(characters):
        yield characters[end:]


@lru_cache(maxsize=1)
def _known_chinese() -> re.Pattern[str]:
    known = {*glossary.chinese_words(), *filter(is_chinese, STOP_WORDS)}
    return re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))
