"""A shared folder that is not mounted is noticed before anything is written there."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.test import Client

from catalogue.media.shared_folder import MARKER
from catalogue.media.storing import StorageAway
from catalogue.models import ProductImage
from config.storages.storage import shared_storages
from tests.builders import make_image, new_product
from tests.catalogue.admin_forms import change_url, filled_in, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def mounted(settings: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "mnt"
    url = f"file://{folder}"
    settings.STORAGES = {**settings.STORAGES, **shared_storages(url, "/media/")}
    return folder


def test_a_new_shop_marks_its_folder(mounted: Path) -> None:
    call_command("set_up")
    assert (mounted / MARKER).is_file()
    name = storages["default"].save("a.txt", ContentFile(b"x"))
    assert (mounted / "media" / name).read_bytes() == b"x"


def test_a_folder_with_the_shops_files_is_marked(mounted: Path) -> None:
    call_command("set_up")
    new_product(images=[1])
    (mounted / MARKER).unlink()  # as versions before this one left it
    call_command("set_up")
    assert (mounted / MARKER).is_file()


def test_nothing_is_written_where_it_is_not_mounted(
    mounted: Path, admin_client: Client
) -> None:
    call_command("set_up")
    product = new_product(images=[1])
    mounted.rename(mounted.with_name("elsewhere"))
    mounted.mkdir()  # what is below the mount
    picture = upload("a.jpg", make_image(2))
    form = filled_in(product, new_pictures=picture)
    assert admin_client.post(change_url(product), form).status_code == 503
    assert ProductImage.objects.count() == 1
    for name in ("default", "thumbnails", "snapshots"):
        with pytest.raises(StorageAway, match="not mounted"):
            storages[name].save("a.txt", ContentFile(b"x"))
    with pytest.raises(CommandError, match="Is it mounted"):
        call_command("set_up")
    assert not list(mounted.iterdir())
    assert admin_client.get("/").status_code == 200, "pages go on"


def test_a_picture_is_not_taken_for_lost_meanwhile(
    mounted: Path, client: Client
) -> None:
    call_command("set_up")
    image = new_product(images=[1]).images.get()
    elsewhere = mounted.rename(mounted.with_name("elsewhere"))
    with pytest.raises(StorageAway):
        storages["default"].exists(image.file.name)
    assert client.get(image.file.url).status_code == 404
    elsewhere.rename(mounted)
    response = client.get(image.file.url)
    assert response.status_code == 200
    response.close()
