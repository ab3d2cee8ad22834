"""The search's API in a shop that has just changed."""

from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from rest_framework.test import APIClient

from catalogue.models import Product
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product
from tests.search.asking import API, get, open_varied_shop, post_photo, skus

pytestmark = pytest.mark.database


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(transactional_db: None) -> list[Product]:
    """Commit a shop: PostgreSQL cannot see all of a running transaction."""
    return open_varied_shop()


def test_thumbnails_are_there_and_of_the_stated_size(
    client: APIClient, db: None
) -> None:
    for seed, size in enumerate([(240, 100), (37, 301), (640, 480)]):
        new_product(images=[make_image(seed, size=size)])
    encoding.encode_missing()
    snapshots.build()
    _, answer = post_photo(client)
    for found in answer["results"]:
        image = found["product"]["image"]
        name = image["url"].removeprefix("http://testserver/media/")
        with Image.open(Path(settings.MEDIA_ROOT) / name) as thumbnail:
            assert thumbnail.size == (image["width"], image["height"])


def test_a_hidden_product_is_left_out_at_once(
    client: APIClient, shop: list[Product]
) -> None:
    shop[6].active = False
    shop[6].save()
    _, answer = post_photo(client, 6)
    assert "p6" not in skus(answer["results"])
    assert answer["gallery"]["pending"] == 1
    assert answer["gallery"]["images"] == len(shop) - 1


def test_products_like_one_leave_it_out(client: APIClient, shop: list[Product]) -> None:
    twin = new_product("twin", images=[3])
    encoding.encode_missing()
    like = get(client, f"products/{shop[3].pk}/similar/", {"limit": 4})
    assert like["count"] == len(like["results"]) == 4
    assert skus(like["results"])[0] == twin.sku
    assert "p3" not in skus(like["results"])
    red = get(client, f"products/{shop[3].pk}/similar/", {"colour": "red"})
    assert {found["product"]["colour"] for found in red["results"]} == {"red"}


def test_what_is_not_on_sale_has_nothing_like_it(
    client: APIClient, shop: list[Product]
) -> None:
    shop[3].active = False
    shop[3].save()
    for pk in (shop[3].pk, 0, 10**30):
        response = client.get(f"{API}products/{pk}/similar/")
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"
