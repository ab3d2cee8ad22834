"""Colours by their names in English and Chinese.

A name is read as a tone and a base: `dark red`, `深红`, `burgundy`, `酒红` are the dark
tone of red. So the shopper's name for a colour meets the shop's, whatever either is.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import get_language

from search.words.language.tokens import CHINESE, is_chinese, normalize


class Colour(NamedTuple):
    """A tone, a key of TONE_PREFIXES or empty, of a base, a key of BASE_NAMES."""

    base: str
    tone: str = ""


BASE_NAMES = {
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
TONE_PREFIXES = {
    "light": "light pale pastel 浅 淡 亮",
    "dark": "dark deep 深 暗",
}
# Names that are not made of a prefix and a base.
SPECIAL_NAMES = {
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
# Words in which a character that can mean a colour does not.
NOT_COLOURS = (
    "小黄鸭|黑胶唱片|红酒|红茶|红糖|红包|红外|黄油|黄金|黄瓜|黄铜|黑板|黑胶|白菜|白酒|白板|白天|"
    "绿茶|绿植|绿豆|蓝牙|蓝光|银行|金属|灰尘|粉底|粉刺|粉笔|青年|青春|青花|橘子|橙子|橙汁|紫外|"
    "紫砂|紫菜|深度|深的|浅口|亮面|亮光"
)


def _all_names() -> dict[str, Colour]:
    names = dict(SPECIAL_NAMES)
    for base, base_names in BASE_NAMES.items():
        for name in base_names.split():
            names[name] = Colour(base)
            for tone, prefixes in TONE_PREFIXES.items():
                for prefix in prefixes.split():
                    if is_chinese(prefix) == is_chinese(name):
                        space = "" if is_chinese(prefix) else " "
                        names[f"{prefix}{space}{name}"] = Colour(base, tone)
    return names


NAMES: dict[str, Colour] = _all_names()
_longest_first = sorted(map(re.escape, NAMES), key=len, reverse=True)
_chinese = "|".join(name for name in _longest_first if is_chinese(name))
_english = "|".join(name for name in _longest_first if not is_chinese(name))
# Words that are no colours come first, so that they are passed over.
NAME_PATTERN = re.compile(
    rf"(?P<other>{NOT_COLOURS})|(?P<name>{_chinese}|(?<![^\W{CHINESE}])(?:{_english})"
    rf"(?![^\W{CHINESE}]))(?:ish)?(?P<of>的|色)?"
)


def colour_of(name: str) -> Colour | None:
    """Return what a shop's own name for a colour means; None if it is not known."""
    text = normalize(name)
    if text in NAMES:
        return NAMES[text]
    names = [match["name"] for match in NAME_PATTERN.finditer(text) if match["name"]]
    return NAMES[names[-1]] if names else None


def translate(name: str, language: str) -> str:
    """Translate a plain name (`dark red`, `深红色`) to English or Chinese.

    Any other name is returned as it is.
    """
    to_chinese = language.startswith("zh")
    colour = _plain_names().get(normalize(name))
    if colour is None or to_chinese == is_chinese(name):
        return name
    return _plain_name(colour, in_chinese=to_chinese)


def translate_for_reader(name: str) -> str:
    """Translate a plain name to the language of the page that is being made."""
    return translate(name, get_language() or "")


def shop_names_of(colour: Colour, shop_names: Iterable[str]) -> list[str]:
    """Return the shop's names for a colour; for any tone of it if it lacks the tone."""
    by_name = {name: colour_of(name) for name in shop_names if name}
    same_base = {
        name: each for name, each in by_name.items() if each and _has_base(each, colour)
    }
    same_tone = [name for name, each in same_base.items() if each.tone == colour.tone]
    return sorted(same_tone if colour.tone and same_tone else same_base)


@lru_cache(maxsize=1)
def _plain_names() -> dict[str, Colour]:
    """Return each colour by its plain name in both languages."""
    colours = [
        Colour(base, tone) for base in BASE_NAMES for tone in ("", *TONE_PREFIXES)
    ]
    return {
        _plain_name(colour, in_chinese=in_chinese): colour
        for colour in colours
        for in_chinese in (False, True)
    }


def _plain_name(colour: Colour, *, in_chinese: bool) -> str:
    """Return the first prefix of its tone with the first name of its base."""
    if not in_chinese:
        return f"{colour.tone} {colour.base}".strip()
    names = (TONE_PREFIXES.get(colour.tone, ""), BASE_NAMES[colour.base])
    return "".join(_first_chinese(each.split()) for each in names)


def _first_chinese(names: list[str]) -> str:
    return next(filter(is_chinese, names), "")


def _has_base(named: Colour, wanted: Colour) -> bool:
    """Return whether a colour counts as another, as olive green counts as green."""
    return named.base == wanted.base or named.base.split()[-1] == wanted.base


_english_prefixes = {
    prefix
    for prefixes in TONE_PREFIXES.values()
    for prefix in prefixes.split()
    if not is_chinese(prefix)
}
# Every English word of a colour's name.
ENGLISH_WORDS = _english_prefixes.union(
    word for name in NAMES if not is_chinese(name) for word in re.split(r"\W+", name)
)
