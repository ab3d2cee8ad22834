"""The search's API, as programs use it."""

import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from rest_framework.serializers import Serializer
from rest_framework.test import APIClient, APIRequestFactory

from catalogue.models import Product
from search.answers import query
from search.answers.similar import similar_to_photo
from search.encoders import registry
from search.web.serializers import (
    CategoryCountSerializer,
    ResultSerializer,
    WordCountSerializer,
)
from search.words import categories
from tests.builders import draw_picture
from tests.search.asking import (
    API,
    get,
    post_photo,
    skus,
)

pytestmark = pytest.mark.database


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(standing_shop: list[Product]) -> list[Product]:
    return standing_shop


def test_a_photo_finds_its_product(client: APIClient, shop: list[Product]) -> None:
    for number in (0, 5, 11):
        status, answer = post_photo(client, number)
        assert status == 200
        assert skus(answer["results"])[0] == f"p{number}"
        assert answer["match"] == answer["results"][0]["match"] != "none"


def test_an_answer_has_the_documented_fields(
    client: APIClient, shop: list[Product]
) -> None:
    _, answer = post_photo(client, 3, limit=2)
    assert list(answer) == [
        *("query", "match", "count", "next", "took_ms", "stages", "boxes"),
        *("category", "words", "filters", "facets", "gallery", "results"),
    ]
    assert set(answer["stages"]) == {"decode", "encode", "search", "fetch", "facets"}
    assert answer["took_ms"] >= sum(answer["stages"].values()) - 0.1
    assert answer["gallery"]["images"] == answer["count"] == len(shop)
    assert answer["gallery"]["pending"] == 0
    found = answer["results"][0]
    assert set(found) == {"product", "image_id", "distance", "similarity", "match"}
    product = shop[3]
    image = product.main_image
    assert image is not None
    assert found["image_id"] == image.pk
    assert found["distance"] <= 30
    shown = found["product"]
    assert shown.pop("image").keys() == {"url", "width", "height"}
    assert shown == {
        "id": product.pk,
        "sku": "p3",
        "name": "Product p3",
        "url": f"http://testserver/product/{product.pk}/product-p3/",
        "category": {"slug": "home", "name": "Home"},
        "brand": "Borea",
        "colour": "blue",
        "price": "3.50",
        "currency": "EUR",
        "in_stock": True,
    }


def test_results_and_counts_are_told_as_their_fields_say(shop: list[Product]) -> None:
    answer = similar_to_photo(draw_picture(0))
    request = APIRequestFactory().get("/")
    for kind, told in (
        (ResultSerializer, answer.results[0]),
        (WordCountSerializer, answer.facets.words["brand"][0]),
        (CategoryCountSerializer, answer.facets.category[0]),
    ):
        shown = kind(told, context={"request": request})
        assert shown.data == Serializer.to_representation(shown, told)


def test_pages_do_not_overlap_and_are_the_whole(
    client: APIClient, shop: list[Product]
) -> None:
    _, whole = post_photo(client, 4, limit=50)
    assert whole["next"] is None
    _, page = post_photo(client, 4, limit=5)
    paged = skus(page["results"])
    while page["next"]:
        page = get(client, page["next"])
        paged += skus(page["results"])
    assert paged == skus(whole["results"])
    assert len(paged) == len(set(paged)) == len(shop)


def test_a_page_may_be_asked_with_the_photo(
    client: APIClient, shop: list[Product]
) -> None:
    _, first = post_photo(client, 4, limit=5)
    _, second = post_photo(client, 4, limit=5, page=2)
    assert skus(get(client, first["next"])["results"]) == skus(second["results"])


FILTERS: list[tuple[dict[str, Any], Callable[[Product], bool]]] = [
    ({"category": "home"}, lambda p: p.category.slug in ("home", "lamps")),
    ({"category": "lamps"}, lambda p: p.category.slug == "lamps"),
    ({"min_price": "1.5", "max_price": "3.50"}, lambda p: 1.5 <= p.price <= 3.5),
    ({"brand": "alba"}, lambda p: p.brand == "Alba"),
    ({"brand": ["Alba", "BOREA"]}, lambda p: bool(p.brand)),
    ({"colour": "red"}, lambda p: p.colour == "red"),
    ({"colour": ["red", "green"]}, lambda p: p.colour == "red"),
    ({"in_stock": "true"}, lambda p: p.stock > 0),
    (
        {"category": "home", "in_stock": "1", "colour": "blue", "max_price": "5"},
        lambda p: (
            p.category.slug != "garden"
            and p.stock > 0
            and p.colour == "blue"
            and p.price <= Decimal(5)
        ),
    ),
    ({"brand": "nobody"}, lambda p: False),
]


@pytest.mark.parametrize(("filters", "fits"), FILTERS)
def test_filters_answer_what_a_filter_over_all_does(
    client: APIClient,
    shop: list[Product],
    filters: dict[str, Any],
    fits: Callable[[Product], bool],
) -> None:
    _, everything = post_photo(client, 7, limit=50)
    by_sku = {product.sku: product for product in shop}
    expected = [sku for sku in skus(everything["results"]) if fits(by_sku[sku])]
    _, posted = post_photo(client, 7, limit=50, **filters)
    assert skus(posted["results"]) == expected
    asked_again = {"query": everything["query"], "limit": 50, **filters}
    assert skus(get(client, "search/", asked_again)["results"]) == expected
    listed = get(client, "products/", {"limit": 50, **filters})["results"]
    assert {product["sku"] for product in listed} == set(expected)


def test_the_next_page_keeps_filters_and_order(
    client: APIClient, shop: list[Product]
) -> None:
    asked = {"brand": ["Alba", "Borea"], "sort": "-price", "in_stock": "on"}
    _, whole = post_photo(client, 2, limit=50, **asked)
    _, page = post_photo(client, 2, limit=2, **asked)
    paged = skus(page["results"])
    while page["next"]:
        page = get(client, page["next"])
        paged += skus(page["results"])
    assert paged == skus(whole["results"])
    assert 2 < len(paged) < len(shop)


def test_other_orders_are_stable(client: APIClient, shop: list[Product]) -> None:
    orders: dict[str, Callable[[Product], Any]] = {
        "price": lambda p: (p.price, p.pk),
        "-price": lambda p: (-p.price, p.pk),
        "newest": lambda p: -p.pk,
    }
    _, by_relevance = post_photo(client, 1)
    for sort, key in orders.items():
        _, answer = post_photo(client, 1, limit=50, sort=sort)
        assert skus(answer["results"]) == [p.sku for p in sorted(shop, key=key)]
        # How close the best is, wherever it stands.
        assert answer["match"] == by_relevance["match"]


def test_a_search_asks_the_catalogue_once(
    client: APIClient, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "CACHE_SECONDS", 3600.0)
    post_photo(client)
    with CaptureQueriesContext(connection) as asked:
        _, answer = post_photo(client, limit=10)
    assert len(answer["results"]) == 10
    owners = re.compile(r"\b(catalogue|search)_")
    tables = [found[1] for sql in asked if (found := owners.search(sql["sql"]))]
    assert len(tables) == len(asked)
    # Products with their pictures; the names of categories are known.
    # Which encoder and which snapshot serve, and what changed since.
    assert sorted(tables) == ["catalogue"] + ["search"] * 3


def test_a_box_searches_with_that_part_alone(
    client: APIClient, shop: list[Product]
) -> None:
    both = Image.new("RGB", (480, 240))
    both.paste(draw_picture(2), (0, 0))
    both.paste(draw_picture(9), (240, 0))
    file = io.BytesIO()
    both.save(file, "JPEG", quality=95)
    for box, sku in (("0,0,.5,1", "p2"), ("0.5,0,0.5,1", "p9")):
        _, answer = post_photo(client, file.getvalue(), box=box)
        assert skus(answer["results"])[0] == sku
        again = get(client, "search/", {"query": answer["query"]})
        assert skus(again["results"]) == skus(answer["results"])


@pytest.mark.parametrize(
    "box",
    ["1,2,3", "0,0,1,1,1", "a,b,c,d", "0,0,0,0", "-0.1,0,1,1", "nan,0,1,1"]
    + ["0.5,0,0.6,1", "0,0,inf,1", "0,0,1e400,1", "0,0,.001,1", "0" * 201, "0;0;1;1"],
)
def test_a_box_that_is_none_is_named(
    client: APIClient, shop: list[Product], box: str
) -> None:
    status, problem = post_photo(client, box=box)
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == ["box"]


def test_a_query_altered_or_too_old_is_gone(
    client: APIClient, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, answer = post_photo(client)
    token = answer["query"]
    for broken in (token[:-1], "A" + token[1:], "x", token.split(":")[0], "é:😀:\x1f"):
        response = client.get(f"{API}search/", {"query": broken})
        assert response.status_code == 410, response.content
        assert response.json()["code"] == "query_expired"
    monkeypatch.setattr(query, "MAX_AGE_SECONDS", -1)
    assert client.get(f"{API}search/", {"query": token}).status_code == 410


def test_a_query_of_another_encoder_is_refused_by_name(
    client: APIClient, shop: list[Product]
) -> None:
    embedding = registry.encoder().encode([draw_picture()]).embeddings[0]
    token = query.Query(encoder="ab" * 8, embedding=embedding).token()
    response = client.get(f"{API}search/", {"query": token})
    assert response.status_code == 409
    assert response.json()["code"] == "foreign_encoder"


def test_a_query_must_be_given(client: APIClient, shop: list[Product]) -> None:
    response = client.get(f"{API}search/")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "query"
