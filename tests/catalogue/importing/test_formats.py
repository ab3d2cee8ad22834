"""CSV and XLSX as spreadsheets write them, and what is wrong with them."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError

from catalogue.models import Product
from tests.catalogue.import_files import (
    HEAD,
    MUG,
    report_of,
    run_import,
    write_csv,
    write_xlsx,
    zip_of,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    # Pillow warns of what it skips in damaged files; what counts is what comes out.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]


def test_the_line_is_the_one_that_an_editor_shows(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "shop.csv",
        HEAD + ",description",
        MUG + ',"two\nlines"',
        "",
        "m2,Mug,Kitchen,cheap,,",
    )
    assert [row[0] for row in report_of(file)] == ["2", "5"]


def test_unknown_columns_are_reported_and_left_out(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD + ",weight", MUG + ",300 g")
    warning, row = report_of(file)
    assert warning[:4] == ("1", "", "weight", "warning")
    assert row[3] == "created"


def test_a_row_with_more_cells_than_columns_is_reported(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, "m1,Mug, large,Kitchen,1,a.jpg", MUG)
    assert [row[3] for row in report_of(file)] == ["failed", "created"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_as_spreadsheets_write_it(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = ["SKU,Name,category,price", "m1,Käse,Kitchen,1.50"]
    text = [line.replace(",", delimiter) + "\r" for line in lines]
    run_import(write_csv(tmp_path / "shop.csv", *text, encoding=encoding))
    assert Product.objects.get().name == "Käse"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column “sku”"),
        (b"name,price\nMug,1\n", "no column “sku”"),
        (b"sku,name,name\nm1,Mug,Mug\n", "twice"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel"),
        (b"PK\x03\x04" + bytes(600), "ZIP is damaged"),
        (zip_of({"a.txt": b"no workbook"}), "workbook is damaged"),
        (zip_of({"xl/worksheets/sheet1.xml": bytes(90_000_000)}), "unpacks to more"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "shop.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run_import(file)
    assert not Product.objects.exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv: No such file"):
        run_import(tmp_path / "none.csv")


def test_xlsx_means_what_the_sheet_shows(tmp_path: Path) -> None:
    file = write_xlsx(
        tmp_path / "its name counts for nothing",
        ("sku", "name", "category", "price", "stock", "active"),
        (4711, "Mug", "Kitchen > Mugs", 0.1 + 0.2, 5.0, True),
        (None, None, None, None, None, None),
        ("m2", "Cup", "Kitchen", "#N/A", 1, False),
    )
    created, failed = report_of(file)
    assert created[:4] == ("2", "4711", "", "created")
    assert failed[:4] == ("4", "m2", "price", "failed")
    mug = Product.objects.get()
    assert (mug.price, mug.stock, mug.active) == (Decimal("0.30"), 5, True)
