"""What the API says of the search itself."""

import pytest
from rest_framework.test import APIClient

from catalogue.models import Product
from search.encoders import registry
from search.models import ImageCode
from tests.builders import make_image, new_product
from tests.search.asking import API, PHOTO, a_file, get, open_varied_shop

pytestmark = pytest.mark.database


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(transactional_db: None) -> list[Product]:
    return open_varied_shop(3)


def test_without_a_snapshot_search_says_when_to_come_back(
    client: APIClient, db: None
) -> None:
    product = new_product(images=[0])
    for response in (
        client.post(PHOTO, {"photo": a_file(make_image())}),
        client.get(f"{API}products/{product.pk}/similar/"),
        client.get(f"{API}status/"),
    ):
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert response.json()["code"] == "search_unavailable"
    assert len(get(client, "products/")["results"]) == 1


def test_status_tells_what_waits(client: APIClient, shop: list[Product]) -> None:
    status = get(client, "status/")
    serving = registry.encoder()
    assert status["status"] == "healthy"
    assert status["encoder"] == {
        "name": serving.name,
        "fingerprint": serving.fingerprint,
    }
    assert status["gallery"]["images"] == len(shop)
    assert (status["waiting"], status["failed"]) == (0, 0)
    ImageCode.objects.filter(image__product=shop[0]).delete()
    assert get(client, "status/")["waiting"] == 1
