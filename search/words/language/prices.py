"""Prices in words: `under 50`, `between 20 and 40`, `50元以下`, `二十到四十块`."""

import re
from decimal import Decimal
from typing import NamedTuple

# "About 50" reaches this far on both sides.
ABOUT = Decimal("0.2")
MOST = Decimal(10) ** 8  # what a price field holds

DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}

NUMBER = r"(?:\d[\d,]*(?:\.\d{1,2})?|[零一二两三四五六七八九十百千万]+)"
SIGN = r"(?:[$€£¥￥]|eur|usd|gbp|rmb|cny)?\s*"
COIN = (
    r"(?:\s*(?:euros?|dollars?|pounds?|yuan|rmb|bucks|eur|usd|gbp|cny)\b"
    r"|\s*(?:元|块钱|块|圆|欧元|美元|[$€£¥￥]))?"
)


def _amount(name: str) -> str:
    return rf"{SIGN}(?P<{name}>{NUMBER}){COIN}"


A, B = _amount("a"), _amount("b")
UNDER = (
    r"(?:under|below|less than|cheaper than|up to|at most|no more than|max(?:imum)?)"
)
OVER = (
    r"(?:over|above|more than|from|at least|starting at|min(?:imum)?|"
    r"dearer than)"
)
BETWEEN = r"(?:\s*(?:-|–|—|~|～|to|and|until|到|至|和)\s*)"

Read = tuple[str, re.Pattern[str]]

# In the order in which they are looked for; the first that fits is taken.
PATTERNS: list[Read] = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("between", rf"\b(?:between|from)\s+{A}{BETWEEN}{B}"),
        ("between", rf"(?:价格|价钱)?(?:在|介于)?{A}{BETWEEN}{B}(?:之间|以内|的)?"),
        ("max", rf"\b{UNDER}\s*{A}"),
        ("max", rf"<=?\s*{A}"),
        ("max", rf"(?:不到|低于|小于|不超过|少于|最多|便宜过)\s*{A}(?:的)?"),
        ("max", rf"{A}\s*(?:以下|以内|之内|内|or less|or under|max)(?:的)?"),
        ("min", rf"\b{OVER}\s+{A}"),
        ("min", rf">=?\s*{A}"),
        ("min", rf"(?:超过|高于|大于|多于|至少|不低于|最少)\s*{A}(?:的)?"),
        ("min", rf"{A}\s*(?:以上|起|or more|and up|and over)(?:的)?"),
        ("about", rf"\b(?:about|around|roughly|approx\.?)\s*{A}"),
        ("about", rf"(?:大约|大概|差不多|约)\s*{A}(?:的)?"),
        ("about", rf"{A}\s*(?:左右|上下)(?:的)?"),
    )
]


class Prices(NamedTuple):
    """What was asked, both ends inclusive, and the text without it."""

    min: Decimal | None
    max: Decimal | None
    rest: str


def read(text: str) -> Prices:
    """Of normal text (tokens.normal). A number alone is no price: it may be a name."""
    first = _first(text)
    if (first.min is None) == (first.max is None):
        return first  # both ends, or none
    other = _first(first.rest)  # over 20, under 50
    if first.min is None and other.max is None and other.min is not None:
        return Prices(other.min, first.max, other.rest)
    if first.max is None and other.min is None and other.max is not None:
        return Prices(first.min, other.max, other.rest)
    return first


def _first(text: str) -> Prices:
    for kind, pattern in PATTERNS:
        match = pattern.search(text)
        if match is None or not _is_price(kind, match):
            continue
        ends = _ends(kind, *(_value(found) for found in match.groups() if found))
        if all(end is None or end < MOST for end in ends):
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return Prices(*ends, " ".join(rest.split()))
    return Prices(None, None, text)


def _ends(kind: str, *values: Decimal) -> tuple[Decimal | None, Decimal | None]:
    first, last = min(values), max(values)
    if kind == "between":
        return first, last
    if kind == "about":
        part = (first * ABOUT).quantize(Decimal("0.01"))
        return first - part, first + part
    return (first, None) if kind == "min" else (None, first)


def _is_price(kind: str, match: re.Match[str]) -> bool:
    """`20 to 40` is one; `iPhone 14-15`, of two bare numbers, is not."""
    has_words = bool(re.search(r"[^\d\s.,~～–—-]", match[0]))
    return kind != "between" or has_words


def _value(written: str) -> Decimal:
    if written[0].isdecimal():
        return Decimal(written.replace(",", ""))
    total = digit = 0
    for sign in written:
        if sign in UNITS:
            total += (digit or 1) * UNITS[sign]
            digit = 0
        else:
            digit = DIGITS[sign]
    # What ends without a unit counts in the unit before it: 一百五 is 150.
    before = UNITS.get(written[-2], 1) if len(written) > 1 else 1
    return Decimal(total + digit * (before // 10 if before > 10 else 1))
