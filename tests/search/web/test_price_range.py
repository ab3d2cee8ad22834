"""A price range the wrong way round: said at the field, and the results stay."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from catalogue.models import Product
from tests.builders import make_image
from tests.search.asking import get, post_photo
from tests.search.shops import names, open_shop, send

pytestmark = pytest.mark.django_db

WRONG = {"min_price": "9", "max_price": "3"}
MESSAGE = "This is less than the lowest price."


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


def assert_told_beside_results(response: Any, right: Any) -> None:
    content = response.content.decode()
    assert response.status_code == 200
    assert names(response) == names(right), "all results, none by price"
    assert content.count(MESSAGE) == 1
    assert 'aria-describedby="price-problem"' in content
    assert 'name="min_price" id="min-price"' in content
    assert 'value="9"' in content and 'value="3"' in content, "as they were typed"


def test_the_results_of_a_photo_stay(client: Client, shop: list[Product]) -> None:
    right = send(client, make_image(0))
    link = {"query": right.context["page"].answer.query}
    assert_told_beside_results(client.get("/search/", {**link, **WRONG}), right)


def test_a_photo_that_is_sent_with_it_is_searched_with(
    client: Client, shop: list[Product]
) -> None:
    right = send(client, make_image(0))
    assert_told_beside_results(send(client, make_image(0), **WRONG), right)


def test_the_results_of_words_stay(client: Client, shop: list[Product]) -> None:
    right = client.get("/search/", {"q": "mug"})
    assert_told_beside_results(client.get("/search/", {"q": "mug", **WRONG}), right)


def test_other_mistakes_are_still_refused(client: Client, shop: list[Product]) -> None:
    response = client.get("/search/", {"q": "mug", "min_price": "x", "max_price": "1"})
    assert response.status_code == 400


def test_a_program_is_told_the_field_and_can_ask_its_query_again(
    shop: list[Product],
) -> None:
    client = APIClient()
    _, answer = post_photo(client)
    link = {"query": answer["query"]}
    refused = client.get("/api/v1/search/", {**link, **WRONG})
    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == ["max_price"]
    assert get(client, "search/", link)["results"] == answer["results"]
