"""Numbers as a spreadsheet shows them, by their number format (ECMA-376, 18.8.30).

What a format adds to a number that identifies something matters: leading zeros, marks
between digits, text before and after. Separators of thousands are left out. Scientific
notation, fractions and conditions are not understood: they do not show the number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

GENERAL = "General"
MAX_DIGITS = 15  # that a spreadsheet keeps; beyond, the last ones are lost already

PLACEHOLDERS = "0#?"
TOKEN = re.compile(
    r"""
    "(?P<text>[^"]*)" | \\(?P<escaped>.)
    | \[\$(?P<currency>[^-\]]*)[^\]]*\] | (?P<condition>\[[<>=][^\]]*\]) | \[[^\]]*\]
    | _.(?#as wide as a character) | \*.(?#fills the cell)
    | (?P<placeholder>[0\#?]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>%)
    | (?P<end>;) | (?P<literal>[-+()$€£¥:!^&'~{}<>= ]) | (?P<unknown>.)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str  # a placeholder, "point", "comma", "percent", "literal" or "unknown"
    text: str


def code_of(format_id: int, custom: dict[int, str]) -> str:
    """Return the format's code; General for an id that nothing defines."""
    return custom.get(format_id) or BUILTIN_FORMATS.get(format_id, GENERAL)


def is_date(code: str) -> bool:
    return bool(is_date_format(code))


def exact(value: Decimal) -> str:
    """Write the number in full: 5 for 5.0, 4006381333931 for 4.006381333931E12."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(value: Decimal, code: str) -> str | None:
    """Return the number as its cell shows it; None if the format is not understood."""
    if value.adjusted() >= MAX_DIGITS:
        return None
    if code in ("", "@") or code.lower() == "general":
        return exact(value)
    sections = _sections(code)
    index = 1 if value < 0 else 2 if value == 0 else 0
    tokens = sections[index] if index < len(sections) else sections[0]
    if any(token.kind == "unknown" for token in tokens):
        return None
    sign = "-" if value < 0 and tokens is sections[0] else ""
    return sign + _fill(abs(value), tokens)


def _sections(code: str) -> list[list[_Token]]:
    """Split into the formats of positive numbers, of negative ones, and of zero."""
    sections: list[list[_Token]] = [[]]
    for token in _tokens(code):
        if token.kind == "end":
            sections.append([])
        else:
            sections[-1].append(token)
    return sections


def _tokens(code: str) -> Iterator[_Token]:
    for match in TOKEN.finditer(code):
        kind = match.lastgroup
        if kind in ("text", "escaped", "currency", "literal"):
            yield _Token("literal", match[kind] or "")
        elif kind == "placeholder":
            yield _Token(match[0], "")
        elif kind is not None:
            yield _Token("unknown" if kind == "condition" else kind, match[0])


def _fill(value: Decimal, tokens: list[_Token]) -> str:
    kinds = [token.kind for token in tokens]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    places = sum(kind in PLACEHOLDERS for kind in kinds[point:])
    value *= Decimal(100) ** kinds.count("percent")
    value /= Decimal(1000) ** _thousands(kinds[:point])
    value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _point, fraction = f"{value:f}".partition(".")
    before = _fill_whole(whole, tokens[:point])
    return before + _fill_fraction(fraction, tokens[point:])


def _thousands(kinds: list[str]) -> int:
    """Count the commas behind the last placeholder: each divides by a thousand."""
    last = max((i for i, kind in enumerate(kinds) if kind in PLACEHOLDERS), default=-1)
    return kinds[last + 1 :].count("comma") if last >= 0 else 0


def _fill_whole(digits: str, tokens: list[_Token]) -> str:
    """Fill from the right; the leftmost placeholder takes all digits that are left."""
    left = sum(token.kind in PLACEHOLDERS for token in tokens)
    digits = "" if digits == "0" else digits
    parts: list[str] = []
    for token in reversed(tokens):
        if token.kind in PLACEHOLDERS:
            left -= 1
            taken = digits[-1:] if left else digits
            digits = digits[: len(digits) - len(taken)]
            parts.append(taken or {"0": "0", "?": " "}.get(token.kind, ""))
        elif token.kind in ("literal", "percent"):
            parts.append(token.text)
    return "".join(reversed(parts))


def _fill_fraction(digits: str, tokens: list[_Token]) -> str:
    parts = []
    least = max((i for i, t in enumerate(tokens) if t.kind == "0"), default=-1)
    for i, token in enumerate(tokens):
        if token.kind in PLACEHOLDERS:
            digit, digits = digits[:1], digits[1:]
            is_optional = i > least and not (digit + digits).strip("0")
            parts.append("" if is_optional else digit)
        elif token.kind in ("literal", "percent", "point"):
            parts.append(token.text)
    return "".join(parts)
