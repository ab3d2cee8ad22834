"""A Redis that is full refuses every write: nothing of the shop fails by it."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from access import throttles
from search.encoders import encoding
from tests.builders import new_product
from tests.servers import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def full(broker: RedisServer, settings: Any) -> Iterator[None]:
    settings.REDIS_URL = broker.url
    with redis.Redis(port=broker.port) as client:
        client.config_set("maxmemory", 1)
        client.config_set("maxmemory-policy", "noeviction")
        with pytest.raises(redis.ResponseError, match="maxmemory"):
            client.set("key", "value")
    yield
    throttles.reset()


@pytest.mark.usefixtures("full")
def test_a_picture_is_saved_and_found_by_the_sweep() -> None:
    image = new_product(images=[1]).images.get()
    assert list(encoding.waiting_images()) == [image]
    assert encoding.encode_missing() == 1


@pytest.mark.usefixtures("full")
def test_the_api_counts_in_its_own_process(client: Client, settings: Any) -> None:
    settings.API_RATE_ANONYMOUS = "3/minute"
    statuses = [client.get("/api/v1/categories/").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
