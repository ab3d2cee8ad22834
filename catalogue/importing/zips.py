"""ZIP files from outside, refused if they would fill memory or disk."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from django.utils.translation import gettext as _

MAX_ENTRIES = 100_000
# Pictures hardly shrink and tables by a tenth; bombs by a thousand and more.
MAX_RATIO = 100
# Below this much content no ratio does harm.
HARMLESS_BYTES, HARMLESS_PART_BYTES = 50_000_000, 5_000_000

DIRECTORY_BYTES_AN_ENTRY = 1_000
_END, _END_SIZE = b"PK\x05\x06", 22
_END_64, _LOCATOR_64_SIZE, _UNKNOWN = b"PK\x06\x06", 20, 0xFFFFFFFF


# What zipfile raises for a damaged archive, or for an entry that is damaged or packed
# by a method that it lacks.
DAMAGE = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    IndexError,
    KeyError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)


class RefusedZip(Exception):
    """It is no ZIP, or one that should not be opened; its text is for the sender."""


def check(path: Path, *, max_bytes: int) -> None:
    """Raise RefusedZip for a damaged ZIP or a bomb, without unpacking it."""
    if _directory_bytes(path) > MAX_ENTRIES * DIRECTORY_BYTES_AN_ENTRY:
        raise RefusedZip(_("The ZIP has too many entries."))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except DAMAGE as error:
        raise RefusedZip(_("The ZIP is damaged or is none.")) from error
    if len(entries) > MAX_ENTRIES:
        raise RefusedZip(_("The ZIP has too many entries."))
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise RefusedZip(
            _("The ZIP unpacks to more than %d MB.") % (max_bytes // 1_000_000)
        )
    if total > HARMLESS_BYTES and total > MAX_RATIO * path.stat().st_size:
        raise RefusedZip(_("The ZIP unpacks to more than pictures or tables can."))


def check_ratios(archive: zipfile.ZipFile) -> None:
    """Raise RefusedZip if a part of a workbook unpacks to more than tables can."""
    for entry in archive.infolist():
        is_large = entry.file_size > HARMLESS_PART_BYTES
        if is_large and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise RefusedZip(_("The ZIP unpacks to more than pictures or tables can."))


def _directory_bytes(path: Path) -> int:
    """Return the length of its directory, all of which zipfile would read."""
    with path.open("rb") as file:
        size = path.stat().st_size
        tail_start = max(0, size - 65_536 - _END_SIZE)
        file.seek(tail_start)
        tail = file.read()
        end = tail.rfind(_END)
        if end < 0 or len(tail) - end < _END_SIZE:
            raise RefusedZip(_("The ZIP is damaged or is none."))
        length = int.from_bytes(tail[end + 12 : end + 16], "little")
        if length != _UNKNOWN:
            return length
        locator = tail[max(0, end - _LOCATOR_64_SIZE) : end]
        file.seek(min(size, int.from_bytes(locator[8:16], "little")))
        record = file.read(56)
    if not record.startswith(_END_64):
        raise RefusedZip(_("The ZIP is damaged or is none."))
    return int.from_bytes(record[40:48], "little")
