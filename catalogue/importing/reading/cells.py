"""Lines and cells, as every reader of a catalogue file yields them."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

MAX_CELL_CHARACTERS = 1_000_000
MAX_COLUMNS = 16_384  # of a sheet, as in Excel
MAX_LINES = 1_048_576  # of a sheet, as in Excel

# Databases store neither NUL nor half of a surrogate pair.
IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
LINE_BREAK = re.compile("\r\n?")


class SheetNumber(str):
    """A number of a spreadsheet: its exact value as text, and what the sheet shows.

    `shown` is None where the number format was not understood.
    """

    shown: str | None

    def __new__(cls, exact: str, shown: str | None) -> "SheetNumber":
        number = super().__new__(cls, exact)
        number.shown = shown
        return number


class SheetDate(str):
    """A date of a spreadsheet, in ISO 8601."""

    __slots__ = ()


@dataclass(frozen=True)
class CellError:
    """A cell that has no value; `reason` says why."""

    reason: str


Cell = str | CellError


@dataclass(frozen=True)
class Line:
    """One record of a file.

    `number` is the line of an editor, or the row of a sheet, where it begins;
    `problem` says why it has no cells.
    """

    number: int
    cells: list[Cell] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """A visible sheet of a workbook; `part` is where its rows are."""

    name: str
    part: str


def no_saved_value() -> CellError:
    return CellError(
        _(
            "It holds a formula without a saved value: open the file in a spreadsheet"
            " program and save it once."
        )
    )


def no_number(text: str) -> CellError:
    return CellError(_("It holds no number: “%s”.") % text[:40])


def checked(cell: Cell) -> Cell:
    r"""Return the cell with line breaks as \n; an error if it cannot be stored."""
    if isinstance(cell, CellError):
        return cell
    if len(cell) > MAX_CELL_CHARACTERS:
        return CellError(
            _("It is longer than %d characters.") % MAX_CELL_CHARACTERS,
        )
    if IMPOSSIBLE.search(cell):
        return CellError(_("It holds a character that no text can have."))
    return LINE_BREAK.sub("\n", cell) if "\r" in cell else cell
