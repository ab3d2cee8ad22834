"""XML inside a ZIP, read piece by piece so that no part is ever whole in memory."""

import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from catalogue.importing import zips

CHUNK_BYTES = 64 * 1024
MAX_DEPTH = 200  # of elements inside elements

PART_DAMAGE = (*zips.DAMAGE, ET.ParseError)


@contextmanager
def opened_parts(path: Path) -> "Iterator[Parts]":
    with zipfile.ZipFile(path) as archive:
        yield Parts(archive)


class Parts:
    """The parts of a package by name; upper and lower case do not matter."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {
            entry.filename.replace("\\", "/").lstrip("/").lower(): entry
            for entry in archive.infolist()
        }

    def __contains__(self, name: str) -> bool:
        return name.lstrip("/").lower() in self._entries

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._entries[name.lstrip("/").lower()])

    def elements(self, name: str, *local_names: str) -> Iterator[ET.Element]:
        """Yield each element with one of these names, whole, when it ends.

        Names count without their namespace, which differs in Strict OOXML. An element
        is emptied once the next one is asked for.
        """
        parser: Any = ET.XMLPullParser(events=("start", "end"))
        open_elements: list[ET.Element] = []
        with self.open(name) as file:
            while chunk := file.read(CHUNK_BYTES):
                parser.feed(chunk)
                yield from _ended(parser, open_elements, local_names)
        parser.close()
        yield from _ended(parser, open_elements, local_names)


def local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def attribute(element: ET.Element, name: str) -> str | None:
    """Return an attribute whatever its namespace."""
    for key, value in element.items():
        if local_name(key) == name:
            return value
    return None


def _ended(
    parser: Any,
    open_elements: list[ET.Element],
    local_names: tuple[str, ...],
) -> Iterator[ET.Element]:
    for event, element in parser.read_events():
        if event == "start":
            open_elements.append(element)
            if len(open_elements) > MAX_DEPTH:
                raise ValueError(f"elements are nested deeper than {MAX_DEPTH}")
            continue
        open_elements.pop()
        if local_name(element.tag) in local_names:
            yield element
            element.clear()
            if open_elements:
                open_elements[-1].remove(element)
