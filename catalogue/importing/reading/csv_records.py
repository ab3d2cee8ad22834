"""Records of a CSV file, each read or refused as a whole.

Python's csv module goes on inside a record that it could not read, and takes its lines
for records. Here a record's extent is found first, as spreadsheets find it: a cell that
begins with a quotation mark ends at the next single one, whatever follows. Then the
record is read, or refused from its first line to its last.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from catalogue.importing.reading.cells import Line
from catalogue.importing.reading.csv_reader import (
    MAX_RECORD_CHARACTERS,
    Lines,
    Record,
    RecordReader,
)
from catalogue.importing.reading.csv_recovery import put_back

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
        lines = Lines(file)
        while record := RecordReader(lines, delimiter).read():
            if len(record.lines) > 1 and not record.is_like_header(width):
                put_back(record, lines, delimiter, width)
            yield _line(record)


def _open(path: Path) -> IO[str]:
    """Open as its byte order mark says, else as UTF-8; keep other bytes apart."""
    with path.open("rb") as file:
        head = file.read(3)
    marked = [name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)]
    encoding = marked[0] if marked else "utf-8"
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


def _line(record: Record) -> Line:
    text = "".join(record.lines)
    if UNDECODED.search(text):
        return Line(record.number, problem=_not_utf_8(text))
    if record.is_sound:
        return Line(record.number, record.cells)
    last = record.number + max(1, len(record.lines)) - 1
    return Line(record.number, problem=f"{_reason(record)} {_extent(record, last)}")


def _reason(record: Record) -> str:
    if record.is_too_long:
        limit = MAX_RECORD_CHARACTERS
        return _("The row is longer than %d characters.") % limit
    if not record.is_closed:
        return _("A quotation mark opens a cell here and is never closed.")
    return _(
        "Text follows a closing quotation mark; inside a cell, quotation marks are"
        " doubled."
    )


def _extent(record: Record, last: int) -> str:
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
