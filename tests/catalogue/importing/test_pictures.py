"""Pictures of an import, from a folder or a ZIP."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError

from catalogue.importing import zips
from catalogue.models import Product, ProductImage
from tests.builders import make_image, new_product
from tests.catalogue.import_files import (
    HEAD,
    MUG,
    put,
    report_of,
    run_import,
    write_csv,
    zip_of,
)
from tests.pictures.files import ACCEPTED, REFUSED

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    # Pillow warns of what it skips in damaged files; what counts is what comes out.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]


def test_the_first_picture_is_the_main_one(tmp_path: Path) -> None:
    put(tmp_path, a=make_image(1, size=(50, 20)), b=make_image(2, size=(20, 50)))
    run_import(write_csv(tmp_path / "shop.csv", HEAD, MUG + "b.jpg;a.jpg"))
    assert Product.objects.get().main_image.height == 50


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
