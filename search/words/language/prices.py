"""Prices as they are typed: `under 50`, `from 20 to 40`, `50元以下`, `二十到四十块`."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

# "About 50" means this share less to this share more.
ABOUT_MARGIN = Decimal("0.2")
PRICE_LIMIT = Decimal(10) ** 8  # a price field holds less

DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}

NUMBER = r"(?:\d[\d,]*(?:\.\d{1,2})?|[零一二两三四五六七八九十百千万]+)"
CURRENCY_SIGN = r"(?:[$€£¥￥]|eur|usd|gbp|rmb|cny)?\s*"
CURRENCY = (
    r"(?:\s*(?:euros?|dollars?|pounds?|yuan|rmb|bucks|eur|usd|gbp|cny)\b"
    r"|\s*(?:元|块钱|块|圆|欧元|美元|[$€£¥￥]))?"
)


def _amount_pattern(name: str) -> str:
    return rf"{CURRENCY_SIGN}(?P<{name}>{NUMBER}){CURRENCY}"


A, B = _amount_pattern("a"), _amount_pattern("b")
UNDER = (
    r"(?:under|below|less than|cheaper than|up to|at most|no more than|max(?:imum)?)"
)
OVER = (
    r"(?:over|above|more than|from|at least|starting at|min(?:imum)?|"
    r"dearer than)"
)
BETWEEN = r"(?:\s*(?:-|–|—|~|～|to|and|until|到|至|和)\s*)"

# Kinds and patterns, in the order in which they are tried; the first match counts.
PATTERNS: list[tuple[str, re.Pattern[str]]] = [
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


class ParsedPrice(NamedTuple):
    """A range of prices, both ends inclusive, and the text without it."""

    min: Decimal | None
    max: Decimal | None
    rest: str


def parse_price(text: str) -> ParsedPrice:
    """Parse the price out of a normalized text.

    A number alone is no price: it may be part of a name.
    """
    first = _first_price(text)
    if (first.min is None) == (first.max is None):
        return first  # both ends, or none
    second = _first_price(first.rest)  # over 20, under 50
    if first.min is None and second.max is None and second.min is not None:
        return ParsedPrice(second.min, first.max, second.rest)
    if first.max is None and second.min is None and second.max is not None:
        return ParsedPrice(first.min, second.max, second.rest)
    return first


def _first_price(text: str) -> ParsedPrice:
    for kind, pattern in PATTERNS:
        match = pattern.search(text)
        if match is None or not _is_price(kind, match):
            continue
        amounts = [_amount_of(number) for number in match.groups() if number]
        ends = _range(kind, amounts)
        if all(end is None or end < PRICE_LIMIT for end in ends):
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return ParsedPrice(*ends, " ".join(rest.split()))
    return ParsedPrice(None, None, text)


def _range(
    kind: str, amounts: Sequence[Decimal]
) -> tuple[Decimal | None, Decimal | None]:
    low, high = min(amounts), max(amounts)
    if kind == "between":
        return low, high
    if kind == "about":
        margin = (low * ABOUT_MARGIN).quantize(Decimal("0.01"))
        return low - margin, low + margin
    return (low, None) if kind == "min" else (None, low)


def _is_price(kind: str, match: re.Match[str]) -> bool:
    """Refuse a range of two bare numbers, such as `iPhone 14-15`."""
    has_words = bool(re.search(r"[^\d\s.,~～–—-]", match[0]))
    return kind != "between" or has_words


def _amount_of(number: str) -> Decimal:
    """Return the value of a number in digits or in Chinese."""
    if number[0].isdecimal():
        return Decimal(number.replace(",", ""))
    total = digit = 0
    for sign in number:
        if sign in UNITS:
            total += (digit or 1) * UNITS[sign]
            digit = 0
        else:
            digit = DIGITS[sign]
    # A last digit without a unit counts in tenths of the unit before it: 一百五 is 150.
    unit = UNITS.get(number[-2], 1) if len(number) > 1 else 1
    return Decimal(total + digit * (unit // 10 if unit > 10 else 1))
