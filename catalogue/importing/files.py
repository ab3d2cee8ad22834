"""Catalogue files: the rows of a CSV or XLSX, whatever wrote it.

Which of the two it is, its content says and not its name. CSV is UTF-8, with or
without BOM, separated by commas, semicolons or tabs. Of XLSX the first sheet counts.
"""

import csv
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import openpyxl
from django.utils.translation import gettext as _

from catalogue.importing import zips

COLUMNS = (
    "sku", "name", "category", "brand", "colour", "price", "stock", "description",
    "images", "active",
)  # fmt: skip

MAX_XLSX_BYTES = 200_000_000
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")

# What openpyxl raises for damaged workbooks.
XLSX_DAMAGE = (
    zipfile.BadZipFile,
    OSError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    ET.ParseError,
    NotImplementedError,
)


class ImportFileError(Exception):
    """The file as a whole cannot be imported; its text is for who sent it."""


@dataclass(frozen=True)
class Row:
    """One row. `line` is where it begins; `broken` says why it has no cells."""

    line: int
    cells: dict[str, str]
    broken: str = ""


class Table:
    """A catalogue file that was read once from end to end, so that it can be read.

    `columns` are the known ones, `unknown` the others; `len()` counts rows with
    content. Raises ImportFileError before anything was imported.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_xlsx = _is_xlsx(path)
        self._delimiter = "," if self._is_xlsx else _delimiter(path)
        header = [name.strip().lower() for name in next(self._lines(), (0, []))[1]]
        self._header = header
        self.columns = [name for name in header if name in COLUMNS]
        self.unknown = [name for name in header if name and name not in COLUMNS]
        if len(set(self.columns)) < len(self.columns):
            raise ImportFileError(_("A column appears twice in the first row."))
        if "sku" not in self.columns:
            raise ImportFileError(
                _("There is no column “sku”. The first row names the columns: %s.")
                % ", ".join(COLUMNS)
            )
        self._length = sum(1 for _row in self.rows())

    def __len__(self) -> int:
        return self._length

    def rows(self) -> Iterator[Row]:
        lines = self._lines()
        next(lines)
        for line, cells in lines:
            if isinstance(cells, str):
                yield Row(line, {}, cells)
            elif any(cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        if any(cells[len(self._header) :]):
            return Row(line, {}, _("There are more cells than columns."))
        named = dict(zip(self._header, cells, strict=False))
        return Row(line, {name: named.get(name, "") for name in self.columns})

    def _lines(self) -> Iterator[tuple[int, list[str] | str]]:
        read = _xlsx_lines if self._is_xlsx else _csv_lines
        return read(self._path, self._delimiter)


def _is_xlsx(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLD_EXCEL:
        raise ImportFileError(
            _("This is an old Excel file. Save it as .xlsx or as CSV UTF-8.")
        )
    if head[:2] in UTF_16:
        raise ImportFileError(_not_utf_8())
    return head == b"PK\x03\x04"


def _not_utf_8() -> str:
    return _("The file is not UTF-8. In Excel: save as “CSV UTF-8” or as .xlsx.")


def _delimiter(path: Path) -> str:
    """The one that finds the most of our columns in the first line."""
    with path.open("rb") as file:
        first = file.readline(100_000).decode("utf-8-sig", "replace").lower()

    def found(delimiter: str) -> int:
        names = first.split(delimiter)
        return sum(name.strip(' "\r\n') in COLUMNS for name in names)

    return max(",;\t", key=found)


def _csv_lines(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells: list[str] | str = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                cells = _broken(str(error))
            except UnicodeDecodeError as error:
                raise ImportFileError(_not_utf_8()) from error
            if line == 1 and isinstance(cells, str):
                raise ImportFileError(cells)
            yield line, cells


def _broken(error: str) -> str:
    if error == "unexpected end of data":
        return _(
            "A quotation mark opens here and is never closed: the rest was not read."
        )
    return _("The row cannot be read: %s.") % error


def _xlsx_lines(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    try:
        zips.check(path, max_bytes=MAX_XLSX_BYTES)
        # Opened by us: by its name openpyxl would judge what it is.
        with path.open("rb") as file, closing(_workbook(file)) as book:
            sheet = book.worksheets[0]
            # The size that a sheet states of itself may be anything.
            sheet.reset_dimensions()
            for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield line, [_text(value) for value in values]
    except zips.RefusedZip as error:
        raise ImportFileError(str(error)) from error
    except XLSX_DAMAGE as error:
        raise ImportFileError(
            _("The workbook is damaged or is none that Excel would open.")
        ) from error


def _workbook(file: IO[bytes]) -> Any:
    with warnings.catch_warnings():
        # openpyxl warns of extensions that it drops; values are all we read.
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(file, read_only=True, data_only=True)


def _text(value: object) -> str:
    """A cell as one would have typed it: 5 for 5.0, 0.3 for 0.30000000000000004."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
