"""Sheets of an XLSX, read for their values alone.

Read here rather than by openpyxl because of what openpyxl does not tell or survive: the
number format of an identifier, a formula without a saved value, Strict OOXML, styles
that no program minds, rows numbered 999999999999.
"""

import posixpath
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from catalogue.importing.errors import ImportFileError
from catalogue.importing.reading import number_formats
from catalogue.importing.reading.broken_sheets import rows_apart
from catalogue.importing.reading.cells import (
    MAX_COLUMNS,
    MAX_LINES,
    Cell,
    CellError,
    Line,
    Sheet,
    SheetDate,
    SheetNumber,
    no_number,
    no_saved_value,
)
from catalogue.importing.reading.xml_parts import (
    Parts,
    attribute,
    local_name,
    opened_parts,
)

MAX_SHARED_STRINGS = 5_000_000
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
REFERENCE = re.compile(r"([A-Za-z]{1,3})\d*")


@dataclass
class Workbook:
    """A workbook's visible sheets in order, and what their cells refer to."""

    path: Path
    sheets: list[Sheet] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)  # by a cell's style
    epoch: datetime = CALENDAR_WINDOWS_1900

    @classmethod
    def open(cls, path: Path) -> "Workbook":
        """Read all but the sheets; raises what PART_DAMAGE lists."""
        book = cls(path)
        with opened_parts(path) as parts:
            main = _main_part(parts)
            targets = _targets(parts, main)
            book._read_workbook(parts, main, targets)
            for part in targets.values():
                name = posixpath.basename(part).lower()
                if name == "sharedstrings.xml" and part in parts:
                    book.strings = _shared_strings(parts, part)
                elif name == "styles.xml" and part in parts:
                    book.formats = _formats(parts, part)
        return book

    def lines(self, sheet: Sheet, *, width: int = 0) -> Iterator[Line]:
        """Yield the rows that the sheet has, with their numbers.

        Of cells beyond this width only the first with content is read.
        """
        number = count = 0
        with opened_parts(self.path) as parts:
            try:
                for row in parts.elements(sheet.part, "row"):
                    number, count = _row_number(row.get("r"), number), count + 1
                    yield Line(number, self._cells(row, width))
            except ET.ParseError:
                with parts.open(sheet.part) as file:
                    rest = islice(rows_apart(file), count, None)
                    yield from self._rest(rest, number, width)

    def _rest(
        self, rows: Iterator[ET.Element | None], number: int, width: int
    ) -> Iterator[Line]:
        """Yield the rows of a sheet whose XML is broken, behind this number."""
        for row in rows:
            if row is None:
                number += 1
                text = _("The row is damaged: no spreadsheet program would read it.")
                yield Line(number, problem=text)
            else:
                number = _row_number(row.get("r"), number)
                yield Line(number, self._cells(row, width))

    def _read_workbook(self, parts: Parts, main: str, targets: dict[str, str]) -> None:
        for element in parts.elements(main, "sheet", "workbookPr"):
            if local_name(element.tag) == "workbookPr":
                if element.get("date1904") in ("1", "true"):
                    self.epoch = CALENDAR_MAC_1904
                continue
            name, target = element.get("name", ""), attribute(element, "id")
            part = targets.get(target or "", "")
            if element.get("state", "visible") != "visible":
                self.hidden.append(name)
            elif part in parts and "worksheets" in part.lower():
                self.sheets.append(Sheet(name, part))

    def _cells(self, row: ET.Element, width: int) -> list[Cell]:
        cells: dict[int, Cell] = {}
        column = -1
        for element in row:
            if local_name(element.tag) != "c":
                continue
            column = _column(element.get("r"), column)
            if column < MAX_COLUMNS and (cell := self._cell(element)) != "":
                cells[column] = cell
                if width and column >= width:
                    break  # the row is refused by it
        return [cells.get(i, "") for i in range(max(cells, default=-1) + 1)]

    def _cell(self, element: ET.Element) -> Cell:
        parts = {local_name(child.tag): child for child in element}
        kind = element.get("t", "n")
        if kind == "inlineStr":
            return _text_of(parts["is"]) if "is" in parts else ""
        value = (parts["v"].text or "") if "v" in parts else None
        if "f" in parts and (value is None or not value and kind == "n"):
            return no_saved_value()
        return self._value(kind, value or "", element.get("s"))

    def _value(self, kind: str, value: str, style: str | None) -> Cell:
        if not value:
            return ""
        if kind == "s":
            return self._shared(value)
        if kind == "b":
            is_true = value.strip() in ("1", "true")
            return SheetNumber(*(("yes", "TRUE") if is_true else ("no", "FALSE")))
        if kind == "d":
            return SheetDate(value.removesuffix("T00:00:00"))
        if kind in ("str", "e"):
            return _unescaped(value)
        return self._number(value, style)

    def _shared(self, value: str) -> Cell:
        index = int(value) if value.isdecimal() else len(self.strings)
        if index >= len(self.strings):
            return CellError(_("It refers to a text that the workbook does not have."))
        return self.strings[index]

    def _number(self, value: str, style: str | None) -> Cell:
        try:
            number = Decimal(f"{float(value):.15g}")
        except (ValueError, InvalidOperation):
            return no_number(value)
        if not number.is_finite():
            return no_number(value)
        code = number_formats.GENERAL
        if style and style.isdecimal() and int(style) < len(self.formats):
            code = self.formats[int(style)]
        if number_formats.is_date(code) and (date := self._date(number)):
            return SheetDate(date)
        return SheetNumber(
            number_formats.exact(number), number_formats.shown(number, code)
        )

    def _date(self, number: Decimal) -> str:
        """Return the day or moment in ISO 8601; empty if the calendar has none."""
        try:
            value = from_excel(float(number), self.epoch)
        except (OverflowError, ValueError):
            return ""
        if isinstance(value, datetime) and value.time() == time():
            return value.date().isoformat()
        return str(value) if isinstance(value, timedelta) else value.isoformat()


def _main_part(parts: Parts) -> str:
    if "_rels/.rels" in parts:
        for relation in parts.elements("_rels/.rels", "Relationship"):
            if relation.get("Type", "").endswith("/officeDocument"):
                return _joined("", relation.get("Target", ""))
    return "xl/workbook.xml"


def _targets(parts: Parts, main: str) -> dict[str, str]:
    """Return the parts that the workbook refers to, by the ids it uses."""
    folder, name = posixpath.split(main)
    relations = f"{folder}/_rels/{name}.rels"
    return {
        relation.get("Id", ""): _joined(folder, relation.get("Target", ""))
        for relation in parts.elements(relations, "Relationship")
    }


def _joined(folder: str, target: str) -> str:
    path = posixpath.join("/", folder, target.replace("\\", "/"))
    return posixpath.normpath(path).lstrip("/")


def _shared_strings(parts: Parts, part: str) -> list[str]:
    strings: list[str] = []
    for element in parts.elements(part, "si"):
        if len(strings) >= MAX_SHARED_STRINGS:
            raise ImportFileError(
                _("The workbook has more than %d texts.") % MAX_SHARED_STRINGS
            )
        strings.append(_text_of(element))
    return strings


def _text_of(element: ET.Element) -> str:
    """Join the runs of a text; how it is pronounced (`rPh`) is none of it."""
    parts = []
    for child in element:
        if local_name(child.tag) == "t":
            parts.append(child.text or "")
        elif local_name(child.tag) == "r":
            parts += [t.text or "" for t in child if local_name(t.tag) == "t"]
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    """Decode what XML cannot hold: `_x000D_` is a carriage return."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _formats(parts: Parts, part: str) -> list[str]:
    """Return the number format of each cell style."""
    custom: dict[int, str] = {}
    ids: list[int] = []
    for element in parts.elements(part, "numFmts", "cellXfs"):
        for child in element:
            number = _integer(child.get("numFmtId"))
            if local_name(element.tag) == "numFmts":
                custom[number] = child.get("formatCode", "")
            else:
                ids.append(number)
    return [number_formats.code_of(number, custom) for number in ids]


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _row_number(reference: str | None, previous: int) -> int:
    number = _integer(reference)
    return number if previous < number <= MAX_LINES else previous + 1


def _column(reference: str | None, previous: int) -> int:
    """Return a cell's column, counted from 0; the next one where it has no name."""
    match = REFERENCE.match(reference or "")
    if match is None:
        return previous + 1
    number = 0
    for letter in match[1].upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
