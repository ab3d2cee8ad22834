"""Where an import finds its pictures: a folder or a ZIP, and nothing outside of it."""

import re
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from catalogue.importing import zips
from catalogue.importing.files import ImportFileError

MAX_ZIP_BYTES = 20_000_000_000
DRIVE = re.compile(r"^[A-Za-z]:")

# What zipfile raises for an entry that is damaged, encrypted or packed by a method
# that it lacks.
ENTRY_DAMAGE = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    zlib.error,
)


class PictureUnavailable(Exception):
    """There is no such picture, or it must not be read; its text says which."""


class Pictures(Protocol):
    def read(self, name: str) -> bytes:
        """The content by its path; PictureUnavailable where there is none."""

    def close(self) -> None: ...


class NoPictures:
    def read(self, name: str) -> bytes:
        raise PictureUnavailable(
            _("No pictures came with this file: add them or leave out the column.")
        )

    def close(self) -> None:
        pass


class PictureFolder:
    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ImportFileError(_("There is no folder %s.") % path)
        self._root = path.resolve()

    def read(self, name: str) -> bytes:
        path = self._root / _inside(name)
        try:
            # Resolved, so that a link out of the folder is seen as what it is.
            path = path.resolve()
            if not path.is_relative_to(self._root):
                raise PictureUnavailable(_outside())
            if not path.is_file():
                raise PictureUnavailable(_missing())
            with path.open("rb") as file:
                return file.read(settings.MAX_PHOTO_BYTES + 1)
        except (OSError, RuntimeError, ValueError) as error:
            raise PictureUnavailable(_missing()) from error

    def close(self) -> None:
        pass


class PictureZip:
    """Pictures are read out of the ZIP one at a time; it is never unpacked.

    Names count from its top, or from its only folder if all lie in one.
    """

    def __init__(self, path: Path) -> None:
        try:
            zips.check(path, max_bytes=MAX_ZIP_BYTES)
        except zips.RefusedZip as error:
            raise ImportFileError(str(error)) from error
        self._archive = zipfile.ZipFile(path)
        self._entries = _by_name(self._archive.infolist())

    def read(self, name: str) -> bytes:
        entry = self._entries.get(_normal(str(_inside(name))))
        if entry is None:
            raise PictureUnavailable(_missing())
        try:
            with self._archive.open(entry) as file:
                # Whatever size the ZIP states, no more than this is unpacked.
                return file.read(settings.MAX_PHOTO_BYTES + 1)
        except ENTRY_DAMAGE as error:
            raise PictureUnavailable(_("It cannot be read from the ZIP.")) from error

    def close(self) -> None:
        self._archive.close()


def open_pictures(path: Path | None) -> Pictures:
    if path is None:
        return NoPictures()
    return PictureZip(path) if path.is_file() else PictureFolder(path)


def _inside(name: str) -> PurePosixPath:
    """The name as a path that cannot leave where it starts."""
    path = PurePosixPath(name)
    if "\\" in name or DRIVE.match(name) or path.is_absolute() or ".." in path.parts:
        raise PictureUnavailable(_outside())
    return path


def _outside() -> str:
    return _("The path leaves the pictures: write it relative to them, with “/”.")


def _missing() -> str:
    return _("There is no such file.")


def _normal(name: str) -> str:
    """As one spelling: a Mac packs “é” as two characters."""
    return unicodedata.normalize("NFC", name)


def _by_name(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    files = {
        _normal(entry.filename): entry
        for entry in entries
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    }
    tops = {name.split("/", 1)[0] if "/" in name else "" for name in files}
    if len(tops) == 1 and (top := tops.pop()):
        below = {name.removeprefix(f"{top}/"): entry for name, entry in files.items()}
        return below | files
    return files
