"""One record of a CSV file, as far as it goes."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import IO

from catalogue.importing.reading.cells import MAX_CELL_CHARACTERS, Cell

MAX_RECORD_CHARACTERS = 4 * MAX_CELL_CHARACTERS
QUOTE = '"'
OPENING_QUOTE = re.compile(' *"')


class Lines:
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
class Record:
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


class RecordReader:
    """Reads one record, however many lines it takes."""

    def __init__(
        self, lines: Lines, delimiter: str, *, limit: int = MAX_RECORD_CHARACTERS
    ) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._limit = limit
        self._length = 0
        self._text = ""
        self._position = 0
        self._record = Record(lines.number + 1)

    def read(self) -> Record | None:
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
