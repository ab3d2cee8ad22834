"""Files found by the names that a catalogue gives them."""

import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Generic, TypeVar
from urllib.parse import unquote
from zipfile import ZipInfo

from rapidfuzz import fuzz, process

from catalogue.identity import folded, normal_form

File = TypeVar("File")

NEAR = 70  # of 100: how alike a name must be to be offered
MAX_SUGGESTIONS = 200  # an index makes; each compares all names
# Encodings of names that do not say theirs, the likeliest first.
ENCODINGS = (
    *("utf-8", "cp437", "cp1252", "gb18030", "cp850", "big5", "shift_jis"),
    *("euc_kr", "cp1251", "cp866", "cp1250"),
)

UTF_8_FLAG = 0x800
UNICODE_PATH = 0x7075  # extra field of Info-ZIP: the name in UTF-8
LEFTOVERS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class AmbiguousName(Exception):
    """Several files fit a name; its text lists them."""


class NameIndex(Generic[File]):
    """Finds a file by its name as written, by normal form, or by case if one fits."""

    def __init__(self, files: Iterable[tuple[str, File]]) -> None:
        """Take names and files, the likeliest reading of a file's name first."""
        self._exact: dict[str, File] = {}
        self._by_normal_form: dict[str, dict[str, File]] = {}
        self._by_folded: dict[str, dict[str, File]] = {}
        self._suggestions = 0
        for name, file in files:
            self._exact.setdefault(name, file)
            for index, key in (
                (self._by_normal_form, normal_form(name)),
                (self._by_folded, folded(name)),
            ):
                index.setdefault(key, {}).setdefault(name, file)

    def find(self, name: str) -> File | None:
        """Return the file; None if none fits. Raises AmbiguousName for several."""
        for written in dict.fromkeys((name, unquote(name))):
            if written in self._exact:
                return self._exact[written]
            for files in (
                self._by_normal_form.get(normal_form(written), {}),
                self._by_folded.get(folded(written), {}),
            ):
                if len({id(file) for file in files.values()}) > 1:
                    raise AmbiguousName(", ".join(sorted(files)))
                if files:
                    return next(iter(files.values()))
        return None

    def nearest(self, name: str) -> str:
        """Return the name of the file that resembles it most; empty if none does."""
        if self._suggestions >= MAX_SUGGESTIONS:
            return ""
        self._suggestions += 1
        names, bases = self._names_and_bases
        part = folded(name)
        for written, choices in ((part, names), (part.rpartition("/")[2], bases)):
            near = process.extractOne(
                written, choices, scorer=fuzz.ratio, score_cutoff=NEAR
            )
            if near is not None:
                return next(iter(self._by_folded[names[near[2]]]))
        return ""

    @cached_property
    def _names_and_bases(self) -> tuple[list[str], list[str]]:
        names = list(self._by_folded)
        return names, [name.rpartition("/")[2] for name in names]


def names_of_entry(entry: ZipInfo) -> Iterator[str]:
    """Yield the readings of an entry's name, the likeliest first, with `/`."""
    if entry.flag_bits & UTF_8_FLAG or entry.filename.isascii():
        yield _with_slashes(entry.filename)
        return
    raw = entry.filename.encode("cp437")
    if name := _unicode_path(entry.extra, raw):
        yield _with_slashes(name)
    yield from map(_with_slashes, readings(raw))


def readings(raw: bytes) -> Iterator[str]:
    """Yield the names that these bytes spell in the encodings where they spell one."""
    for encoding in ENCODINGS:
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(unicodedata.category(character) != "Cc" for character in name):
            yield name


def is_leftover(name: str) -> bool:
    """Whether an operating system put it there: `__MACOSX/`, `._a.jpg`, Thumbs.db."""
    base = name.rpartition("/")[2]
    return name.startswith(LEFTOVERS[0]) or base in LEFTOVERS or base.startswith("._")


def below_common_folders(names: Iterable[str]) -> str:
    """Return the folder that holds all of the names, with `/`; empty if none does."""
    folders = {name.rpartition("/")[0] for name in names}
    if not folders:
        return ""
    first, last = min(folders).split("/"), max(folders).split("/")
    common = []
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        common.append(one)
    return f"{'/'.join(common)}/" if common != [""] and common else ""


def _with_slashes(name: str) -> str:
    return name.replace("\\", "/")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Return the UTF-8 name beside an entry's own, if it belongs to it."""
    while len(extra) >= 4:
        kind = int.from_bytes(extra[:2], "little")
        size = int.from_bytes(extra[2:4], "little")
        field = extra[4 : 4 + size]
        if kind == UNICODE_PATH and len(field) > 5:
            belongs = int.from_bytes(field[1:5], "little") == zlib.crc32(raw)
            return field[5:].decode("utf-8", "ignore") if belongs else ""
        extra = extra[4 + size :]
    return ""
