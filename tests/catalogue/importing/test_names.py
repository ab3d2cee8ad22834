"""Pictures found by the names that a catalogue file gives them."""

import io
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from catalogue.models import ProductImage
from tests.builders import make_image
from tests.catalogue.import_files import HEAD, MUG, report_of, write_csv, zip_of

pytestmark = pytest.mark.django_db

PICTURE = make_image(1)


def reason(folder: Path, name: str, images: Path) -> str:
    """Import a product with this picture; return why it failed, or nothing."""
    ((_line, _sku, _column, outcome, text),) = report_of(
        write_csv(folder / "shop.csv", HEAD, f'{MUG}"{name}"'), images=images
    )
    assert (outcome == "created") == (ProductImage.objects.count() == 1)
    return text


def raw_zip(names: list[bytes], *, extra: bytes = b"") -> bytes:
    """Return a ZIP whose entries have these bytes for names, and no UTF-8 flag."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, name in enumerate(names):
            info = zipfile.ZipInfo("".join(chr(97 + number) for _byte in name))
            info.extra = extra
            archive.writestr(info, PICTURE)
    content = out.getvalue()
    for number, name in enumerate(names):
        content = content.replace(bytes([97 + number]) * len(name), name)
    return content


# Folders


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("käse.jpg", unicodedata.normalize("NFD", "käse.jpg")),
        (unicodedata.normalize("NFD", "käse.jpg"), "käse.jpg"),
        ("IMG_0001.JPG", "img_0001.jpg"),
        ("my photos/red mug (1).jpg", "my photos/red mug (1).jpg"),
        ("my photos/red mug (1).jpg", "my%20photos/red%20mug%20(1).jpg"),
        ("my photos/red mug (1).jpg", "my photos\\red mug (1).jpg"),
        ("plus+and#hash%20.jpg", "plus+and#hash%20.jpg"),
        ("a.jpg", "./a.jpg"),
        ("a.jpg", "a.jpg\u200b"),
        ("red  mug.jpg", "red mug.jpg"),
        ("KÄSE/Ä.JPG", "käse/ä.jpg"),
    ],
)
def test_a_file_is_found_by_the_spellings_of_its_name(
    tmp_path: Path, stored: str, written: str
) -> None:
    images = tmp_path / "images"
    (images / stored).parent.mkdir(parents=True)
    (images / stored).write_bytes(PICTURE)
    assert reason(tmp_path, written, images) == ""


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("IMG_0001", "There is no such file. The nearest name is “pics/IMG_0001.JPG”."),
        ("pics/IMG_0002.JPG", "The nearest name is “pics/IMG_0001.JPG”."),
        ("/folder/IMG_0001.JPG", "The path leaves the pictures"),
        ("/folder/IMG_0001.JPG", "The nearest name is “pics/IMG_0001.JPG”."),
        ("https://cdn.example/IMG_0001.JPG", "Addresses are not fetched"),
        ("https://cdn.example/IMG_0001.JPG", "“pics/IMG_0001.JPG”"),
        ("IMG_0001.JPG|b.jpg", "There is no such file."),
        ("something-else.png", "There is no such file."),
    ],
)
def test_a_name_that_fits_no_file_is_refused_with_the_nearest(
    tmp_path: Path, written: str, says: str
) -> None:
    (tmp_path / "images" / "pics").mkdir(parents=True)
    (tmp_path / "images" / "pics" / "IMG_0001.JPG").write_bytes(PICTURE)
    assert says in reason(tmp_path, written, tmp_path / "images")


def test_case_counts_where_several_files_fit(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "A.jpg").write_bytes(PICTURE)
    (images / "a.jpg").write_bytes(make_image(2))
    assert reason(tmp_path, "A.JPG", images) == (
        "A.JPG: Several files fit this name: A.jpg, a.jpg."
    )
    assert reason(tmp_path, "a.jpg", images) == ""


def test_a_link_out_of_the_folder_is_not_found_by_case_either(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(PICTURE)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "Link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert "no such file" in reason(tmp_path, "link.jpg", tmp_path / "images")


def test_a_name_on_the_disk_in_another_encoding_is_found(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    Path(bytes(images).decode() + "/" + "茶杯.jpg".encode("gbk").decode(
        "utf-8", "surrogateescape")).write_bytes(PICTURE)  # fmt: skip
    assert reason(tmp_path, "茶杯.jpg", images) == ""


# ZIPs


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("茶杯.jpg", "gbk"),
        ("茶杯.jpg", "utf-8"),
        ("käse.jpg", "utf-8"),
        (unicodedata.normalize("NFD", "käse.jpg"), "utf-8"),
        ("käse.jpg", "cp437"),
        ("käse.jpg", "cp1252"),
        ("Größe – klein.jpg", "cp1252"),
        ("カップ.jpg", "shift_jis"),
        ("чашка.jpg", "cp866"),
        ("чашка.jpg", "cp1251"),
        ("kubeczek żółty.jpg", "cp1250"),
    ],
)
def test_a_zip_without_the_flag_of_utf_8_is_read_in_any_encoding(
    tmp_path: Path, name: str, encoding: str
) -> None:
    images = tmp_path / "images.zip"
    images.write_bytes(raw_zip([name.encode(encoding)]))
    assert reason(tmp_path, unicodedata.normalize("NFC", name), images) == ""


def test_the_utf_8_name_beside_an_entry_counts(tmp_path: Path) -> None:
    raw, name = b"caf_.jpg\xff", "café.jpg".encode()
    field = struct.pack("<BL", 1, zlib.crc32(raw)) + name
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    images = tmp_path / "images.zip"
    images.write_bytes(raw_zip([raw], extra=extra))
    assert reason(tmp_path, "café.jpg", images) == ""


@pytest.mark.parametrize(
    "stored",
    ["a.jpg", "top/a.jpg", "export/2026/a.jpg", "export\\2026\\a.jpg", "A.JPG"],
)
def test_a_zip_with_folders_around_and_leftovers_is_read(
    tmp_path: Path, stored: str
) -> None:
    leftovers = {f"__MACOSX/{stored}": b"x", ".DS_Store": b"x", "._a.jpg": b"x",
                 "Thumbs.db": b"x"}  # fmt: skip
    images = tmp_path / "images.zip"
    images.write_bytes(zip_of({**leftovers, stored: PICTURE}))
    assert reason(tmp_path, "a.jpg", images) == ""


def test_a_name_that_fits_no_entry_is_refused_with_the_nearest(tmp_path: Path) -> None:
    images = tmp_path / "images.zip"
    images.write_bytes(zip_of({"IMG_0001.JPG": PICTURE, "b.jpg": PICTURE}))
    assert "nearest name is “IMG_0001.JPG”" in reason(tmp_path, "IMG_0001", images)


def test_an_entry_with_a_password_says_so(tmp_path: Path) -> None:
    content = bytearray(zip_of({"a.jpg": PICTURE}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    images = tmp_path / "images.zip"
    images.write_bytes(content)
    assert "protected by a password" in reason(tmp_path, "a.jpg", images)
