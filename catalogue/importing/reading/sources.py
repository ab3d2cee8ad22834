"""Where a table's lines come from: a CSV, or a sheet of a workbook."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext as _

from catalogue.importing.errors import ImportFileError
from catalogue.importing.reading.cells import Line, Sheet
from catalogue.importing.reading.csv_records import read_records
from catalogue.importing.reading.formats import kind_of
from catalogue.importing.reading.headers import find_header, no_header
from catalogue.importing.reading.ods import OpenDocument
from catalogue.importing.reading.xlsx import Workbook
from catalogue.importing.reading.xml_parts import PART_DAMAGE

DELIMITERS = ",;\t|"
DECLARATION = "sep="  # Excel's own first line: sep=;


class Source(Protocol):
    """Lines that can be read again from the start; `remarks` are for the sender."""

    remarks: list[tuple[int, str]]

    def lines(self, *, width: int = 0) -> Iterator[Line]:
        """Yield every line; `width` is the header's number of cells, once known."""


class _Book(Protocol):
    sheets: list[Sheet]
    hidden: list[str]

    def lines(self, sheet: Sheet, *, width: int = 0) -> Iterator[Line]: ...


def open_source(path: Path) -> Source:
    """Choose by the file's content. Raises ImportFileError."""
    kind = kind_of(path)
    return CsvSource(path) if kind == "csv" else SheetSource(path, kind)


class CsvSource:
    """A CSV with the delimiter that finds the most known columns, or that it states."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.remarks: list[tuple[int, str]] = []
        stated = _stated_delimiter(path)
        self._first_line = 2 if stated else 1
        candidates = [stated] if stated else DELIMITERS
        self._delimiter = max(candidates, key=self._fit)
        if stated:
            text = _("The first line says that “%s” separates the cells.") % stated
            self.remarks.append((1, text))

    def lines(self, *, width: int = 0) -> Iterator[Line]:
        for line in read_records(self._path, self._delimiter, width=width):
            if line.number >= self._first_line:
                yield line

    def _fit(self, delimiter: str) -> tuple[int, int]:
        """Return how many known columns, and how many cells at all, it finds."""
        header = find_header(read_records(self._path, delimiter))
        first = next(read_records(self._path, delimiter), Line(1))
        return header.known if header else 0, len(first.cells)


class SheetSource:
    """The first visible sheet that has a header."""

    def __init__(self, path: Path, kind: str) -> None:
        self.remarks: list[tuple[int, str]] = []
        try:
            opened = Workbook.open(path) if kind == "xlsx" else OpenDocument.open(path)
            self._book: _Book = opened
            self._sheet = self._choose(opened)
        except PART_DAMAGE as error:
            raise _damaged() from error

    def lines(self, *, width: int = 0) -> Iterator[Line]:
        try:
            yield from self._book.lines(self._sheet, width=width)
        except PART_DAMAGE as error:
            raise _damaged() from error

    def _choose(self, book: _Book) -> Sheet:
        if not book.sheets:
            raise _damaged()
        chosen = next((s for s in book.sheets if find_header(book.lines(s))), None)
        if chosen is None:
            raise no_header(book.lines(book.sheets[0]))
        passed_over = [sheet.name for sheet in book.sheets if sheet != chosen]
        for names, text in (
            (book.hidden, _("Hidden sheets were passed over: %s.")),
            (passed_over, _("Other sheets were passed over: %s.")),
        ):
            if names:
                self.remarks.append((1, text % ", ".join(names)))
        return chosen


def _stated_delimiter(path: Path) -> str:
    """Return what a first line like `sep=;` states; empty if there is none."""
    first = next(read_records(path, "\x00"), Line(1))
    text = str(first.cells[0]).strip().strip("\ufeff") if first.cells else ""
    text = text.lower()
    if text.startswith(DECLARATION) and len(text) == len(DECLARATION) + 1:
        return text[-1]
    return "\t" if text in (DECLARATION, "sep=\\t") else ""


def _damaged() -> ImportFileError:
    return ImportFileError(
        _("The workbook is damaged or is none that Excel would open.")
    )
