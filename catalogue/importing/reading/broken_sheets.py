"""Rows of a sheet whose XML is broken somewhere: every other row is read.

Programs that write XML by hand forget to escape a sign, or let a control character
through; a spreadsheet program then offers to repair the file.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import IO

CHUNK_BYTES = 64 * 1024
MAX_ROW_BYTES = 8_000_000

ROOT = re.compile(rb"<((?:\w+:)?worksheet)\b[^<>]*>")
START = re.compile(rb"<(?:\w+:)?row[\s/>]")
END = re.compile(rb"</(?:\w+:)?row\s*>")


def rows_apart(file: IO[bytes]) -> Iterator[ET.Element | None]:
    """Yield each row, parsed by itself; None for one that is no XML."""
    head = file.read(CHUNK_BYTES)
    root = ROOT.search(head)
    if root is None:
        raise ET.ParseError("no worksheet")
    for fragment in _fragments(file, head[root.end() :]):
        try:
            sheet = ET.fromstring(root[0] + fragment + b"</" + root[1] + b">")  # noqa: S314
        except ET.ParseError:
            yield None
        else:
            yield next(iter(sheet), None)


def _fragments(file: IO[bytes], buffer: bytes) -> Iterator[bytes]:
    """Yield the text from each row's start to its end, or to the next row's start."""
    is_last = False
    while not is_last:
        chunk = file.read(CHUNK_BYTES)
        buffer, is_last = buffer + chunk, not chunk
        position = 0
        while start := START.search(buffer, position):
            stop = _stop(buffer, start.end())
            if stop is None and not is_last:
                break
            position = len(buffer) if stop is None else stop
            yield buffer[start.start() : position]
        buffer = buffer[position:]
        if len(buffer) > MAX_ROW_BYTES:
            raise ET.ParseError("a row without end")


def _stop(buffer: bytes, position: int) -> int | None:
    """Return where a row stops that starts before this position."""
    end, following = END.search(buffer, position), START.search(buffer, position)
    stops = [end.end()] if end else []
    return min([*stops, following.start()] if following else stops, default=None)
