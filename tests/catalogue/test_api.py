"""The catalogue's API, as programs use it."""

from base64 import b64encode
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.serializers import Serializer
from rest_framework.test import APIClient, APIRequestFactory

from catalogue.models import Product
from catalogue.serializers import ProductDetailSerializer, ProductSerializer
from tests.builders import add_image, new_category, new_product

pytestmark = [pytest.mark.database, pytest.mark.django_db]

API = "/api/v1/"


@pytest.fixture
def client() -> APIClient:
    return APIClient()


def get(client: APIClient, path: str, **params: Any) -> Any:
    url = path if path.startswith("http") else f"{API}{path}"
    response = client.get(url, params)
    assert response.status_code == 200, response.content
    return response.json()


def pages(client: APIClient, **params: Any) -> list[list[str]]:
    """Return the SKUs of each page, by following `next`."""
    page = get(client, "products/", **params)
    found = [[product["sku"] for product in page["results"]]]
    while page["next"]:
        page = get(client, page["next"])
        found.append([product["sku"] for product in page["results"]])
    return found


def test_products_come_in_pages_the_newest_first(client: APIClient) -> None:
    for number in range(7):
        new_product(f"p{number}")
    assert pages(client, limit=3) == [["p6", "p5", "p4"], ["p3", "p2", "p1"], ["p0"]]
    first = get(client, "products/", limit=3)
    second = get(client, first["next"])
    assert get(client, second["previous"])["results"] == first["results"]


def test_pages_stay_as_they_are_while_products_come_and_go(client: APIClient) -> None:
    products = [new_product(f"p{number}") for number in range(6)]
    first = get(client, "products/", limit=3)
    new_product("new")
    products[4].delete()
    rest = get(client, first["next"])
    assert [product["sku"] for product in rest["results"]] == ["p2", "p1", "p0"]


def test_filters_limit_every_page(client: APIClient) -> None:
    for number in range(6):
        new_product(f"p{number}", brand=["Alba", "Borea"][number % 2])
    assert pages(client, limit=2, brand="ALBA") == [["p4", "p2"], ["p0"]]


def test_a_category_has_all_below_it(client: APIClient) -> None:
    new_product("lamp", category="Home > Lamps")
    new_product("vase", category="Home")
    new_product("tree", category="Garden")
    assert pages(client, category="home") == [["vase", "lamp"]]
    assert pages(client, category="lamps") == [["lamp"]]


def test_what_is_not_on_sale_is_not_there(client: APIClient) -> None:
    product = new_product("hidden", active=False)
    assert pages(client) == [[]]
    assert client.get(f"{API}products/{product.pk}/").status_code == 404


def test_a_product_tells_all_of_itself(client: APIClient) -> None:
    product = new_product("p", images=[1, 2], description="Of oak.")
    shown = get(client, f"products/{product.pk}/")
    assert shown["sku"] == "p"
    assert shown["description"] == "Of oak."
    assert len(shown["images"]) == 2
    assert shown["image"] == shown["images"][0]
    with closing(client.get(shown["image"]["url"])) as thumbnail:
        assert thumbnail.status_code == 200


def test_what_is_written_out_is_what_the_fields_say() -> None:
    new_product("p", images=[1, 2], price=Decimal("12.5"), brand="", stock=0)
    product = Product.objects.for_list().get()
    request = APIRequestFactory().get("/")
    for kind in (ProductSerializer, ProductDetailSerializer):
        shown = kind(product, context={"request": request})
        by_fields = Serializer.to_representation(shown, product)
        assert shown.data == by_fields
        assert list(shown.data) == list(by_fields)


def test_a_product_without_a_picture_says_so(client: APIClient) -> None:
    product = new_product("p")
    assert get(client, f"products/{product.pk}/")["image"] is None


def test_a_lost_picture_does_not_take_the_list_with_it(client: APIClient) -> None:
    product = new_product("p", images=[1])
    for image in product.images.all():
        image.file.storage.delete(image.file.name)
    assert get(client, "products/")["results"][0]["image"] is None
    assert get(client, f"products/{product.pk}/")["sku"] == "p"


def test_the_tree_of_categories_counts_what_is_below(client: APIClient) -> None:
    new_product("lamp", category="Home > Lamps")
    new_product("vase", category="Home")
    new_product("gone", category="Home", active=False)
    new_category("Garden")
    assert get(client, "categories/") == [
        {"slug": "garden", "name": "Garden", "parent": None, "products": 0},
        {"slug": "home", "name": "Home", "parent": None, "products": 2},
        {"slug": "lamps", "name": "Lamps", "parent": "home", "products": 1},
    ]


@pytest.mark.parametrize("path", ["products/", "products/{pk}/", "categories/"])
def test_what_did_not_change_is_not_sent_again(client: APIClient, path: str) -> None:
    product = new_product("p", category="Home")
    url = API + path.format(pk=product.pk)
    tag = client.get(url)["ETag"]
    again = client.get(url, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    product.category.name = "House"
    product.category.save()
    assert client.get(url, headers={"if-none-match": tag}).status_code == 200


def test_lists_ask_the_database_few_questions(
    client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        product = new_product(images=[number], category=f"Home > Room {number}")
        add_image(product, 100 + number, position=1)
    get(client, "products/")  # makes the thumbnails
    with django_assert_num_queries(2):
        assert len(get(client, "products/")["results"]) == 8
    with django_assert_num_queries(1):
        assert len(get(client, "categories/")) == 9


@pytest.mark.parametrize(
    "position", ["abc", "-1", "1e9", "9" * 30, "9" * 5000, "²", "%00", "1%ff", ""]
)
def test_a_cursor_that_is_none_is_not_found(client: APIClient, position: str) -> None:
    new_product("p")
    cursor = b64encode(f"p={position}".encode()).decode()
    response = client.get(f"{API}products/", {"cursor": cursor})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "51"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"min_price": "NaN"}, "min_price"),
        ({"min_price": "2", "max_price": "1"}, "max_price"),
        ({"category": "nowhere"}, "category"),
        ({"in_stock": "maybe"}, "in_stock"),
        ({"color": "red"}, "color"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_wrong_parameter_is_named(
    client: APIClient, params: dict[str, str], field: str
) -> None:
    response = client.get(f"{API}products/", params)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_nothing_can_be_written(client: APIClient) -> None:
    product = new_product("p")
    for method in ("post", "put", "patch", "delete"):
        response = getattr(client, method)(f"{API}products/{product.pk}/")
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert Product.objects.count() == 1
