"""One picture of which no thumbnail can be made takes nothing else down."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from catalogue.media import thumbnails
from catalogue.models import ProductImage
from tests.builders import make_image, new_product
from tests.pictures.files import saved

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("size", [(8, 20_000), (20_000, 8)])
def test_a_picture_of_extreme_shape_has_thumbnails(size: tuple[int, int]) -> None:
    product = new_product(images=[make_image(1, size=size, format="PNG")])
    image = product.images.get()
    for thumbnail in (image.card, image.large):
        assert thumbnails.url_of(thumbnail)
        with Image.open(thumbnail.storage.path(thumbnail.name)) as made:
            assert min(made.size) > 0


# As an earlier version stored it, and as a disk returns what it has lost.
UNUSABLE = {
    "one pixel wide": saved(Image.new("RGB", (1, 2000)), "JPEG"),
    "cut off": make_image(1, size=(900, 900))[:3000],
    "no picture": b"\0" * 500,
    "a damaged profile": make_image(1, format="PNG").replace(b"IDAT", b"iCCP"),
}


def stored_as_it_is(content: bytes) -> ProductImage:
    image = new_product(images=[1], name="Odd one").images.get()
    Path(image.file.path).write_bytes(content)
    return image


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_page_leaves_out_a_picture_that_cannot_be_made_smaller(
    client: Client, name: str
) -> None:
    image = stored_as_it_is(UNUSABLE[name])
    whole = new_product(images=[2], name="Whole one")
    for _ in range(2):  # the second time would show an address without a file
        for path in ("/", "/api/v1/products/", image.product.get_absolute_url()):
            page = client.get(path)
            assert page.status_code == 200
            assert Path(image.file.name).stem not in page.content.decode()
    assert Path(whole.images.get().file.name).stem in client.get("/").content.decode()


def test_making_thumbnails_passes_over_what_has_none() -> None:
    image = stored_as_it_is(UNUSABLE["cut off"])
    image.make_thumbnails()
    assert not thumbnails.url_of(image.card)


def test_a_picture_that_is_whole_again_gets_its_thumbnail() -> None:
    image = stored_as_it_is(UNUSABLE["cut off"])
    assert not thumbnails.card_url(image.file.name)
    image.file.storage.delete(image.file.name)
    image.file.storage.save(image.file.name, ContentFile(make_image(3)))
    assert thumbnails.card_url(image.file.name)
