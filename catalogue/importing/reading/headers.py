"""The row that names the columns, wherever it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from catalogue.identity import folded
from catalogue.importing.errors import ImportFileError
from catalogue.importing.reading.cells import IMPOSSIBLE, CellError, Line

COLUMNS = (
    "sku", "name", "category", "brand", "colour", "price", "stock", "description",
    "images", "active",
)  # fmt: skip
KEY = "sku"
MAX_LINES_ABOVE = 50
NEAR = 60  # of 100: how alike a name must be to be offered
SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Header:
    """The header's names, folded, in order; `above` are lines with content over it."""

    number: int
    names: list[str]
    above: tuple[int, ...]

    @property
    def known(self) -> int:
        return sum(name in COLUMNS for name in self.names)

    def check(self) -> None:
        """Raise ImportFileError if a column appears twice."""
        for name in COLUMNS:
            if self.names.count(name) > 1:
                raise ImportFileError(_("The column “%s” appears twice.") % name)


def find_header(lines: Iterable[Line]) -> Header | None:
    """Return the first row with a cell `sku`, if it is among the first lines."""
    above: list[int] = []
    for line in islice(lines, MAX_LINES_ABOVE):
        names = _names(line)
        if KEY in names:
            return Header(line.number, names, tuple(above))
        if any(names):
            above.append(line.number)
    return None


def no_header(lines: Iterable[Line]) -> ImportFileError:
    """Say that no row has a cell `sku`, and which name in the file comes nearest."""
    problems: list[str] = []
    names: list[str] = []
    for line in islice(lines, MAX_LINES_ABOVE):
        problems += [line.problem] if line.problem else []
        names += [name for name in _names(line) if name]
    parts = [
        _("There is no column “sku”. The first row names the columns: %s.")
        % ", ".join(COLUMNS)
    ]
    if nearest := process.extractOne(KEY, names, scorer=fuzz.WRatio, score_cutoff=NEAR):
        parts.append(_("The nearest name is “%s”.") % nearest[0])
    return ImportFileError(" ".join([*parts, *problems[:1]]))


def unknown_column(name: str, missing: Iterable[str]) -> str:
    """Say that a column is unknown, with the missing column that it resembles."""
    text = _("Unknown column: it was left out.")
    near = process.extractOne(name, missing, scorer=fuzz.ratio, score_cutoff=NEAR)
    return f"{text} {_('Did you mean “%s”?') % near[0]}" if near else text


def _names(line: Line) -> list[str]:
    return ["" if isinstance(cell, CellError) else _name(cell) for cell in line.cells]


def _name(cell: str) -> str:
    return IMPOSSIBLE.sub("", folded(cell[:SHOWN_CHARACTERS]))
