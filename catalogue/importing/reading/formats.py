"""What a file is, by its content; its name does not count."""

import codecs
import zipfile
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing import zips
from catalogue.importing.errors import ImportFileError

MAX_WORKBOOK_BYTES = 400_000_000  # unpacked
MAX_NUL_SHARE = 0.1  # of a text: one such byte damages one cell
HEAD_BYTES, MAX_MANIFEST_BYTES = 1000, 1_000_000

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
# The stream of an encrypted workbook, named in the directory of the container.
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
OTHER_FILES: dict[bytes, Promise] = {
    b"%PDF": gettext_lazy("This is a PDF. Send the table as .xlsx or as CSV UTF-8."),
    b"\x1f\x8b": gettext_lazy("This is a gzip archive. Unpack it and send the file."),
    b"Rar!": gettext_lazy("This is a RAR archive. Unpack it and send the file."),
    b"7z\xbc\xaf": gettext_lazy("This is a 7z archive. Unpack it and send the file."),
    b"{\\rtf": gettext_lazy("This is a text document. Save the table as .xlsx."),
}
WEB_PAGES = (b"<html", b"<!doctype html", b"<table", b"<?xml")
WEB_PAGE = gettext_lazy(
    "This is a web page or XML that calls itself a table. Open it in a spreadsheet"
    " program and save it as .xlsx or as CSV UTF-8."
)
# Parts by which a ZIP is told from a workbook that is read here.
OTHER_ZIPS: dict[str, Promise] = {
    "xl/workbook.bin": gettext_lazy("This is a binary workbook. Save it as .xlsx."),
    "index/document.iwa": gettext_lazy(
        "This is a file of Numbers. Export it as Excel (.xlsx) or as CSV."
    ),
    "word/document.xml": gettext_lazy(
        "This is a Word document. Save its table as .xlsx or as CSV UTF-8."
    ),
}


def kind_of(path: Path) -> str:
    """Return "csv", "xlsx" or "ods"; raise ImportFileError for other files."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP):
        return _kind_of_zip(path)
    if head.startswith(OLE):
        raise ImportFileError(_ole(path))
    for start, message in OTHER_FILES.items():
        if head.startswith(start):
            raise ImportFileError(str(message))
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(WEB_PAGES):
        raise ImportFileError(str(WEB_PAGE))
    is_utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if head.count(0) > MAX_NUL_SHARE * len(head) and not is_utf_16:
        raise ImportFileError(
            _("This is no table that can be read here. Send .xlsx or CSV UTF-8.")
        )
    return "csv"


def _ole(path: Path) -> str:
    if ENCRYPTED_PACKAGE in path.read_bytes():
        return _(
            "The workbook is protected by a password. Remove the password in Excel"
            " (File, Info, Protect Workbook), save it, and send it again."
        )
    return _("This is an old Excel file. Save it as .xlsx or as CSV UTF-8.")


def _kind_of_zip(path: Path) -> str:
    try:
        zips.check(path, max_bytes=MAX_WORKBOOK_BYTES)
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            zips.check_ratios(archive)
            if "content.xml" in names:
                _refuse_encrypted(archive)
    except zips.RefusedZip as error:
        raise ImportFileError(str(error)) from error
    for part, message in OTHER_ZIPS.items():
        if part in names:
            raise ImportFileError(str(message))
    if "content.xml" in names:
        return "ods"
    tables = [name for name in names if name.endswith((".csv", ".xlsx", ".tsv"))]
    if tables and "[content_types].xml" not in names:
        raise ImportFileError(
            _("This is a ZIP with “%s” in it. Unpack it and send that file alone.")
            % min(tables)
        )
    return "xlsx"


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    try:
        with archive.open("META-INF/manifest.xml") as file:
            is_encrypted = b"encryption-data" in file.read(MAX_MANIFEST_BYTES)
    except zips.DAMAGE:
        return  # it is not needed to read the table
    if is_encrypted:
        raise ImportFileError(
            _(
                "The spreadsheet is protected by a password. Save it without one, and"
                " send it again."
            )
        )
