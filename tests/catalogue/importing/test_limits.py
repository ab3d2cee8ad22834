"""Files made to fill memory or time: each ends in seconds, read or refused by name.

No clock is read here: what is counted is how much was unpacked, built or asked for.
"""

from pathlib import Path

import pytest
from django.core.management import CommandError

from catalogue.importing.reading import xlsx
from catalogue.importing.reading.tables import Table
from catalogue.models import Product
from tests.catalogue.import_files import report_of, run_import
from tests.catalogue.importing.sheets import HEAD, number, row, sheet, write_xlsx

pytestmark = pytest.mark.django_db

MUG = ("m1", "Mug", "Kitchen", number("9.5"), number("3"))


@pytest.mark.parametrize("at", ["999999999999", "1048577", "0", "-3", "two", "1e9"])
def test_a_row_numbered_beyond_the_sheet_is_the_next_row(
    tmp_path: Path, at: str
) -> None:
    """Nothing is filled in between."""
    rows = [row(*HEAD), row(*MUG, at=at), row("m2", *MUG[1:])]
    file = write_xlsx(tmp_path / "shop.xlsx", *rows)
    assert [line[0] for line in report_of(file)] == ["2", "3"]


@pytest.mark.parametrize(
    "part",
    ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"],
)
def test_a_part_that_unpacks_to_more_than_tables_can_is_refused(
    tmp_path: Path, part: str
) -> None:
    parts = {part: f"<sst>{'<si><t/></si>' * 600_000}</sst>"}
    file = write_xlsx(tmp_path / "shop.xlsx", row(*HEAD), parts=parts)
    assert file.stat().st_size < 100_000
    with pytest.raises(CommandError, match="unpacks to more"):
        run_import(file)


def test_too_many_texts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MAX_SHARED_STRINGS", 10)
    parts = {"xl/sharedStrings.xml": f"<sst>{11 * '<si><t>a</t></si>'}</sst>"}
    file = write_xlsx(tmp_path / "shop.xlsx", row(*HEAD), parts=parts)
    with pytest.raises(CommandError, match="more than 10 texts"):
        run_import(file)


def test_wide_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    wide = row(*MUG, *(number(str(n)) for n in range(20_000)))
    file = write_xlsx(tmp_path / "shop.xlsx", row(*HEAD), wide, row("m2", *MUG[1:]))
    refused, fine = report_of(file)
    assert "more cells than columns" in refused[4] and fine[3] == "created"


def test_a_cell_far_to_the_right_is_not_padded_to(tmp_path: Path) -> None:
    far = '<c r="ZZZ2"><v>1</v></c>'
    file = write_xlsx(tmp_path / "shop.xlsx", row(*HEAD), row(*MUG, far))
    assert report_of(file)[0][3] == "created"


@pytest.mark.parametrize("kind", ["entities", "nesting"])
def test_xml_made_to_grow_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "entities":
        names = [f'<!ENTITY a{n} "{10 * f"&a{n - 1};"}">' for n in range(1, 12)]
        declared = f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{"".join(names)}]>'
        content = f"{declared}<worksheet><sheetData><row><c t='str'><v>&a11;</v></c>"
        content += "</row></sheetData></worksheet>"
    else:
        content = 300_000 * "<a>" + 300_000 * "</a>"
    parts = {"xl/worksheets/sheet1.xml": content}
    file = write_xlsx(tmp_path / "shop.xlsx", row(*HEAD), parts=parts)
    with pytest.raises(CommandError, match="damaged"):
        run_import(file)


def test_a_damaged_sheet_that_is_not_read_is_no_damage(tmp_path: Path) -> None:
    sheets = (
        '<sheet name="Products" sheetId="1" r:id="rId1"/>'
        '<sheet name="Notes" sheetId="2" r:id="rId2"/>'
    )
    parts = {"xl/worksheets/sheet2.xml": sheet("<row><c>")}
    rows = (row(*HEAD), row(*MUG))
    run_import(write_xlsx(tmp_path / "shop.xlsx", *rows, sheets=sheets, parts=parts))
    assert Product.objects.exists()


def test_a_table_says_that_it_lives_while_it_reads(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("sku\n" + "a\n" * 5000)
    signs: list[int] = []
    Table(file, on_row=lambda: signs.append(1))
    assert len(signs) == 5000
