"""CSV as the world writes it: dialects, encodings, and records that are broken."""

from pathlib import Path

import pytest
from django.core.management import CommandError

from catalogue.models import Product
from tests.builders import new_product
from tests.catalogue.import_files import report_of, run_import

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HEAD = "sku,name,category,price,description"


def imported(folder: Path, content: str | bytes) -> list[tuple[str, ...]]:
    """Import a file; return (line, sku, outcome) of each remark or row."""
    file = folder / "shop.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(row[0], row[1], row[3]) for row in report_of(file)]


def skus() -> list[str]:
    return sorted(Product.objects.values_list("sku", flat=True))


# Broken records


def test_no_line_inside_a_broken_record_is_taken_for_a_row(tmp_path: Path) -> None:
    new_product("l1", name="Jar")
    content = (
        f"{HEAD}\r\n"
        'l2,"24" frame",Kitchen,3.00,"Fits with:\r\nl1,Lid,,0.10\r\n"\r\n'
        "l3,Cup,Kitchen,3.00,ok\r\n"
    )
    file = tmp_path / "shop.csv"
    file.write_bytes(content.encode())
    broken, cup = report_of(file)
    assert broken[0] == "2" and "Lines 2 to 4" in broken[4]
    assert (cup[0], cup[3]) == ("5", "created")
    assert Product.objects.get(sku="l1").name == "Jar"


@pytest.mark.parametrize(
    "broken",
    [
        'b1,"Mug,Kitchen,1,',  # never closed
        'b1,"Mug, large,Kitchen,1,',  # its closing mark is gone
        'b1,"Mug" large,Kitchen,1,',
        'b1,"24" frame",Kitchen,1,',
        'b1,Mug,Kitchen,1,"',
        'b1,Mug,Kitchen,1,"two\nlines',  # its closing mark is gone
        'b1,"two\nlines",Kitchen,1,"one',
    ],
)
@pytest.mark.parametrize(
    "after",
    [
        ["g2,Cup,Kitchen,2,"],
        ["g2,Cup,Kitchen,2,", 'g3,"Jug, large",Kitchen,3,'],
        ["g2,Cup,Kitchen,2,", 'g3,Jug,Kitchen,3,"two\nlines, and ""marks"""'],
    ],
)
def test_a_stray_quotation_mark_takes_no_other_row_along(
    tmp_path: Path, broken: str, after: list[str]
) -> None:
    rows = imported(tmp_path, "\n".join([HEAD, "g1,Mug,Kitchen,1,", broken, *after]))
    assert ("3", "", "failed") in rows
    assert skus() == ["g1", "g2", "g3"][: len(after) + 1]


def test_a_cell_of_a_hundred_thousand_characters_is_read(tmp_path: Path) -> None:
    text = "y" * 70 + "\n"
    rows = f'm1,Cup,Kitchen,3.00,"{2_000 * text}"\nm2,Cup,Kitchen,3.00,ok'
    assert len(imported(tmp_path, f"{HEAD}\n{rows}\n")) == 2
    assert len(Product.objects.get(sku="m1").description) > 140_000


@pytest.mark.parametrize("size", [1_000_100, 4_500_000])
def test_a_cell_that_is_too_long_is_refused_by_name(tmp_path: Path, size: int) -> None:
    rows = f'm1,Cup,Kitchen,3.00,"{(size // 100) * (99 * "y" + chr(10))}"'
    file = tmp_path / "shop.csv"
    file.write_text(f"{HEAD}\n{rows}\nm2,Cup,Kitchen,3.00,ok\n")
    too_long, fine = report_of(file)
    assert "longer than" in too_long[4] and too_long[0] == "2"
    assert fine[3] == "created"


def test_a_row_with_bytes_of_another_encoding_is_refused_alone(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    rows = ["m1,Käse,Kitchen,1,", "m2,Cup,Kitchen,1,"]
    file.write_bytes("\n".join([HEAD, *rows]).encode("cp1252"))
    refused, fine = report_of(file)
    assert (
        "not UTF-8" in refused[4] and "As Windows-1252 it reads “m1,Käse" in refused[4]
    )
    assert fine[1:4] == ("m2", "", "created")
    file.write_bytes(f"{HEAD}\nm3,茶杯,Kitchen,1,".encode("gbk"))
    assert "As GBK it reads “m3,茶杯" in report_of(file)[0][4]


def test_fewer_cells_than_columns_are_empty_cells(tmp_path: Path) -> None:
    assert imported(tmp_path, f"{HEAD}\nm1,Mug,Kitchen,1") == [("2", "m1", "created")]


# Dialects


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_encoding_and_line_end_is_read(
    tmp_path: Path, delimiter: str, encoding: str, end: str
) -> None:
    lines = ["sku,name,category,price", 'm1,"Käse, 茶",Kitchen,1.50', ""]
    content = end.join(lines).replace(",", delimiter)
    if encoding == "utf-16-le-bom":
        encoded = ("\ufeff" + content).encode("utf-16-le")
    else:
        encoded = content.encode(encoding)
    imported(tmp_path, encoded)
    assert Product.objects.get().name == "Käse, 茶".replace(",", delimiter)


@pytest.mark.parametrize(
    "above",
    [
        "sep=;\r\n",
        "\ufeffsep=;\r\n",
        '"sep=;"\r\n',
        "SEP=;\n",
        "\ufeff\ufeff",
        "\n\n",
        ";;;\n",
        "Price list;;;\nMay 2026;;;\n;;;\n",
        "\ufeff# made by export 4.2\n",
    ],
)
def test_the_header_is_found_below_what_programs_write_above_it(
    tmp_path: Path, above: str
) -> None:
    imported(tmp_path, above + "sku;name;category;price\r\nm1;Tasse;Küche;12.50\r\n")
    assert Product.objects.get().name == "Tasse"


def test_what_is_above_the_header_is_reported(tmp_path: Path) -> None:
    content = "sep=;\nPrice list;;;\n\nsku;name;category;price\nm1;Tasse;Küche;1\n"
    assert imported(tmp_path, content) == [
        ("1", "", "warning"),
        ("2", "", "warning"),
        ("5", "m1", "created"),
    ]


def test_a_stated_delimiter_is_obeyed_where_another_would_find_columns(
    tmp_path: Path,
) -> None:
    imported(tmp_path, "sep=|\nsku|name|category|price\nm1|a,b;c|Kitchen|1\n")
    assert Product.objects.get().name == "a,b;c"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("SKU-Nr;name", "The nearest name is “sku-nr”"),
        ("name,price", "no column “sku”"),
        ("sku,sku,name", "“sku” appears twice"),
        ("skü,name", "The nearest name is “skü”"),
    ],
)
def test_a_header_without_sku_names_what_comes_nearest(
    tmp_path: Path, header: str, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        imported(tmp_path, f"{header}\nm1,x\n")


@pytest.mark.parametrize(
    ("column", "meant"), [("color", "colour"), ("prise", "price"), ("image", "images")]
)
def test_an_unknown_column_is_reported_with_the_one_it_resembles(
    tmp_path: Path, column: str, meant: str
) -> None:
    file = tmp_path / "shop.csv"
    file.write_text(f"sku,{column}\nm1,x\n")
    warning = report_of(file)[0]
    assert warning[2:4] == (column, "warning") and f"“{meant}”" in warning[4]


def test_spaces_before_a_quotation_mark_belong_to_no_cell(tmp_path: Path) -> None:
    imported(tmp_path, f'{HEAD}\nm1, "Mug, large", Kitchen, 1, \n')
    assert Product.objects.get().name == "Mug, large"


def test_a_mark_inside_a_cell_without_marks_is_text(tmp_path: Path) -> None:
    imported(tmp_path, f'{HEAD}\nm1,Frame 24",Kitchen,1,5" deep\n')
    assert Product.objects.get().name == 'Frame 24"'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html><table>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook>', "web page or XML"),
        (b"sku\x00,name\x00\n", "no table that can be read"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "shop.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run_import(file)


def test_characters_that_no_text_can_have_are_refused_by_cell(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    padding = "x" * 1000  # a file that begins with it is taken for no table
    file.write_text(f"{HEAD}\nm0,Mug,Kitchen,1,{padding}\nm1,M\x00g,Kitchen,1,\n")
    assert report_of(file)[1][1:4] == ("m1", "name", "failed")
