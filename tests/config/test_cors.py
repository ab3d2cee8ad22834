"""Pages of other sites may call the API where the shop allows it, and nothing else."""

from typing import Any

import pytest
from django.test import Client

APP = "https://app.example"
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(settings: Any) -> Client:
    settings.CORS_ALLOWED_ORIGINS = [APP]
    return Client()


def preflight(client: Client, origin: str, header: str = "authorization") -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": header,
    }
    return client.options("/api/v1/search/photo/", headers=headers)


@pytest.mark.parametrize(
    "header", ["authorization", "idempotency-key", "x-request-id", "content-type"]
)
def test_an_allowed_site_may_send_what_the_api_takes(
    client: Client, header: str
) -> None:
    answer = preflight(client, APP, header)
    assert answer["Access-Control-Allow-Origin"] == APP
    assert header in answer["Access-Control-Allow-Headers"]
    assert "POST" in answer["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("path", ["products/", "products/?limit=x", "nothing/"])
def test_an_allowed_site_can_read_every_answer(client: Client, path: str) -> None:
    answer = client.get(f"/api/v1/{path}", headers={"Origin": APP})
    assert answer["Access-Control-Allow-Origin"] == APP
    for header in ("ETag", "RateLimit", "Retry-After", "X-Request-ID"):
        assert header in answer["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://app.example", f"{APP}.evil.example", "null", ""],
)
def test_any_other_site_is_told_nothing(client: Client, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(client, origin)
    read = client.get("/api/v1/products/", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in read


def test_pages_of_the_shop_are_for_itself(client: Client) -> None:
    for path in ("/", "/search/"):
        answer = client.get(path, headers={"Origin": APP})
        assert "Access-Control-Allow-Origin" not in answer
