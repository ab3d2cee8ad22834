"""The longest addresses that the shop makes: every server on the way takes them."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from rest_framework.test import APIClient

from catalogue.models import Category, Product
from config import gunicorn
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product
from tests.search.asking import PHOTO, a_file

pytestmark = pytest.mark.django_db

# nginx reads a request's first line into one buffer of 8 KB, unless told otherwise.
LONGEST_LINE = min(gunicorn.limit_request_line, 8192)
AROUND = len("GET  HTTP/1.1\r\n")
# As written in a URL, nine letters each; and in a token, as four bytes.
WIDE, WORD = "界" * 100, "界" * 66
COLOUR = "界" * 50  # as long as a product's may be
WORDS = "🦊" * 66 + " mug " + "🦊" * 66


@pytest.fixture
def fields(db: None) -> dict[str, Any]:
    """Return the longest value of each field, and make products that they find."""
    products = [new_product(f"p{n}", images=[n]) for n in range(3)]
    encoding.encode_missing()
    snapshots.build()
    category = Category.objects.get(pk=products[0].category_id)
    category.slug = "界" * 200
    category.save()
    Product.objects.update(brand=WIDE, colour=COLOUR, stock=1)
    return {
        "category": category.slug,
        "brand": [WIDE, WORD],
        "colour": [COLOUR, "色" * 100, "界" * 16],
        "min_price": "0.01",
        "max_price": str(Decimal(10) ** 8 - 1) + ".99",
        "in_stock": "false",
        "sort": "newest",
        "match_on": "item",
        "words": WORDS[:200],
        "limit": "1",
    }


def photo() -> Any:
    return a_file(make_image(0))


def assert_fits(url: str) -> None:
    parts = urlsplit(url)
    assert len(f"{parts.path}?{parts.query}") + AROUND <= LONGEST_LINE


def test_the_next_page_under_the_longest_filters_can_be_asked_for(
    fields: dict[str, Any],
) -> None:
    client = APIClient()
    answer = client.post(PHOTO, {"photo": photo(), **fields}).json()
    assert answer["next"], answer
    assert_fits(answer["next"])
    assert client.get(answer["next"]).json()["results"]


def test_the_pages_own_links_can_be_followed(
    client: Client, fields: dict[str, Any]
) -> None:
    response = client.post("/search/", {"photo": photo(), **fields})
    page = response.context["page"]
    for url in (page.first_url, page.url, page.next_url, page.why_url):
        assert_fits(url)
        assert client.get(url).status_code in (200, 302)


def test_more_than_fits_is_told_at_its_field(fields: dict[str, Any]) -> None:
    fields["brand"] = [f"{number}{WORD}" for number in range(3)]
    answer = APIClient().post(PHOTO, {"photo": photo(), **fields}).json()
    assert [error["field"] for error in answer["errors"]] == ["brand"]
