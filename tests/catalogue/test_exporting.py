"""The shop's pictures as a set to train on."""

import io
import os
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalogue.export.training_images import COLUMNS, split_of
from hashing.picture_sets import PictureSet
from tests.builders import make_image, new_product

pytestmark = pytest.mark.django_db


def exported(folder: Path) -> PictureSet:
    call_command("export_training_images", str(folder), stdout=io.StringIO())
    return PictureSet.parse(str(folder))


def test_a_set_names_every_picture_with_its_labels(tmp_path: Path) -> None:
    lamp = new_product("l1", images=[1, 2], category="Home > Lamps")
    hidden = new_product("h1", images=[3], active=False)
    found = exported(tmp_path / "set")
    assert tuple(found.rows[0].columns) == COLUMNS
    assert found.column("fine_label") == ["l1", "l1", "h1"]
    assert found.column("coarse_label") == ["Home > Lamps", "Home > Lamps", "Things"]
    assert found.column("product_id") == [str(lamp.pk)] * 2 + [str(hidden.pk)]
    assert {*found.column("kind")} == {"catalogue"}
    assert [picture.size for picture in found.pictures()] == [(240, 240)] * 3


@pytest.mark.parametrize("can_link", [True, False])
def test_files_are_linked_where_that_can_be_else_copied(can_link: bool) -> None:
    image = new_product(images=[1]).images.get()
    beside = settings.MEDIA_ROOT / "set"  # on the same disk, for links
    refuses = {} if can_link else {"side_effect": OSError}
    with patch("catalogue.export.training_images.os.link", wraps=os.link, **refuses):
        (row,) = exported(beside).rows
    written = beside / row.path
    assert written.read_bytes() == Path(image.file.path).read_bytes()
    assert written.samefile(image.file.path) == can_link


def test_all_pictures_of_a_product_are_on_one_side_and_stay_there() -> None:
    sides = [split_of(number) for number in range(2000)]
    assert 0.12 < sides.count("val") / 2000 < 0.18
    assert sides == [split_of(number) for number in range(2000)]


def test_again_brings_the_set_up_to_date(tmp_path: Path) -> None:
    product = new_product(images=[1, 2])
    before = exported(tmp_path)
    first, second = product.images.all()
    first.set_file(io.BytesIO(make_image(7)))
    first.save()
    second.delete()
    (row,) = exported(tmp_path).rows
    assert row.path not in {old.path for old in before.rows}
    assert (tmp_path / row.path).read_bytes() == Path(first.file.path).read_bytes()


def test_a_lost_file_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = new_product(images=[1]).images.get()
    new_product(images=[2])
    Path(lost.file.path).unlink()
    assert len(exported(tmp_path).rows) == 1
    assert str(lost.file.name) in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.partial"))


def test_photos_of_products_go_in_by_sku_and_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lamp = new_product("l1", images=[1], category="Home > Lamps")
    for sku in ("l1", "x9"):
        (tmp_path / "taken" / sku).mkdir(parents=True)
        (tmp_path / "taken" / sku / "a.JPG").write_bytes(make_image(5))
    (tmp_path / "taken" / "l1" / "notes.txt").write_text("blurred")
    told = io.StringIO()
    folder, taken = tmp_path / "set", tmp_path / "taken"
    call_command("export_training_images", folder, photos=taken, stdout=told)
    found = PictureSet.parse(str(folder))
    assert found.column("kind") == ["catalogue", "photo"]
    assert found.column("product_id") == [str(lamp.pk)] * 2
    assert found.rows[1].columns["coarse_label"] == "Home > Lamps"
    assert (folder / found.rows[1].path).read_bytes() == make_image(5)
    assert lamp.images.count() == 1
    assert "1 pictures and 1 photos" in told.getvalue()
    assert "no product has this SKU" in capsys.readouterr().err


def test_photos_that_are_nowhere_are_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder of photos"):
        call_command("export_training_images", tmp_path, photos=tmp_path / "none")


def test_a_place_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        exported(tmp_path / "file")
