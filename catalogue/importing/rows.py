"""One row of a catalogue file, understood: what it says of a product.

A missing column and an empty cell keep what is stored, so that nothing is lost by
leaving something out. `-` empties a brand, colour, description or the pictures.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalogue.importing.files import Row
from catalogue.models import Product

REQUIRED = ("name", "category", "price")
EMPTIED_BY_DASH = ("brand", "colour", "description", "images")
DASH = "-"

MAX_STOCK = 2_147_483_647
MAX_LEVELS = 10
MAX_PICTURES = 30
YES, NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}

PRICE = re.compile(r"\d{1,30}(\.\d{1,30})?")
WHOLE = re.compile(r"\d{1,30}")
FORMULA_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


@dataclass(frozen=True)
class Problem:
    """Why a row was not imported: the column, empty for the row as a whole."""

    column: str
    reason: str


class BadCell(Exception):
    """This cell cannot mean anything; its text says what it should be."""


@dataclass(frozen=True)
class ParsedRow:
    """What a row says; None where it says nothing. `values` are plain fields."""

    line: int
    sku: str
    values: dict[str, Any] = field(default_factory=dict)
    category: tuple[str, ...] | None = None
    images: list[str] | None = None
    problems: tuple[Problem, ...] = ()


def parse(row: Row) -> ParsedRow:
    if row.broken:
        return ParsedRow(row.line, "", problems=(Problem("", row.broken),))
    parsed: dict[str, Any] = {}
    problems = []
    for column, text in row.cells.items():
        try:
            if (value := _value(column, text)) is not None:
                parsed[column] = value
        except BadCell as error:
            problems.append(Problem(column, str(error)))
    sku = parsed.pop("sku", "")
    if not sku and not any(problem.column == "sku" for problem in problems):
        problems.append(Problem("sku", _("Every product needs an SKU.")))
    return ParsedRow(
        line=row.line,
        sku=sku,
        category=parsed.pop("category", None),
        images=parsed.pop("images", None),
        values=parsed,
        problems=tuple(problems),
    )


def problems_of_fields(product: Product) -> list[Problem]:
    """What the model says of its own fields; the SKU and category were looked up."""
    try:
        product.clean_fields(exclude={"category", "slug"})
    except ValidationError as error:
        return [
            Problem(column, " ".join(messages))
            for column, messages in error.message_dict.items()
        ]
    return []


def problems_of_new(row: ParsedRow) -> list[Problem]:
    """A product that is not there yet needs more than one that is."""
    given = {*row.values, *(["category"] if row.category else [])}
    bad = {problem.column for problem in row.problems}
    return [
        Problem(column, _("A new product needs it."))
        for column in REQUIRED
        if column not in given | bad
    ]


def _value(column: str, text: str) -> object | None:
    if not text:
        return None
    if "\x00" in text:
        raise BadCell(_("There is a character in it that no text has."))
    if text in FORMULA_ERRORS:
        raise BadCell(_("It holds the error of a formula: %s.") % text)
    if text == DASH and column in EMPTIED_BY_DASH:
        text = ""
    read = READERS.get(column)
    return read(text) if read else text


def _price(text: str) -> Decimal:
    if not PRICE.fullmatch(text) or not text.isascii():
        raise BadCell(_("Write the price as 1234.50, without currency: “%s”.") % text)
    return Decimal(text)


def _stock(text: str) -> int:
    if not WHOLE.fullmatch(text) or not text.isascii() or int(text) > MAX_STOCK:
        raise BadCell(_("Write the stock as a whole number, 0 or more: “%s”.") % text)
    return int(text)


def _active(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise BadCell(_("Write yes or no: “%s”.") % text)
    return text.lower() in YES


def _category(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(">"))
    if not all(names):
        raise BadCell(_("Write the category as “Kitchen > Mugs”: “%s”.") % text)
    if len(names) > MAX_LEVELS or any(len(name) > 100 for name in names):
        raise BadCell(
            _("A category has at most %(levels)d levels of 100 characters each.")
            % {"levels": MAX_LEVELS}
        )
    return names


def _images(text: str) -> list[str]:
    names = list(dict.fromkeys(filter(None, map(str.strip, text.split(";")))))
    if len(names) > MAX_PICTURES:
        raise BadCell(_("A product has at most %d pictures.") % MAX_PICTURES)
    return names


READERS: dict[str, Callable[[str], object]] = {
    "price": _price,
    "stock": _stock,
    "active": _active,
    "category": _category,
    "images": _images,
}
