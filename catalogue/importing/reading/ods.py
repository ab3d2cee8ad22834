"""Tables of an OpenDocument spreadsheet, read for what their cells show."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.utils.translation import gettext as _

from catalogue.importing.reading.cells import (
    MAX_COLUMNS,
    Cell,
    Line,
    Sheet,
    SheetDate,
    SheetNumber,
    no_number,
    no_saved_value,
)
from catalogue.importing.reading.number_formats import exact
from catalogue.importing.reading.xml_parts import attribute, local_name, opened_parts

CONTENT = "content.xml"
NUMBERS = ("float", "currency", "percentage")
TEXT_BREAKS = {"tab": "\t", "line-break": "\n"}


@dataclass
class OpenDocument:
    """A spreadsheet's visible tables in order."""

    path: Path
    sheets: list[Sheet] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> "OpenDocument":
        """List the tables; raises what PART_DAMAGE lists."""
        book = cls(path)
        hidden_styles = set()
        index = 0
        for element in _elements(path, "style", "table-row", "table"):
            if local_name(element.tag) == "style" and _is_hidden(element):
                hidden_styles.add(attribute(element, "name"))
            elif local_name(element.tag) == "table":
                name = attribute(element, "name") or ""
                if attribute(element, "style-name") in hidden_styles:
                    book.hidden.append(name)
                else:
                    book.sheets.append(Sheet(name, str(index)))
                index += 1
        return book

    def lines(self, sheet: Sheet, *, width: int = 0) -> Iterator[Line]:
        """Yield the rows of this table; a row that stands for several comes once."""
        index, number = 0, 1
        for element in _elements(self.path, "table-row", "table"):
            if local_name(element.tag) == "table":
                index += 1
            elif str(index) == sheet.part:
                repeats = _repeats(element, "number-rows-repeated")
                yield from _lines(_cells(element), number, repeats)
                number += repeats


def _elements(path: Path, *local_names: str) -> Iterator[ET.Element]:
    with opened_parts(path) as parts:
        yield from parts.elements(CONTENT, *local_names)


def _lines(cells: list[Cell], number: int, repeats: int) -> Iterator[Line]:
    if cells:
        yield Line(number, cells)
    if cells and repeats > 1:
        problem = _("It repeats the row above it %d times.") % (repeats - 1)
        yield Line(number + 1, problem=problem)


def _is_hidden(style: ET.Element) -> bool:
    return any(attribute(child, "display") == "false" for child in style)


def _repeats(element: ET.Element, name: str) -> int:
    text = attribute(element, name) or "1"
    return int(text) if text.isdecimal() and len(text) < 10 else 1


def _cells(row: ET.Element) -> list[Cell]:
    cells: list[Cell] = []
    for element in row:
        if local_name(element.tag) not in ("table-cell", "covered-table-cell"):
            continue
        cell = _cell(element)
        repeats = _repeats(element, "number-columns-repeated")
        cells += [cell] * min(repeats, MAX_COLUMNS - len(cells))
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _cell(element: ET.Element) -> Cell:
    text = "\n".join(_text(p) for p in element if local_name(p.tag) == "p")
    kind = attribute(element, "value-type")
    if kind is None and attribute(element, "formula"):
        return no_saved_value()
    if kind in NUMBERS:
        return _number(attribute(element, "value") or "", text)
    if kind == "date":
        return SheetDate((attribute(element, "date-value") or text)[:40])
    if kind == "boolean":
        is_true = attribute(element, "boolean-value") == "true"
        return SheetNumber("yes" if is_true else "no", text)
    return text


def _number(value: str, text: str) -> Cell:
    try:
        number = Decimal(f"{float(value):.15g}")
    except (ValueError, InvalidOperation):
        number = Decimal("NaN")
    if not number.is_finite():
        return no_number(value)
    is_scientific = "E" in text.upper() and any(c.isdigit() for c in text)
    return SheetNumber(exact(number), None if is_scientific else text)


def _text(element: ET.Element) -> str:
    """Return a paragraph's text with its spaces, tabs and line breaks."""
    parts = [element.text or ""]
    for child in element:
        name = local_name(child.tag)
        if name == "s":
            parts.append(" " * min(_repeats(child, "c"), 1000))
        elif name in TEXT_BREAKS:
            parts.append(TEXT_BREAKS[name])
        elif name != "annotation":
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
