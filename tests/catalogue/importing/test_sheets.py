"""Spreadsheets as programs write them: XLSX of all kinds, and ODS."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError

from catalogue.models import Product
from tests.builders import new_product
from tests.catalogue.import_files import report_of, run_import, zip_of
from tests.catalogue.importing.sheets import (
    HEAD,
    STRICT,
    TRANSITIONAL,
    number,
    ods_number,
    ods_row,
    ods_table,
    row,
    sheet,
    styles,
    write_ods,
    write_xlsx,
)

pytestmark = pytest.mark.django_db

MUG = ("m1", "Mug", "Kitchen", number("9.5"), number("3"))


def import_xlsx(folder: Path, *rows: str, **options: object) -> list[tuple[str, ...]]:
    return report_of(write_xlsx(folder / "shop.xlsx", row(*HEAD), *rows, **options))


# Numbers as SKUs


@pytest.mark.parametrize(
    ("cell", "sku"),
    [
        (number("4.006381333931E12"), "4006381333931"),
        (number("4006381333932"), "4006381333932"),
        (number("123", 1), "00123"),
        (number("123", 2), "SKU-0123"),
        (number("1234567", 3), "123-45-67"),
        (number("4711.0"), "4711"),
        (number("4711", 4), "4711"),
        (number("12.5", 5), "12.50"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="str"><f>A9</f><v>from-formula</v></c>', "from-formula"),
        ("<c><f>A9</f><v>815</v></c>", "815"),
    ],
)
def test_a_number_is_the_sku_that_the_sheet_shows(
    tmp_path: Path, cell: str, sku: str
) -> None:
    codes = styles("00000", '"SKU-"0000', "000-00-00", "#,##0", "0.00")
    import_xlsx(tmp_path, row(cell, *MUG[1:]), parts={"xl/styles.xml": codes})
    assert Product.objects.get().sku == sku


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (number("46024", 1), "took it for a date (2026-01-02)"),
        ('<c t="d"><v>2026-01-02T00:00:00</v></c>', "took it for a date"),
        (number("4006381333931", 2), "does not show all digits"),
        (number("12345678901234567"), "does not show all digits"),
        (number("0.5", 3), "does not show all digits"),
        ("<c><f>A9</f></c>", "formula without a saved value"),
        ('<c t="str"><f>A9</f></c>', "formula without a saved value"),
        ("<c><v>1e</v></c>", "holds no number"),
        ("<c><v>NaN</v></c>", "holds no number"),
        ('<c t="s"><v>99</v></c>', "refers to a text"),
        ('<c t="e"><v>#REF!</v></c>', "error of a formula"),
        ('<c t="inlineStr"><is><t>a_x0000_b</t></is></c>', "no text can have"),
        ('<c t="inlineStr"><is><t>a_xD800_b</t></is></c>', "no text can have"),
    ],
)
def test_what_cannot_be_a_sku_is_refused_by_name(
    tmp_path: Path, cell: str, says: str
) -> None:
    codes = {"xl/styles.xml": styles("yyyy-mm-dd", "0.00E+00", "# ?/?")}
    refused, fine = import_xlsx(tmp_path, row(cell, *MUG[1:]), row(*MUG), parts=codes)
    assert refused[2:4] == ("sku", "failed") and says in refused[4]
    assert fine[1:4] == ("m1", "", "created")


def test_a_price_is_exact_whatever_the_sheet_shows(tmp_path: Path) -> None:
    codes = styles("0", '#,##0.00 "€"')
    rows = [
        row("m1", "Mug", "Kitchen", number("12.5", 1), number("3.0")),
        row("m2", "Mug", "Kitchen", number("1299", 2), number("3")),
        row("m3", "Mug", "Kitchen", number("12.345"), number("3")),
    ]
    *_good, refused = import_xlsx(tmp_path, *rows, parts={"xl/styles.xml": codes})
    assert refused[1:4] == ("m3", "price", "failed")
    prices = Product.objects.order_by("sku").values_list("price", flat=True)
    assert list(prices) == [Decimal("12.5"), Decimal("1299")]


def test_a_price_without_a_saved_value_does_not_keep_the_old_one(
    tmp_path: Path,
) -> None:
    """Silently, as if the cell were empty."""
    new_product("m1", price=Decimal(5))
    cells = ("m1", "Mug", "Kitchen", "<c><f>2*3</f><v></v></c>", number("3"))
    (refused,) = import_xlsx(tmp_path, row(*cells))
    assert refused[2:4] == ("price", "failed") and "save it once" in refused[4]
    assert Product.objects.get().price == 5


def test_an_empty_result_of_a_formula_is_an_empty_cell(tmp_path: Path) -> None:
    new_product("m1", brand="Alba")
    cell = '<c t="str"><f>""</f><v></v></c>'
    write_xlsx(tmp_path / "shop.xlsx", row("sku", "brand"), row("m1", cell))
    assert run_import(tmp_path / "shop.xlsx")["unchanged"] == 1


# Texts


def test_line_breaks_and_escapes_of_a_text_are_read(tmp_path: Path) -> None:
    written = "first_x000D_\nsecond_x000d_third _x005F_x000D_ end"
    write_xlsx(tmp_path / "shop.xlsx", row(*HEAD, "description"), row(*MUG, written))
    run_import(tmp_path / "shop.xlsx")
    text = Product.objects.get().description
    assert text == "first\nsecond\nthird _x000D_ end"


def test_shared_texts_are_read_with_their_runs(tmp_path: Path) -> None:
    shared = (
        f'<sst xmlns="{TRANSITIONAL}"><si><t>Mug</t></si><si><r><t>Big </t></r><r><rPr>'
        "<b/></rPr><t>mug</t></r><rPh><t>magu</t></rPh></si></sst>"
    )
    cell = '<c t="s"><v>1</v></c>'
    parts = {"xl/sharedStrings.xml": shared}
    import_xlsx(tmp_path, row("m1", cell, *MUG[2:]), parts=parts)
    assert Product.objects.get().name == "Big mug"


# Workbooks


def test_strict_open_xml_is_read(tmp_path: Path) -> None:
    import_xlsx(tmp_path, row(*MUG), namespace=STRICT)
    assert Product.objects.get().price == Decimal("9.5")


def test_styles_that_make_no_sense_are_no_damage(tmp_path: Path) -> None:
    odd = f'<styleSheet xmlns="{TRANSITIONAL}"><fills><fill/><fill><x/></fill></fills>'
    odd += '<cellXfs><xf numFmtId="many"/></cellXfs></styleSheet>'
    cells = ("m1", "Mug", "Kitchen", number("9.5", 7), number("3"))
    import_xlsx(tmp_path, row(*cells), parts={"xl/styles.xml": odd})
    assert Product.objects.get().price == Decimal("9.5")


def test_dates_count_from_the_workbooks_own_epoch(tmp_path: Path) -> None:
    cells = ("m1", number("44562", 1), "Kitchen", number("1"), number("3"))
    import_xlsx(
        tmp_path,
        row(*cells),
        parts={"xl/styles.xml": styles("yyyy-mm-dd")},
        properties='<workbookPr date1904="1"/>',
    )
    assert Product.objects.get().name == "2026-01-02"


TWO_SHEETS = (
    '<sheet name="Old" sheetId="1" state="{}" r:id="rId2"/>'
    '<sheet name="Products" sheetId="2" r:id="rId1"/>'
)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_passed_over_and_named(tmp_path: Path, state: str) -> None:
    old = sheet(row(*HEAD), row("old", *MUG[1:]))
    warning, created = import_xlsx(
        tmp_path,
        row(*MUG),
        sheets=TWO_SHEETS.format(state),
        parts={"xl/worksheets/sheet2.xml": old},
    )
    assert warning[3:] == ("warning", "Hidden sheets were passed over: Old.")
    assert created[1] == "m1"


def test_a_cover_sheet_without_columns_is_passed_over_and_named(
    tmp_path: Path,
) -> None:
    warning, created = import_xlsx(
        tmp_path,
        row(*MUG),
        sheets=TWO_SHEETS.format("visible"),
        parts={"xl/worksheets/sheet2.xml": sheet(row("Price list of May"))},
    )
    assert warning[4] == "Other sheets were passed over: Old."
    assert created[1] == "m1"


def test_title_rows_and_gaps_keep_the_numbers_of_rows(tmp_path: Path) -> None:
    title, bad = row("Price list", at="1"), row("m9", at="7")
    rows = [title, row(*HEAD, at="3"), row(*MUG, at="5"), bad]
    report = report_of(write_xlsx(tmp_path / "shop.xlsx", *rows))
    assert [(line[0], line[3]) for line in report if line[2] != "name"] == [
        ("1", "warning"),
        ("5", "created"),
        ("7", "failed"),
        ("7", "failed"),
    ]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (OLE, "old Excel"),
        (zip_of({"xl/workbook.bin": b""}), "binary workbook"),
        (zip_of({"Index/Document.iwa": b""}), "file of Numbers"),
        (zip_of({"word/document.xml": b""}), "Word document"),
        (zip_of({"shop.csv": b"sku"}), "ZIP with “shop.csv” in it"),
        (zip_of({"content.xml": b"", "META-INF/manifest.xml": b"<encryption-data>"}),
         "protected by a password"),
    ],
)  # fmt: skip
def test_other_workbooks_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "shop.xlsx"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run_import(file)


@pytest.mark.parametrize(
    "broken",
    [
        '<row><c t="str"><v>a & b</v></c></row>',
        '<row><c t="str"><v>a\x0bb</v></c></row>',
        '<row><c t="str"><v>a</c></row>',
        '<row><c t="str"><v>a',
        "<row></row></row>",
    ],
)
@pytest.mark.parametrize("namespace", [TRANSITIONAL, STRICT])
def test_a_row_of_broken_xml_is_refused_alone(
    tmp_path: Path, broken: str, namespace: str
) -> None:
    rows = [row("m0", *MUG[1:]), broken, row(*MUG), row("m2", *MUG[1:])]
    report = import_xlsx(tmp_path, *rows, namespace=namespace)
    created = [line[1] for line in report if line[3] == "created"]
    assert created == ["m0", "m1", "m2"]


# OpenDocument

ODS_MUG = ("m1", "Mug", "Kitchen", ods_number("9.5", "9,50 €", "currency"))


def test_ods_is_read_as_it_shows(tmp_path: Path) -> None:
    cells = (ods_number("123", "00123"), *ODS_MUG[1:], ods_number("3", "3"))
    table = ods_table(ods_row(*HEAD), ods_row("", repeated=1_000_000), ods_row(*cells))
    run_import(write_ods(tmp_path / "shop.ods", table))
    mug = Product.objects.get()
    assert (mug.sku, mug.price, mug.stock) == ("00123", Decimal("9.5"), 3)


def test_hidden_tables_of_ods_are_passed_over(tmp_path: Path) -> None:
    style = (
        '<style:style style:name="ta2"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    old = ods_table(ods_row(*HEAD), ods_row("old"), name="Old", style="ta2")
    new = ods_table(ods_row(*HEAD), ods_row(*ODS_MUG))
    run_import(write_ods(tmp_path / "shop.ods", old, new, styles=style))
    assert Product.objects.get().sku == "m1"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ('<table:table-cell table:formula="of:=A1"/>', "without a saved value"),
        ('<table:table-cell office:value-type="date" office:date-value="2026-01-02">'
         "<text:p>2. Jan</text:p></table:table-cell>", "took it for a date"),
        (ods_number("4006381333931", "4.01E+12"), "does not show all digits"),
        (ods_number("x", "x"), "holds no number"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_sku_in_ods_is_refused(
    tmp_path: Path, cell: str, says: str
) -> None:
    table = ods_table(ods_row(*HEAD), ods_row(cell, *ODS_MUG[1:]), ods_row(*ODS_MUG))
    refused, fine = report_of(write_ods(tmp_path / "shop.ods", table))
    assert refused[2:4] == ("sku", "failed") and says in refused[4]
    assert fine[3] == "created"


def test_a_row_that_ods_repeats_is_imported_once(tmp_path: Path) -> None:
    table = ods_table(ods_row(*HEAD), ods_row(*ODS_MUG, repeated=900_000_000))
    created, repeated = report_of(write_ods(tmp_path / "shop.ods", table))
    assert created[3] == "created" and "repeats the row above" in repeated[4]


def test_paragraphs_spaces_and_notes_of_ods(tmp_path: Path) -> None:
    cell = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>note'
        '</text:p></office:annotation><text:p>a<text:s text:c="2"/>b<text:line-break/>c'
        "</text:p><text:p>d</text:p></table:table-cell>"
    )
    table = ods_table(ods_row(*HEAD[:4], "description"), ods_row(*ODS_MUG, cell))
    run_import(write_ods(tmp_path / "shop.ods", table))
    assert Product.objects.get().description == "a  b\nc\nd"
