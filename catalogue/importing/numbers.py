"""Numbers as people and programs write them: 1234.5, 1.234,50 €, 1'299.00 and 12,- too.

A separator with three digits behind it may mark decimals or thousands. It is read by
what the other numbers of the file show, else refused with both readings.
"""

import re
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from catalogue.importing.errors import BadCell

POINT, COMMA = ".", ","

# Spaces and apostrophes between groups of three digits.
GROUPING = re.compile(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))")
NO_CENTS = re.compile(r"(?<=[0-9])[.,][-–—]+(?![0-9])")
WELL_FORMED = re.compile(
    r"""
    [0-9]{1,30} | [0-9]{0,30}[.,][0-9]{1,30}
    | [0-9]{1,3}(?:,[0-9]{3}){1,9}(?:\.[0-9]{1,30})?
    | [0-9]{1,3}(?:\.[0-9]{3}){1,9}(?:,[0-9]{1,30})?
    """,
    re.VERBOSE,
)
TWO_READINGS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
AMOUNT = re.compile(r"([^0-9+-]*?)\s*([.,]?[0-9].*?)\s*([^0-9]*)", re.DOTALL)

DOLLARS = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "ARS"}
CURRENCIES: dict[str, set[str]] = {
    "€": {"EUR"}, "$": DOLLARS, "us$": {"USD"}, "£": {"GBP"}, "¥": {"JPY", "CNY"},
    "￥": {"JPY", "CNY"}, "元": {"CNY"}, "円": {"JPY"}, "₹": {"INR"}, "rs.": {"INR"},
    "kr": {"SEK", "NOK", "DKK", "ISK"}, "kr.": {"SEK", "NOK", "DKK", "ISK"},
    "zł": {"PLN"}, "kč": {"CZK"}, "ft": {"HUF"}, "fr.": {"CHF"}, "sfr.": {"CHF"},
    "₽": {"RUB"}, "₴": {"UAH"}, "₺": {"TRY"}, "₩": {"KRW"}, "₫": {"VND"},
    "r$": {"BRL"}, "฿": {"THB"}, "₪": {"ILS"}, "lei": {"RON"}, "лв": {"BGN"},
    "euro": {"EUR"},
}  # fmt: skip


def read_number(text: str, decimal_mark: str) -> Decimal | None:
    """Return the number; None if there is none. Raises BadCell for two readings.

    `decimal_mark` is that of the file's other numbers, or empty.
    """
    digits = _compact(text)
    if digits is None:
        return None
    mark = _own_mark(digits) or decimal_mark
    if not mark and TWO_READINGS.fullmatch(digits):
        thousands, decimals = _reading(digits, ""), _reading(digits, digits[-4])
        raise BadCell(
            _(
                "“%(text)s” may mean %(one)s or %(other)s: leave out separators of"
                " thousands, or write two decimals."
            )
            % {"text": text, "one": thousands, "other": decimals}
        )
    return _reading(digits, mark)


def read_price(text: str, decimal_mark: str) -> Decimal | None:
    """Return the amount, in the shop's currency or without one; None if it is none."""
    amount = AMOUNT.fullmatch(NO_CENTS.sub("", text.strip()))
    if amount is None:
        return None
    before, number, after = amount.groups()
    for sign in {before.strip().lower(), after.strip().lower()} - {""}:
        if sign not in CURRENCIES and not re.fullmatch("[a-z]{3}", sign):
            return None
        if settings.CURRENCY not in CURRENCIES.get(sign, {sign.upper()}):
            raise BadCell(
                _("Prices here are in %(currency)s: “%(text)s”.")
                % {"currency": settings.CURRENCY, "text": text}
            )
    return read_number(number, decimal_mark)


def decimal_mark(text: str) -> str:
    """Return the decimal mark that this amount alone shows; empty if it shows none."""
    amount = AMOUNT.fullmatch(NO_CENTS.sub("", text.strip()))
    digits = _compact(amount[2]) if amount else None
    return _own_mark(digits) if digits else ""


def _compact(text: str) -> str | None:
    """Return digits and marks alone, if they are written as numbers are."""
    digits = GROUPING.sub("", text.strip())
    return digits if WELL_FORMED.fullmatch(digits) else None


def _own_mark(digits: str) -> str:
    marks = [character for character in digits if character in (POINT, COMMA)]
    if not marks or TWO_READINGS.fullmatch(digits):
        return ""
    is_grouping = len(marks) > 1 and len(set(marks)) == 1
    if is_grouping:
        return COMMA if marks[0] == POINT else POINT
    return marks[-1]


def _reading(digits: str, mark: str) -> Decimal:
    """Return the number with this decimal mark; other marks separate thousands."""
    whole, _mark, fraction = digits.partition(mark) if mark else (digits, "", "")
    whole = whole.replace(POINT, "").replace(COMMA, "")
    return Decimal(f"{whole or 0}.{fraction}" if fraction else whole)
