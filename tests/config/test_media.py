"""Pictures, where gunicorn itself answers `/media/`."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.builders import new_product

pytestmark = pytest.mark.django_db

NAMES = [
    *("x" * 300, "x" * 5000, "a/" * 2000, "%00", "a%00b.jpg", "..%2f..%2fsecret_key"),
    *("%ff%fe", "con/" + "é" * 200, ".", "products", "%E2%80%AE.jpg", "?x", "//etc"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["/media/", "/static/", "/api/v1/encoder/x/"])
def test_a_name_that_no_file_has_is_not_found(
    client: Client, place: str, name: str
) -> None:
    assert client.get(place + name).status_code in (301, 400, 404)


def test_a_picture_is_answered(client: Client) -> None:
    image = new_product(images=[1]).images.get()
    response = client.get(image.file.url)
    content = b"".join(response.streaming_content)
    assert content == Path(settings.MEDIA_ROOT, image.file.name).read_bytes()
