import io
import os
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.importing import importer, zips
from catalogue.management.commands import load_demo
from catalogue.models import Category, Product, ProductImage
from catalogue.signals import images_saved, products_changed
from tests.builders import make_image, new_product
from tests.catalogue.import_files import (
    HEAD,
    report_of,
    run_import,
    write_csv,
    write_xlsx,
    zip_of,
)
from tests.catalogue.pictures import ACCEPTED, REFUSED

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    # Pillow warns of what it skips in damaged files; what counts is what comes out.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]

MUG = "m1,Mug,Kitchen > Mugs,9.50,"


@pytest.fixture
def sent() -> Any:
    """What the catalogue announced: ids of images, and of products."""
    ids: dict[str, list[int]] = {"images": [], "products": []}

    def note_images(image_ids: list[int], **kwargs: Any) -> None:
        ids["images"] += image_ids

    def note_products(product_ids: list[int], **kwargs: Any) -> None:
        ids["products"] += product_ids

    images_saved.connect(note_images)
    products_changed.connect(note_products)
    yield ids
    images_saved.disconnect(note_images)
    products_changed.disconnect(note_products)


def stored_files() -> set[str]:
    root = Path(default_storage.location)
    return {str(path) for path in root.rglob("*") if path.is_file()}


def put(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / f"{name}.jpg").write_bytes(content)


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


def test_the_first_picture_is_the_main_one(tmp_path: Path) -> None:
    put(tmp_path, a=make_image(1, size=(50, 20)), b=make_image(2, size=(20, 50)))
    run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG + "b.jpg;a.jpg"))
    assert Product.objects.get().main_image.height == 50


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
    "price": ["1.234,50", "-1", "NaN", "inf", "1e3", "12345678901.00", "1.999", "€5"],
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


def test_the_line_is_the_one_that_an_editor_shows(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "shop.csv",
        HEAD + ",description",
        MUG + ',"two\nlines"',
        "",
        "m2,Mug,Kitchen,cheap,,",
    )
    assert [row[0] for row in report_of(file)] == ["2", "5"]


def test_a_sku_that_comes_twice_is_reported_the_second_time(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG, "m1,Other,Kitchen,1,")
    (_first, second) = report_of(file)
    assert second[:4] == ("3", "m1", "sku", "failed") and "line 2" in second[4]
    assert Product.objects.get().name == "Mug"


def test_a_row_without_sku_is_reported(tmp_path: Path) -> None:
    (row,) = report_of(write_csv(tmp_path / "shop.csv", HEAD, ",Mug,Kitchen,1,"))
    assert row[:4] == ("2", "", "sku", "failed")


def test_unknown_columns_are_reported_and_left_out(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD + ",weight", MUG + ",300 g")
    warning, row = report_of(file)
    assert warning[:4] == ("1", "", "weight", "warning")
    assert row[3] == "created"


def test_a_row_with_more_cells_than_columns_is_reported(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, "m1,Mug, large,Kitchen,1,a.jpg", MUG)
    assert [row[3] for row in report_of(file)] == ["failed", "created"]


def test_a_quote_that_is_never_closed_is_reported_where_it_opens(
    tmp_path: Path,
) -> None:
    file = write_csv(
        tmp_path / "shop.csv", HEAD, MUG, 'm2,"Cup,Kitchen,1,', "m3,C,K,1,"
    )
    assert [(row[0], row[3]) for row in report_of(file)] == [
        ("2", "created"),
        ("3", "failed"),
    ]


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
        ("sku,name\nm1,Käse\n".encode("latin-1"), "UTF-8"),
        ("sku,name\nm1,Käse\n".encode("utf-16"), "UTF-8"),
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


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_picture_is_reported_and_its_product_left_alone(
    tmp_path: Path, name: str
) -> None:
    product = new_product("m1", name="Old", images=[9])
    before = set(product.images.values_list("pk", "digest"))
    put(tmp_path, good=make_image(1), bad=REFUSED[name][0])
    rows = ["m1,New,Kitchen,1,good.jpg;bad.jpg", "m2,Cup,Kitchen,1,good.jpg"]
    failed, created = report_of(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    assert failed[:4] == ("2", "m1", "images", "failed")
    assert failed[4].startswith("bad.jpg: ")
    assert created[3] == "created"
    product.refresh_from_db()
    assert product.name == "Old"
    assert set(product.images.values_list("pk", "digest")) == before
    assert ProductImage.objects.count() == 2


def test_odd_pictures_are_imported(tmp_path: Path) -> None:
    for number, content in enumerate(ACCEPTED.values()):
        (tmp_path / f"{number}.png").write_bytes(content)
    names = ";".join(f"{number}.png" for number in range(len(ACCEPTED)))
    run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG + names))
    images = ProductImage.objects.all()
    assert len(images) == len(ACCEPTED)
    for image in images:
        content = image.file.open().read()
        assert b"script" not in content and b"Exif" not in content
        image.file.close()


def test_pictures_are_replaced_reordered_and_removed_as_the_list_says(
    tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    put(tmp_path, a=make_image(1), b=make_image(2), c=make_image(3))
    file = tmp_path / "shop.csv"
    with django_capture_on_commit_callbacks(execute=True):
        run_import(write_csv(file, HEAD, MUG + "a.jpg;b.jpg"))
    first, second = Product.objects.get().images.all()
    with django_capture_on_commit_callbacks(execute=True):
        assert run_import(write_csv(file, HEAD, MUG + "b.jpg;c.jpg"))["updated"] == 1
    kept, new = Product.objects.get().images.all()
    assert kept == second and kept.digest == second.digest
    assert new.pk not in (first.pk, second.pk)
    assert not default_storage.exists(first.file.name)
    assert default_storage.exists(second.file.name)


def test_new_pictures_are_announced_in_batches(
    tmp_path: Path, sent: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    put(tmp_path, a=make_image(1), b=make_image(2))
    with django_capture_on_commit_callbacks(execute=True):
        run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG + "a.jpg;b.jpg"))
    assert sent["images"] == list(ProductImage.objects.values_list("pk", flat=True))


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


PATHS_OUT = [
    "../secret.jpg",
    "/etc/hostname",
    "a/../../secret.jpg",
    "..\\secret.jpg",
    "C:/secret.jpg",
    "c:secret.jpg",
]


@pytest.mark.parametrize("path", [*PATHS_OUT, "link.jpg", "linked/secret.jpg"])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(make_image(1))
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "linked").symlink_to(tmp_path)
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG + path)
    (failed,) = report_of(file, images=folder)
    assert failed[2:4] == ("images", "failed") and "leaves" in failed[4]


def test_devices_and_folders_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    rows = report_of(write_csv(tmp_path / "shop.csv", HEAD, MUG + "folder;pipe;."))
    assert len(rows) == 3
    assert all("no such file" in row[4] for row in rows)


def test_pictures_come_from_a_zip(tmp_path: Path) -> None:
    images = tmp_path / "images.zip"
    files = {"top/a.jpg": make_image(1), "top/ü/b.jpg": make_image(2)}
    images.write_bytes(zip_of({**files, "__MACOSX/top/._a.jpg": b"x"}))
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG + "top/a.jpg;u\u0308/b.jpg")
    run_import(file, images=images)
    assert ProductImage.objects.count() == 2


@pytest.mark.parametrize("path", PATHS_OUT)
def test_no_path_leaves_the_zip(tmp_path: Path, path: str) -> None:
    images = tmp_path / "images.zip"
    images.write_bytes(zip_of({path: make_image(1)}))
    (failed,) = report_of(
        write_csv(tmp_path / "shop.csv", HEAD, MUG + path), images=images
    )
    assert "leaves" in failed[4]


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    images = tmp_path / "images.zip"
    images.write_bytes(zip_of({"a.jpg": bytes(60_000_000)}))
    with pytest.raises(CommandError, match="unpacks to more"):
        run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG), images=images)


def test_a_zip_with_too_many_entries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tmp_path / "images.zip"
    images.write_bytes(zip_of({f"{number}.jpg": b"" for number in range(400)}))
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG)
    for limit in (399, 10):  # the second is seen before the entries are read
        monkeypatch.setattr(zips, "MAX_ENTRIES", limit)
        with pytest.raises(CommandError, match="too many entries"):
            run_import(file, images=images)


def test_an_entry_that_states_a_wrong_size_is_reported(
    tmp_path: Path, settings
) -> None:
    content = zip_of(
        {"a.jpg": make_image(1) + bytes(3 * 2**20), "b.jpg": make_image(2)}
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("a.jpg").file_size.to_bytes(4, "little")
    (tmp_path / "images.zip").write_bytes(content.replace(size, b"\x10\0\0\0"))
    rows = [MUG + "a.jpg", "m2,Cup,Kitchen,1,b.jpg"]
    failed, created = report_of(
        write_csv(tmp_path / "shop.csv", HEAD, *rows), images=tmp_path / "images.zip"
    )
    assert failed[2:4] == ("images", "failed")
    assert created[3] == "created"


def test_a_picture_over_the_limit_is_reported(tmp_path: Path, settings) -> None:
    settings.MAX_PHOTO_BYTES = 2**20
    (tmp_path / "images.zip").write_bytes(zip_of({"a.jpg": bytes(range(256)) * 5000}))
    (failed,) = report_of(
        write_csv(tmp_path / "shop.csv", HEAD, MUG + "a.jpg"),
        images=tmp_path / "images.zip",
    )
    assert "larger than 1 MB" in failed[4]


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


def test_the_demo_fills_only_an_empty_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    (tmp_path / "images").mkdir()
    put(tmp_path / "images", a=make_image(1))
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG + "a.jpg")
    for _ in range(2):
        call_command("load_demo", stdout=io.StringIO())
    assert ProductImage.objects.count() == 1
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG, "m2,Cup,Kitchen,1,")
    call_command("load_demo", force=True, stdout=io.StringIO())
    assert Product.objects.count() == 2


def test_a_missing_demo_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    with pytest.raises(CommandError, match=r"catalogue\.csv is missing"):
        call_command("load_demo")


def test_the_command_says_what_became_of_the_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, MUG, "m2,Cup,Kitchen,cheap,")
    call_command("import_catalogue", file)
    said = capsys.readouterr()
    assert said.out == "2 rows: 1 created, 1 failed.\n"
    assert "line 3, m2, price: Write the price as 1234.50" in said.err
