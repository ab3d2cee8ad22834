"""Rows of an import: what they write, keep, report and hide."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.importing import importer
from catalogue.models import Category, Product, ProductImage
from tests.builders import make_image, new_product
from tests.catalogue.import_files import (
    HEAD,
    MUG,
    put,
    report_of,
    run_import,
    stored_files,
    write_csv,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    # Pillow warns of what it skips in damaged files; what counts is what comes out.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]


def test_a_file_fills_the_catalogue(tmp_path: Path) -> None:
    put(tmp_path, a=make_image(1), b=make_image(2))
    file = write_csv(
        tmp_path / "shop.csv",
        "sku,name,category,brand,colour,price,stock,description,images,active",
        'm1,Big mug,Kitchen > Mugs,Alba,blue,9.50,7,"Holds\na lot",b.jpg; a.jpg,yes',
        "m2,马克杯,Kitchen > Mugs,,,12,,,,no",
    )
    assert run_import(file)["created"] == 2
    mug, second = Product.objects.order_by("sku")
    assert (mug.name, mug.brand, mug.colour, mug.stock) == (
        "Big mug",
        "Alba",
        "blue",
        7,
    )
    assert mug.price == Decimal("9.50") and mug.description == "Holds\na lot"
    assert mug.category.name == "Mugs"
    assert [image.position for image in mug.images.all()] == [0, 1]
    assert (second.name, second.stock, second.active) == ("马克杯", 0, False)
    assert Category.objects.count() == 2


def test_the_same_file_again_writes_nothing(tmp_path: Path, sent: Any) -> None:
    put(tmp_path, a=make_image(1))
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG + "a.jpg")
    run_import(file)
    files, product = stored_files(), Product.objects.values().get()
    sent["images"].clear()
    with CaptureQueriesContext(connection) as queries:
        assert run_import(file)["unchanged"] == 1
    assert stored_files() == files
    assert Product.objects.values().get() == product
    assert sent == {"images": [], "products": []}
    assert not [q for q in queries if "UPDATE" in q["sql"] or "INSERT" in q["sql"]]


def test_a_missing_column_keeps_what_is_stored(tmp_path: Path, sent: Any) -> None:
    new_product("m1", name="Mug", brand="Alba", images=[1])
    run_import(write_csv(tmp_path / "stock.csv", "sku,price,stock", "m1,3.25,12"))
    mug = Product.objects.get()
    assert (mug.name, mug.brand, mug.price, mug.stock) == (
        "Mug", "Alba", Decimal("3.25"), 12,
    )  # fmt: skip
    assert mug.images.count() == 1
    assert sent["products"] == [mug.pk]


def test_an_empty_cell_keeps_what_is_stored(tmp_path: Path) -> None:
    new_product("m1", name="Mug", brand="Alba", stock=4, images=[1])
    file = write_csv(
        tmp_path / "shop.csv", "sku,name,brand,stock,images,active", "m1,Cup,,,,"
    )
    run_import(file)
    mug = Product.objects.get()
    assert (mug.name, mug.slug, mug.brand, mug.stock) == ("Cup", "cup", "Alba", 4)
    assert mug.images.count() == 1


def test_a_dash_empties(tmp_path: Path) -> None:
    new_product("m1", brand="Alba", description="Old", images=[1])
    run_import(
        write_csv(tmp_path / "shop.csv", "sku,brand,description,images", "m1,-,-,-")
    )
    mug = Product.objects.get()
    assert (mug.brand, mug.description, mug.images.count()) == ("", "", 0)


def test_a_stock_file_encodes_nothing_and_asks_little(
    tmp_path: Path, sent: Any
) -> None:
    for number in range(60):
        new_product(f"n{number}", images=[number] if number < 3 else [])
    sent["images"].clear()
    rows = [f"n{number},{number}.5,{number + 100}" for number in range(60)]
    file = write_csv(tmp_path / "stock.csv", "sku,price,stock", *rows)
    with CaptureQueriesContext(connection) as queries:
        assert run_import(file)["updated"] == 60
    assert sent["images"] == []
    assert len(sent["products"]) == 60
    selects = [q for q in queries if q["sql"].startswith("SELECT")]
    assert len(selects) < 8


BAD_CELLS = {
    "price": ["1,234", "-1", "NaN", "inf", "1e3", "12345678901.00", "1.999", "$5"],
    "stock": ["-1", "1.5", "many", "99999999999999999999", "²"],
    "active": ["perhaps"],
    "name": ["x" * 201],
    "brand": ["x" * 101],
    "colour": ["x" * 51],
    "category": ["Kitchen >", " > Mugs", "y" * 101, ">".join("abcdefghijk")],
    "sku": ["s" * 65],
    "images": ["gone.jpg", ";".join(f"{n}.jpg" for n in range(31))],
}


@pytest.mark.parametrize(
    ("column", "cell"), [(name, cell) for name in BAD_CELLS for cell in BAD_CELLS[name]]
)
def test_a_bad_cell_is_reported_and_the_other_rows_are_imported(
    tmp_path: Path, column: str, cell: str
) -> None:
    columns = ["sku", "price", "stock", *set(BAD_CELLS) - {"sku", "price", "stock"}]
    bad = {**dict.fromkeys(columns, ""), "sku": "b1", "price": "1"}
    bad |= {"name": "Bad", "category": "Things"}
    good = {**bad, "sku": "g1", "name": "Good"}
    bad[column] = cell
    lines = [",".join(f'"{row[name]}"' for name in columns) for row in (bad, good)]
    report = report_of(write_csv(tmp_path / "shop.csv", ",".join(columns), *lines))
    (line, sku, where, outcome, reason), fine = report
    assert (line, sku, where, outcome) == ("2", bad["sku"], column, "failed")
    assert reason
    assert fine[:4] == ("3", "g1", "", "created")
    assert [product.sku for product in Product.objects.all()] == ["g1"]


def test_every_mistake_of_a_row_is_reported_at_once(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "shop.csv", "sku,name,price,images", "m1,,cheap,no.jpg;none.jpg"
    )
    columns = [row[2] for row in report_of(file)]
    assert sorted(columns) == ["category", "images", "images", "name", "price"]


def test_a_sku_that_comes_twice_is_reported_the_second_time(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG, "m1,Other,Kitchen,1,")
    (_first, second) = report_of(file)
    assert second[:4] == ("3", "m1", "sku", "failed") and "line 2" in second[4]
    assert Product.objects.get().name == "Mug"


def test_a_row_without_sku_is_reported(tmp_path: Path) -> None:
    (row,) = report_of(write_csv(tmp_path / "shop.csv", HEAD, ",Mug,Kitchen,1,"))
    assert row[:4] == ("2", "", "sku", "failed")


def test_a_product_is_never_half_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, a=make_image(1), b=make_image(2))
    save, calls = ProductImage.save, []

    def save_once(image: ProductImage, *args: Any, **kwargs: Any) -> None:
        calls.append(image)
        save(image, *args, **kwargs)
        if len(calls) % 2 == 0:
            raise OSError("No space left on device")

    monkeypatch.setattr(ProductImage, "save", save_once)
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG + "a.jpg;b.jpg")
    (failed,) = report_of(file)
    assert failed[3] == "failed" and "No space left" in failed[4]
    assert not Product.objects.exists() and not ProductImage.objects.exists()
    assert not Category.objects.exists()
    assert stored_files() == set()


def test_a_dry_run_reports_all_and_writes_nothing(tmp_path: Path, sent: Any) -> None:
    new_product("m1", name="Old")
    put(tmp_path, a=make_image(1), bad=b"none")
    rows = ["m1,New,Things,1,a.jpg", "m2,C,New > Kind,1,a.jpg", "m3,D,K,1,bad.jpg"]
    file = write_csv(tmp_path / "shop.csv", HEAD, *rows)
    summary = run_import(file, dry_run=True, deactivate_missing=True)
    assert (summary["created"], summary["updated"], summary["failed"]) == (1, 1, 1)
    assert Product.objects.get().name == "Old"
    assert not ProductImage.objects.exists()
    assert Category.objects.count() == 1
    assert stored_files() == set() and not sent["images"] and not sent["products"]


def ten_products(*, but: int) -> list[str]:
    for number in range(10):
        new_product(f"n{number}")
    return [f"n{number}" for number in range(10 - but)]


def test_products_that_are_not_in_the_file_can_be_hidden(
    tmp_path: Path, sent: Any
) -> None:
    file = write_csv(tmp_path / "shop.csv", "sku", *ten_products(but=2))
    assert run_import(file, deactivate_missing=True)["deactivated"] == 2
    hidden = Product.objects.filter(active=False)
    assert {product.sku for product in hidden} == {"n8", "n9"}
    assert set(sent["products"]) == {product.pk for product in hidden}


def test_hiding_is_refused_above_a_fifth(tmp_path: Path) -> None:
    new = [f"new{number}" for number in range(20)]
    lines = [f"{sku},Name,Things,1" for sku in [*ten_products(but=3), *new]]
    file = write_csv(tmp_path / "shop.csv", "sku,name,category,price", *lines)
    with pytest.raises(CommandError, match="3 of 10 active products"):
        run_import(file, deactivate_missing=True)
    assert not Product.objects.filter(active=False).exists()
    assert Product.objects.count() == 30


def test_hiding_is_refused_where_a_sku_could_not_be_read(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "shop.csv",
        "sku,stock",
        *(f"{s},1" for s in ten_products(but=1)),
        ",5",
    )
    with pytest.raises(CommandError, match="SKU of 1 rows is unknown"):
        run_import(file, deactivate_missing=True)
    assert not Product.objects.filter(active=False).exists()


def test_a_row_with_a_mistake_still_names_its_product(tmp_path: Path) -> None:
    new_product("m1")
    file = write_csv(tmp_path / "shop.csv", "sku,price", "m1,cheap")
    assert run_import(file, deactivate_missing=True)["deactivated"] == 0


def test_a_product_made_meanwhile_by_another_is_updated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look-up and the write."""
    look_up = importer._stored

    def look_up_too_early(*args: Any) -> dict[str, Product]:
        found = look_up(*args)
        if not Product.objects.exists():
            new_product("m1", name="Theirs")
        return found

    monkeypatch.setattr(importer, "_stored", look_up_too_early)
    assert run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG))["updated"] == 1
    assert Product.objects.get().name == "Mug"


def test_the_command_says_what_became_of_the_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG, "m2,Cup,Kitchen,cheap,")
    call_command("import_catalogue", file)
    said = capsys.readouterr()
    assert said.out == "2 rows: 1 created, 1 failed.\n"
    assert "line 3, m2, price: Write the price as 1234.50" in said.err
