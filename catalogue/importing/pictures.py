"""Pictures of an import, from a folder or a ZIP and nothing outside of it."""

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from catalogue.importing import zips
from catalogue.importing.errors import ImportFileError, PictureUnavailable
from catalogue.importing.names import (
    AmbiguousName,
    File,
    NameIndex,
    below_common_folders,
    is_leftover,
    names_of_entry,
    readings,
)

MAX_ZIP_BYTES = 20_000_000_000  # unpacked
MAX_FOLDER_FILES = 200_000
ENCRYPTED = 0x1  # flag of a ZIP's entry

DRIVE = re.compile(r"^[A-Za-z]:")
ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


class Pictures(Protocol):
    """Pictures by the names that a catalogue file gives them."""

    def read(self, name: str) -> bytes:
        """Return the content. Raises PictureUnavailable where there is none."""

    def close(self) -> None: ...


class NoPictures:
    """The pictures of an import that came without any."""

    def read(self, name: str) -> bytes:
        raise PictureUnavailable(
            _("No pictures came with this file: add them or leave out the column.")
        )

    def close(self) -> None:
        pass


class PictureFolder:
    """Pictures below a folder; links that lead out of it are not followed."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ImportFileError(_("There is no folder %s.") % path)
        self._root = path.resolve()

    def read(self, name: str) -> bytes:
        path = self._existing(_relative(name, self._nearest))
        try:
            if path is None:
                path = _found(self._index, name)
            with path.open("rb") as file:
                return file.read(settings.MAX_PHOTO_BYTES + 1)
        except OSError as error:
            raise PictureUnavailable(_("It cannot be read.")) from error

    def close(self) -> None:
        pass

    def _existing(self, relative: PurePosixPath) -> Path | None:
        """Return the file of exactly this name; None if there is none."""
        try:
            # Resolved, so that a link out of the folder is seen as what it is.
            path = (self._root / relative).resolve()
            if not path.is_relative_to(self._root):
                raise PictureUnavailable(_outside())
            return path if path.is_file() else None
        except (OSError, RuntimeError, ValueError):
            return None

    def _nearest(self, name: str) -> str:
        return self._index.nearest(name)

    @cached_property
    def _index(self) -> NameIndex[Path]:
        return NameIndex(islice(self._named_files(), MAX_FOLDER_FILES))

    def _named_files(self) -> Iterator[tuple[str, Path]]:
        for folder, _folders, files in os.walk(self._root):
            for file in files:
                path = Path(folder, file)
                name = path.relative_to(self._root).as_posix()
                is_inside = not path.is_symlink() and path.is_file()
                if is_inside and not is_leftover(name):
                    for reading in _readings_of_path(name):
                        yield reading, path


class PictureZip:
    """Pictures in a ZIP, read one at a time; it is never unpacked.

    Names count from its top, or from a folder that holds everything.
    """

    def __init__(self, path: Path) -> None:
        try:
            zips.check(path, max_bytes=MAX_ZIP_BYTES)
        except zips.RefusedZip as error:
            raise ImportFileError(str(error)) from error
        self._archive = zipfile.ZipFile(path)
        self._index = NameIndex(_named_entries(self._archive.infolist()))

    def read(self, name: str) -> bytes:
        _relative(name, self._index.nearest)
        entry = _found(self._index, name)
        if entry.flag_bits & ENCRYPTED:
            raise PictureUnavailable(_("The ZIP is protected by a password."))
        try:
            with self._archive.open(entry) as file:
                # Whatever size the ZIP states, no more than this is unpacked.
                return file.read(settings.MAX_PHOTO_BYTES + 1)
        except zips.DAMAGE as error:
            raise PictureUnavailable(_("It cannot be read from the ZIP.")) from error

    def close(self) -> None:
        self._archive.close()


def open_pictures(path: Path | None) -> Pictures:
    """Open a folder or a ZIP. Raises ImportFileError."""
    if path is None:
        return NoPictures()
    return PictureZip(path) if path.is_file() else PictureFolder(path)


def _relative(name: str, nearest: Callable[[str], str]) -> PurePosixPath:
    """Return the name as a path that cannot leave where it starts."""
    path = PurePosixPath(name.replace("\\", "/"))
    if ADDRESS.match(name):
        text = _("Addresses are not fetched: put the picture into the folder or ZIP.")
        raise PictureUnavailable(_with_nearest(text, nearest(str(path))))
    if DRIVE.match(name) or path.is_absolute() or ".." in path.parts:
        raise PictureUnavailable(_with_nearest(_outside(), nearest(str(path))))
    return path


def _found(index: NameIndex[File], name: str) -> File:
    """Return the file that a name fits. Raises PictureUnavailable for none or many."""
    path = str(PurePosixPath(name.replace("\\", "/")))
    try:
        file = index.find(path)
    except AmbiguousName as error:
        text = _("Several files fit this name: %s.") % error
        raise PictureUnavailable(text) from error
    if file is None:
        text = _("There is no such file.")
        raise PictureUnavailable(_with_nearest(text, index.nearest(path)))
    return file


def _with_nearest(text: str, nearest: str) -> str:
    return f"{text} {_('The nearest name is “%s”.') % nearest}" if nearest else text


def _outside() -> str:
    return _("The path leaves the pictures: write it relative to them, with “/”.")


def _readings_of_path(name: str) -> Iterator[str]:
    """Yield a file's name, or what it may mean if the disk's bytes are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        yield from readings(os.fsencode(name))
    else:
        yield name


def _named_entries(
    entries: list[zipfile.ZipInfo],
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield every reading of every entry's name, the likeliest readings first."""
    # Of two entries with one name the later one counts.
    named = [(list(names_of_entry(entry)), entry) for entry in reversed(entries)]
    files = [
        (names, entry)
        for names, entry in named
        if names and not names[0].endswith("/") and not is_leftover(names[0])
    ]
    folder = below_common_folders(names[0] for names, _entry in files)
    depth = folder.count("/")
    for level in range(max((len(names) for names, _entry in files), default=0)):
        for names, entry in files:
            for name in names[level : level + 1]:
                parts = name.split("/")
                for start in range(depth + 1):
                    yield "/".join(parts[start:]), entry
