"""A catalogue file as rows of named cells, whatever program wrote it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from catalogue.importing import numbers
from catalogue.importing.reading.cells import (
    Cell,
    CellError,
    Line,
    SheetDate,
    SheetNumber,
    checked,
)
from catalogue.importing.reading.headers import (
    COLUMNS,
    KEY,
    Header,
    find_header,
    no_header,
    unknown_column,
)
from catalogue.importing.reading.sources import open_source

# A sheet's exact value counts in these; in the others what the sheet shows.
EXACT_COLUMNS = ("price", "stock", "active")
NUMBER_COLUMNS = ("price", "stock")

FileWarning = tuple[int, str, str]  # line, column, text


@dataclass(frozen=True)
class Problem:
    """A remark on a row: why it failed, or what was changed; no column: all of it."""

    column: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One row. `line` is where it begins; `broken` says why it has no cells."""

    line: int
    cells: dict[str, str]
    broken: str = ""
    problems: tuple[Problem, ...] = ()


class Table:
    """A catalogue file, read once from end to end so that it can be read again.

    `columns` are the known ones; `warnings` (line, column, text) tell the sender what
    was passed over; `decimal_mark` is the one that the file's numbers show, or empty;
    `len()` counts rows with content. `on_row` is called for each. Raises
    ImportFileError, before anything is imported.
    """

    def __init__(
        self, path: Path, *, on_row: Callable[[], object] = lambda: None
    ) -> None:
        self._source = open_source(path)
        header = find_header(self._source.lines())
        if header is None:
            raise no_header(self._source.lines())
        header.check()
        self._header = header
        self.columns = [name for name in header.names if name in COLUMNS]
        self.warnings = [
            *((line, "", text) for line, text in self._source.remarks),
            *_passed_over(header),
            *_unknown(header),
        ]
        self._length = 0
        marks: set[str] = set()
        for row in self.rows():
            self._length += 1
            marks |= _decimal_marks(row)
            on_row()
        self.decimal_mark = marks.pop() if len(marks) == 1 else ""

    def __len__(self) -> int:
        return self._length

    def rows(self) -> Iterator[Row]:
        """Yield every row below the header that has content."""
        for line in self._source.lines(width=len(self._header.names)):
            if line.number <= self._header.number:
                continue
            if line.problem:
                yield Row(line.number, {}, line.problem)
            elif any(_has_content(cell) for cell in line.cells):
                yield self._row(line)

    def _row(self, line: Line) -> Row:
        if any(_has_content(cell) for cell in line.cells[len(self._header.names) :]):
            return Row(line.number, {}, _("There are more cells than columns."))
        texts = dict.fromkeys(self.columns, "")
        problems = []
        for name, cell in zip(self._header.names, line.cells, strict=False):
            if name not in texts:
                continue
            content = _content(name, checked(cell))
            if isinstance(content, CellError):
                problems.append(Problem(name, content.reason))
            else:
                texts[name] = content
        return Row(line.number, texts, problems=tuple(problems))


def _has_content(cell: Cell) -> bool:
    return isinstance(cell, CellError) or bool(cell.strip())


def _content(column: str, cell: Cell) -> Cell:
    """Return what a cell means in its column."""
    if isinstance(cell, SheetDate) and column == KEY:
        return CellError(
            _("The spreadsheet took it for a date (%s): format the cell as text.")
            % cell
        )
    if isinstance(cell, SheetNumber) and column not in EXACT_COLUMNS:
        if cell.shown is None:
            return CellError(
                _("The sheet does not show all digits of %s: format the cell as text.")
                % cell
            )
        return cell.shown.strip()
    return cell.strip() if type(cell) is str else cell


def _passed_over(header: Header) -> list[FileWarning]:
    text = _("This line is above the header and was passed over.")
    return [(number, "", text) for number in header.above]


def _unknown(header: Header) -> list[FileWarning]:
    missing = [name for name in COLUMNS if name not in header.names]
    return [
        (header.number, name, unknown_column(name, missing))
        for name in dict.fromkeys(header.names)
        if name and name not in COLUMNS
    ]


def _decimal_marks(row: Row) -> set[str]:
    texts = (row.cells.get(name, "") for name in NUMBER_COLUMNS)
    marks = {numbers.decimal_mark(text) for text in texts if type(text) is str}
    return marks - {""}
