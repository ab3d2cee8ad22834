"""Records of a CSV file, each read or refused as a whole.

Python's csv module goes on inside a record that it could not read, and takes its lines
for records. Here a record's extent is found first, as spreadsheets find it: a cell that
begins with a quotation mark ends at the next single one, whatever follows. Then the
record is read, or refused from its first line to its last.

A quotation mark that was not meant to open a cell would swallow the records after it.
They are put back if each of them is complete and has as many cells as the header. The
lines of a real cell do not look like that: its closing mark is among them.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from catalogue.importing.reading.cells import MAX_CELL_CHARACTERS, Cell, Line

MAX_RECORD_CHARACTERS = 4 * MAX_CELL_CHARACTERS
# Beyond this much, a record among those to be put back is taken for incomplete.
MAX_PUT_BACK_CHARACTERS = 64_000

QUOTE = '"'
OPENING_QUOTE = re.compile(' *"')
UNDECODED = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What bytes that are not UTF-8 may mean; an error shows each reading.
OTHER_ENCODINGS = {"Windows-1252": "cp1252", "GBK": "gb18030"}
SHOWN_CHARACTERS = 40


def read_records(path: Path, delimiter: str, *, width: int = 0) -> Iterator[Line]:
    """Yield every record; `width` is the header's number of cells, once known."""
    with _open(path) as file:
        lines = _Lines(file)
        while record := _RecordReader(lines, delimiter).read():
            if not record.is_sound and len(record.lines) > 1:
                _put_back(record, lines, delimiter, width)
            yield _line(record)


def _open(path: Path) -> IO[str]:
    """Open as its byte order mark says, else as UTF-8; keep other bytes apart."""
    with path.open("rb") as file:
        head = file.read(3)
    marked = [name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)]
    encoding = marked[0] if marked else "utf-8"
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


class _Lines:
    """Physical lines and their numbers; lines can be put back."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self.number = 0

    def next(self) -> str:
        """Return the next line with its end; empty at the end of the file."""
        line = self._returned.popleft() if self._returned else self._read()
        self.number += bool(line)
        return line

    def put_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str:
        line = part = self._file.readline(MAX_RECORD_CHARACTERS)
        while len(part) == MAX_RECORD_CHARACTERS and not part.endswith(("\n", "\r")):
            part = self._file.readline(MAX_RECORD_CHARACTERS)  # too long, skipped
        return line


@dataclass
class _Record:
    """A record while it is read: the lines that it takes, and what is odd about it."""

    number: int
    lines: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    is_closed: bool = True
    is_too_long: bool = False
    has_text_after_quote: bool = False
    has_quote_inside: bool = False  # of a cell that does not begin with one

    @property
    def is_sound(self) -> bool:
        return self.is_closed and not (self.is_too_long or self.has_text_after_quote)

    def is_like_header(self, width: int) -> bool:
        is_blank = self.cells == [""]
        is_whole = len(self.cells) == width and not self.has_quote_inside
        return self.is_sound and (is_blank or is_whole)

    def add(self, quoted: str | None, rest: str) -> None:
        if quoted is None:
            self.has_quote_inside |= QUOTE in rest
            self.cells.append(rest)
        else:
            self.has_text_after_quote |= bool(rest.strip())
            self.cells.append(quoted)


class _RecordReader:
    """Reads one record, however many lines it takes."""

    def __init__(
        self, lines: _Lines, delimiter: str, *, limit: int = MAX_RECORD_CHARACTERS
    ) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._limit = limit
        self._length = 0
        self._text = ""
        self._position = 0
        self._record = _Record(lines.number + 1)

    def read(self) -> _Record | None:
        """Return the record; None at the end of the file."""
        if not self._next_line():
            return None
        has_more = True
        while has_more:
            quoted = self._quoted_part()
            rest, has_more = self._part_to_delimiter()
            self._record.add(quoted, rest)
        return self._record

    def _next_line(self) -> bool:
        if self._length >= self._limit:
            self._record.is_too_long = True
            return False
        self._text, self._position = self._lines.next(), 0
        self._length += len(self._text)
        if self._text:
            self._record.lines.append(self._text)
        self._record.is_too_long |= self._length >= MAX_RECORD_CHARACTERS
        return bool(self._text)

    def _quoted_part(self) -> str | None:
        """Return what the quotation marks hold; None if the cell begins with none."""
        opening = OPENING_QUOTE.match(self._text, self._position)
        if opening is None:
            return None
        parts = []
        start = opening.end()
        while True:
            end = self._text.find(QUOTE, start)
            if end < 0:
                parts.append(self._text[start:])
                start = 0
                if not self._next_line():
                    self._record.is_closed = False
                    self._text, self._position = "", 0
                    return "".join(parts)
            elif self._text.startswith(2 * QUOTE, end):
                parts.append(self._text[start : end + 1])
                start = end + 2
            else:
                self._position = end + 1
                return "".join([*parts, self._text[start:end]])

    def _part_to_delimiter(self) -> tuple[str, bool]:
        """Return the text up to the next delimiter, and whether there was one."""
        end = self._text.find(self._delimiter, self._position)
        if end < 0:
            return self._text[self._position :].rstrip("\r\n"), False
        part = self._text[self._position : end]
        self._position = end + len(self._delimiter)
        return part, True


def _put_back(record: _Record, lines: _Lines, delimiter: str, width: int) -> None:
    """Put the lines after the first back if they are records of their own.

    Else leave them to the record, and pass over what else belongs to it.
    """
    swallowed = record.lines[1:]
    lines.put_back(swallowed)
    read: list[str] = []
    are_records = width > 0
    while are_records and len(read) < len(swallowed):
        inner = _RecordReader(lines, delimiter, limit=MAX_PUT_BACK_CHARACTERS).read()
        if inner is None:
            break
        read += inner.lines
        are_records = inner.is_like_header(width)
    lines.put_back(read)
    if are_records:
        del record.lines[1:]
        record.is_closed = False
        return
    for _line_of_record in swallowed:
        lines.next()
    if record.is_too_long:
        _pass_over_cell(record, lines)


def _pass_over_cell(record: _Record, lines: _Lines) -> None:
    """Read on to the line that closes a cell which is too long."""
    while (line := lines.next()) and line.count(QUOTE) % 2 == 0:
        record.lines.append("")
    record.lines.append("")


def _line(record: _Record) -> Line:
    text = "".join(record.lines)
    if UNDECODED.search(text):
        return Line(record.number, problem=_not_utf_8(text))
    if record.is_sound:
        return Line(record.number, record.cells)
    last = record.number + max(1, len(record.lines)) - 1
    return Line(record.number, problem=f"{_reason(record)} {_extent(record, last)}")


def _reason(record: _Record) -> str:
    if record.is_too_long:
        limit = MAX_RECORD_CHARACTERS
        return _("The row is longer than %d characters.") % limit
    if not record.is_closed:
        return _("A quotation mark opens a cell here and is never closed.")
    return _(
        "Text follows a closing quotation mark; inside a cell, quotation marks are"
        " doubled."
    )


def _extent(record: _Record, last: int) -> str:
    if last == record.number:
        return _("The row was not read.")
    return _("Lines %(first)d to %(last)d were not read.") % {
        "first": record.number,
        "last": last,
    }


def _not_utf_8(text: str) -> str:
    """Say how the first word that is not UTF-8 reads in other encodings."""
    error = _("The row is not UTF-8.")
    bad = UNDECODED.search(text)
    start = max(0, bad.start() - SHOWN_CHARACTERS // 2) if bad else 0
    part = re.split(r"[\r\n]", text[start:])[0][:SHOWN_CHARACTERS]
    readings = []
    for name, encoding in OTHER_ENCODINGS.items():
        try:
            reading = part.encode("utf-8", "surrogateescape").decode(encoding)
        except UnicodeError:
            continue
        readings.append(
            _("As %(encoding)s it reads “%(text)s”.")
            % {"encoding": name, "text": reading}
        )
    advice = _("Save the file as CSV UTF-8 or as .xlsx.")
    return " ".join([error, *readings, advice])
