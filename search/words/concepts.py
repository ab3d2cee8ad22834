"""What the words of a query ask for: each a concept, with all the ways to say it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from search.words.category_names import Categories
from search.words.language import colours, glossary
from search.words.language.tokens import is_chinese, needed, words
from search.words.shelf import Shelf
from search.words.terms import has
from search.words.vocabulary import near_words

Terms = tuple[str, ...]

# What another word of the same meaning counts, against the shopper's own.
SAME = 0.95
# After one of these an English text says no more what a thing is, but how.
TURNS = frozenset(
    words("with for in of without from by on and or to at like that which as")
)
EMPTY = TURNS | frozenset(
    words(
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
    """ways: terms that a product must have, all of one way, and what that counts."""

    word: str
    ways: tuple[tuple[Terms, float], ...]


def head_words(text: str) -> list[str]:
    """Its words up to what says what kind of thing is meant.

    English and Chinese say that last: before any `with`, and but for colours.
    """
    kept: list[str] = []
    for phrase in _phrases(text):
        if phrase in TURNS and kept:
            break
        if not is_empty(phrase):
            kept.append(phrase)
    while kept and kept[-1] in colours.NAMES:  # 手机 红色
        kept.pop()
    return kept


def head_of(text: str) -> str:
    """The last of these; empty where only colours were asked for."""
    return (head_words(text) or [""])[-1]


def is_empty(phrase: str) -> bool:
    return phrase in EMPTY or phrase.isdecimal()


def concepts(text: str, shelves: Sequence[Shelf], tree: Categories) -> list[Concept]:
    """Of a normal text; the empty words left out."""
    asked = dict.fromkeys(each for each in _phrases(text) if not is_empty(each))
    return [_concept(phrase, shelves, tree) for phrase in asked]


def _concept(phrase: str, shelves: Sequence[Shelf], tree: Categories) -> Concept:
    ways = {needed(phrase): 1.0}
    colour = colours.NAMES.get(phrase)
    same = (
        [name for name, each in colours.NAMES.items() if each == colour]
        if colour
        else glossary.same_as(phrase)
    )
    for other in same:
        ways.setdefault(needed(other), SAME)
    if not colour and not any(_is_known(way, shelves, tree) for way in ways):
        for word, cosine in near_words(phrase, [shelf.terms for shelf in shelves]):
            ways.setdefault(needed(word), cosine)
    return Concept(phrase, tuple(ways.items()))


def _is_known(way: Terms, shelves: Sequence[Shelf], tree: Categories) -> bool:
    if tree.called_by(way):
        return True
    return any(bool(shelf.terms.scores(way).any()) for shelf in shelves)


def _phrases(text: str) -> Iterator[str]:
    at = 0
    for match in colours.PATTERN.finditer(text):
        if match["name"]:
            yield from _between(text[at : match.start()])
            yield match["name"]
            at = match.end()
    yield from _between(text[at:])


def _between(text: str) -> Iterator[str]:
    for chinese, run in groupby(words(text), is_chinese):
        if chinese:
            for part in run:
                yield from _segments(part)
        else:
            yield from _grouped(list(run))


def _grouped(run: list[str]) -> Iterator[str]:
    """English words, those that are one phrase in the glossary together."""
    at = 0
    while at < len(run):
        most = min(glossary.longest(), len(run) - at)
        for length in range(most, 0, -1):
            phrase = " ".join(run[at : at + length])
            if length == 1 or glossary.same_as(phrase):
                yield phrase
                at += length
                break


def _segments(run: str) -> Iterator[str]:
    """Chinese: known words, the longest first, and what is left between them."""
    at = 0
    for match in _known_chinese().finditer(run):
        if match.start() > at:
            yield run[at : match.start()]
        yield match[0]
        at = match.end()
    if at < len(run):
        yield run[at:]


@lru_cache(maxsize=1)
def _known_chinese() -> re.Pattern[str]:
    known = {*glossary.chinese_words(), *filter(is_chinese, EMPTY)}
    return re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))


def is_in_shop(word: str, shelves: Sequence[Shelf], tree: Categories) -> bool:
    """Whether the shop, the glossary or the language itself knows this English word."""
    return (
        is_empty(word)
        or word in glossary.english_words()
        or word in colours.ENGLISH
        or tree.called_by(needed(word))
        or has([shelf.terms for shelf in shelves], word)
    )
