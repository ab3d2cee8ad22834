"""CSV that leaves the shop is data to a spreadsheet program, never a formula."""

import ast
import csv
from pathlib import Path

import pytest

from catalogue.export.spreadsheets import safe_cell
from config.env import BASE_DIR
from tests.catalogue.import_files import report_of, run_import, write_csv

HEAD = "sku,name,category,price,=cmd"
# Writers of CSV that nobody opens in a spreadsheet, and why.
OTHER_WRITERS = {
    "demo/renderer/rendering.py": "the demo shop's own data, and made-up products",
    "hashing/training/curves.py": "numbers alone",
}


@pytest.mark.django_db
def test_no_cell_of_a_report_begins_a_formula(tmp_path: Path) -> None:
    skus = [
        '"=HYPERLINK(""http://x.invalid"",""y"")"',
        "+41",
        "-2+3",
        "@SUM(A1)",
        "＝1",
    ]
    rows = [f"{sku},Cup,Kitchen,=1+1," for sku in skus]
    report = report_of(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    cells = [cell for row in report for cell in row]
    assert "'+41" in cells and "'＝1" in cells
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝"))]


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-a", "@a", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠a"]
)
def test_what_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "a=1", "m-1", "-5", "-5.25", 12, "'a", "1+1"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == str(value)


def test_a_report_is_read_by_programs_as_it_is_by_spreadsheets(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerow([safe_cell('a\nb,"c"')])
    with (tmp_path / "x.csv").open(newline="") as file:
        assert next(csv.reader(file)) == ['a\nb,"c"']


def writers() -> set[str]:
    """Return the modules of the shop that write CSV."""
    found = set()
    for package in ("access", "catalogue", "config", "demo", "hashing", "search",
                    "staff"):  # fmt: skip
        for path in (BASE_DIR / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                is_writer = isinstance(node, ast.Attribute) and node.attr in (
                    "writer",
                    "DictWriter",
                )
                if is_writer and ast.unparse(node.value) == "csv":
                    found.add(path.relative_to(BASE_DIR).as_posix())
    return found


def test_every_csv_that_leaves_the_shop_is_escaped() -> None:
    unsafe = {
        name
        for name in writers() - set(OTHER_WRITERS)
        if "safe_" not in (BASE_DIR / name).read_text(encoding="utf-8")
    }
    assert unsafe == set()
    assert set(OTHER_WRITERS) <= writers()


@pytest.mark.django_db
def test_a_dry_run_and_a_run_report_the_same_rows(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", "sku,name,category,price", "m1,M,K,1")
    checked = report_of(file, dry_run=True)
    assert checked == report_of(file)
    assert run_import(file)["unchanged"] == 1
