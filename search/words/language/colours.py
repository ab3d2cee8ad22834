"""Colours by their names in English and Chinese.

A name is read as a tone and a base: `dark red`, `深红`, `burgundy`, `酒红` are the dark
tone of red. So the shopper's word meets the shop's, whatever either is called.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import get_language

from search.words.language.tokens import CHINESE, normal


class Colour(NamedTuple):
    """tone: `light`, `dark`, or empty; base: what it is a tone of."""

    base: str
    tone: str = ""


BASES = {
    "red": "red crimson scarlet 红色 红 大红 赤色 朱红",
    "orange": "orange 橙色 橘色 橙 橘 橙红 橘红",
    "yellow": "yellow 黄色 黄 鹅黄",
    "green": "green 绿色 绿 翠绿",
    "turquoise": "turquoise teal cyan aqua 青色 青 青绿 青绿色 蓝绿 蓝绿色 湖蓝 湖蓝色",
    "blue": "blue 蓝色 蓝 宝蓝 宝蓝色",
    "purple": "purple violet 紫色 紫 紫罗兰色",
    "pink": "pink rose magenta 粉色 粉红 粉红色 粉 玫红 玫红色 玫瑰色",
    "brown": "brown 棕色 褐色 棕 褐 咖啡色 咖色 巧克力色",
    "beige": "beige cream sand 米色 米黄 米黄色 米白 米白色 杏色 奶油色",
    "white": "white ivory 白色 白 象牙白",
    "grey": "grey gray 灰色 灰",
    "black": "black 黑色 黑",
    "olive green": "olive khaki 橄榄绿 橄榄绿色 橄榄色 军绿 军绿色 卡其色 卡其",
    "gold": "gold golden 金色",
    "silver": "silver 银色",
}
TONES = {
    "light": "light pale pastel 浅 淡 亮",
    "dark": "dark deep 深 暗",
}
# Names of their own for a tone of a base.
OWN = {
    "navy": Colour("blue", "dark"),
    "navy blue": Colour("blue", "dark"),
    "藏青": Colour("blue", "dark"),
    "藏青色": Colour("blue", "dark"),
    "藏蓝": Colour("blue", "dark"),
    "藏蓝色": Colour("blue", "dark"),
    "天蓝": Colour("blue", "light"),
    "天蓝色": Colour("blue", "light"),
    "sky blue": Colour("blue", "light"),
    "burgundy": Colour("red", "dark"),
    "maroon": Colour("red", "dark"),
    "wine red": Colour("red", "dark"),
    "酒红": Colour("red", "dark"),
    "酒红色": Colour("red", "dark"),
    "墨绿": Colour("green", "dark"),
    "墨绿色": Colour("green", "dark"),
    "mint": Colour("green", "light"),
    "mint green": Colour("green", "light"),
    "薄荷绿": Colour("green", "light"),
    "薄荷色": Colour("green", "light"),
    "lilac": Colour("purple", "light"),
    "lavender": Colour("purple", "light"),
    "olive green": Colour("olive green"),
    "off-white": Colour("beige"),
}
# Where a single sign for a colour is part of another word.
NO_COLOUR = (
    "小黄鸭|黑胶唱片|红酒|红茶|红糖|红包|红外|黄油|黄金|黄瓜|黄铜|黑板|黑胶|白菜|白酒|白板|白天|"
    "绿茶|绿植|绿豆|蓝牙|蓝光|银行|金属|灰尘|粉底|粉刺|粉笔|青年|青春|青花|橘子|橙子|橙汁|紫外|"
    "紫砂|紫菜|深度|深的|浅口|亮面|亮光"
)


def _names() -> dict[str, Colour]:
    found = dict(OWN)
    for base, names in BASES.items():
        for name in names.split():
            found[name] = Colour(base)
            for tone, prefixes in TONES.items():
                for prefix in prefixes.split():
                    is_chinese = prefix >= CHINESE[0]
                    if is_chinese == (name >= CHINESE[0]):
                        space = "" if is_chinese else " "
                        found[f"{prefix}{space}{name}"] = Colour(base, tone)
    return found


NAMES: dict[str, Colour] = _names()
_longest_first = sorted(map(re.escape, NAMES), key=len, reverse=True)
_chinese = "|".join(name for name in _longest_first if name >= CHINESE[0])
_english = "|".join(name for name in _longest_first if name < CHINESE[0])
# The words that are none come first, so that they are passed over.
PATTERN = re.compile(
    rf"(?P<other>{NO_COLOUR})|(?P<name>{_chinese}|(?<![^\W{CHINESE}])(?:{_english})"
    rf"(?![^\W{CHINESE}]))(?:ish)?(?P<of>的|色)?"
)


def colour_of(name: str) -> Colour | None:
    """What a shop's own word for a colour means; None for one that is not known."""
    text = normal(name)
    if text in NAMES:
        return NAMES[text]
    found = [NAMES[match["name"]] for match in PATTERN.finditer(text) if match["name"]]
    return found[-1] if found else None


def in_language(name: str, language: str) -> str:
    """A plain name (`dark red`, `深红色`) in English or Chinese; any other as it is."""
    is_chinese = language.startswith("zh")
    colour = _plain_names().get(normal(name))
    if colour is None or is_chinese == (name >= CHINESE[0]):
        return name
    return _plain_name(colour, is_chinese=is_chinese)


def in_readers_language(name: str) -> str:
    """Of the one whose page is being made."""
    return in_language(name, get_language() or "")


def in_words_of(colour: Colour, shop: Iterable[str]) -> list[str]:
    """The shop's words for that colour; where it has not the tone, for any tone."""
    by_word = {word: colour_of(word) for word in shop if word}
    kin = {
        word: each for word, each in by_word.items() if each and _is_kin(each, colour)
    }
    same_tone = [word for word, each in kin.items() if each.tone == colour.tone]
    return sorted(same_tone if colour.tone and same_tone else kin)


@lru_cache(maxsize=1)
def _plain_names() -> dict[str, Colour]:
    """The first name of each base, alone and in each tone, in both languages."""
    colours = [Colour(base, tone) for base in BASES for tone in ("", *TONES)]
    return {
        _plain_name(colour, is_chinese=is_chinese): colour
        for colour in colours
        for is_chinese in (False, True)
    }


def _plain_name(colour: Colour, *, is_chinese: bool) -> str:
    if not is_chinese:
        return f"{colour.tone} {colour.base}".strip()
    names = (TONES.get(colour.tone, ""), BASES[colour.base])
    return "".join(_first_chinese(each.split()) for each in names)


def _first_chinese(names: list[str]) -> str:
    return next((name for name in names if name >= CHINESE[0]), "")


def _is_kin(one: Colour, other: Colour) -> bool:
    """Olive green is a green where green is meant, but green is not olive."""
    return one.base == other.base or one.base.split()[-1] == other.base


ENGLISH = frozenset(
    word for name in NAMES if name < CHINESE[0] for word in re.split(r"\W+", name)
) | {word for tone in TONES.values() for word in tone.split() if word < CHINESE[0]}
