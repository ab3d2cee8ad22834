"""One row of a catalogue file, parsed: the values that it gives a product.

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

from catalogue.identity import corrections, normal_form, tidied
from catalogue.importing.errors import BadCell
from catalogue.importing.numbers import read_number, read_price
from catalogue.importing.reading.cells import SheetNumber
from catalogue.importing.reading.tables import Problem, Row
from catalogue.models import Product

REQUIRED = ("name", "category", "price")
EMPTIED_BY_DASH = ("brand", "colour", "description", "images")
STORED_NAMES = ("sku", "category")
DASH = "-"

MAX_STOCK = 2_147_483_647
MAX_LEVELS = 10
MAX_LEVEL_CHARACTERS = 100
MAX_PICTURES = 30
PRICE_PLACES = 2
# As spreadsheets in several languages write TRUE and FALSE, and people yes and no.
YES = {"yes", "y", "true", "1", "ja", "wahr", "oui", "vrai", "sí", "si", "是", "真"}
NO = {"no", "n", "false", "0", "nein", "falsch", "non", "faux", "falso", "否", "假"}

LEVELS = re.compile("[>＞]")
NAMES = re.compile("[;；\n]")
FORMULA_ERRORS = (
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"),
    *("#SPILL!", "#CALC!", "#GETTING_DATA", "#NV", "#BEZUG!", "#WERT!"),
)


@dataclass(frozen=True)
class ParsedRow:
    """The values of a row; None where it gives none. `values` are plain fields.

    `problems` keep it from being imported, `notes` say what was changed in it.
    """

    line: int
    sku: str
    values: dict[str, Any] = field(default_factory=dict)
    category: tuple[str, ...] | None = None
    images: list[str] | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def parse(row: Row, decimal_mark: str = "") -> ParsedRow:
    """Parse every cell; `decimal_mark` is the one that the file's numbers show."""
    if row.broken:
        return ParsedRow(row.line, "", problems=(Problem("", row.broken),))
    parsed: dict[str, Any] = {}
    problems = list(row.problems)
    for column, text in row.cells.items():
        try:
            if (value := _value(column, text, decimal_mark)) is not None:
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
        notes=_notes(row),
    )


def problems_of_fields(product: Product) -> list[Problem]:
    """Return what the model's own fields refuse, but for the SKU and the category."""
    try:
        product.clean_fields(exclude={"category", "slug"})
    except ValidationError as error:
        return [
            Problem(column, " ".join(messages))
            for column, messages in error.message_dict.items()
        ]
    return []


def problems_of_new(row: ParsedRow) -> list[Problem]:
    """Return what a row lacks for a product that is not stored yet."""
    given = {*row.values, *(["category"] if row.category else [])}
    bad = {problem.column for problem in row.problems}
    return [
        Problem(column, _("A new product needs it."))
        for column in REQUIRED
        if column not in given | bad
    ]


def _notes(row: Row) -> tuple[Problem, ...]:
    return tuple(
        Problem(column, text)
        for column in STORED_NAMES
        for text in corrections(row.cells.get(column, ""))
    )


def _value(column: str, text: str, decimal_mark: str) -> object | None:
    if not text:
        return None
    if text in FORMULA_ERRORS:
        raise BadCell(_("It holds the error of a formula: %s.") % text)
    if text == DASH and column in EMPTIED_BY_DASH:
        text = ""
    if column == "price":
        return _price(text, decimal_mark)
    if column == "stock":
        return _stock(text, decimal_mark)
    return READERS.get(column, tidied)(text)


def _price(text: str, decimal_mark: str) -> Decimal:
    if isinstance(text, SheetNumber):
        price: Decimal | None = Decimal(text)
    else:
        price = read_price(text, decimal_mark)
    if price is None or price.is_signed():
        raise BadCell(_("Write the price as 1234.50: “%s”.") % text)
    rounded = price.quantize(Decimal(1).scaleb(-PRICE_PLACES))
    if rounded != price:
        raise BadCell(_("A price has at most two decimals: “%s”.") % text)
    return rounded


def _stock(text: str, decimal_mark: str) -> int:
    if isinstance(text, SheetNumber):
        stock: Decimal | None = Decimal(text)
    else:
        stock = read_number(text, decimal_mark)
    if stock is None or stock.is_signed() or stock % 1 or stock > MAX_STOCK:
        raise BadCell(_("Write the stock as a whole number, 0 or more: “%s”.") % text)
    return int(stock)


def _active(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise BadCell(_("Write yes or no: “%s”.") % text)
    return text.lower() in YES


def _category(text: str) -> tuple[str, ...]:
    names = tuple(normal_form(name) for name in LEVELS.split(text))
    if not all(names):
        raise BadCell(_("Write the category as “Kitchen > Mugs”: “%s”.") % text)
    is_long = any(len(name) > MAX_LEVEL_CHARACTERS for name in names)
    if len(names) > MAX_LEVELS or is_long:
        raise BadCell(
            _("A category has at most %(levels)d levels of 100 characters each.")
            % {"levels": MAX_LEVELS}
        )
    return names


def _images(text: str) -> list[str]:
    names = {normal_form(name): name.strip() for name in NAMES.split(text)}
    names.pop("", None)
    if len(names) > MAX_PICTURES:
        raise BadCell(_("A product has at most %d pictures.") % MAX_PICTURES)
    return list(names.values())


READERS: dict[str, Callable[[str], object]] = {
    "sku": normal_form,
    "active": _active,
    "category": _category,
    "images": _images,
}
