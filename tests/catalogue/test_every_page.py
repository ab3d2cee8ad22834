from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalogue.models import Product
from tests.catalogue.markup import Tags

pytestmark = pytest.mark.django_db

NewProduct = Callable[..., Product]


@pytest.fixture
def pages(client: Client, new_product: NewProduct) -> list[Any]:
    product = new_product(images=[1, 2], category="Home > Lamps")
    addresses = ["/", "/category/home/", product.get_absolute_url(), "/search/"]
    addresses.append("/privacy/")
    return [client.get(address) for address in addresses]


def test_pictures_have_a_text_and_a_size(pages: list[Any]) -> None:
    for page in pages:
        for tag in Tags(page).named("img"):
            assert tag.keys() >= {"alt", "width", "height"}


def test_pages_ask_no_third_party_and_carry_no_inline_code(pages: list[Any]) -> None:
    for page in pages:
        tags = Tags(page)
        for name, attributes in tags.found:
            assert "style" not in attributes and name != "style"
            assert not any(key.startswith("on") for key in attributes)
        sources = [tag["src"] for tag in tags.named("script") + tags.named("img")]
        sources += [tag["href"] for tag in tags.named("link")]
        assert all(source and source.startswith("/") for source in sources)


def test_pages_say_their_language_and_have_one_heading(pages: list[Any]) -> None:
    for page in pages:
        for tag in Tags(page).named("html"):
            assert tag["lang"] == "en"
        assert len(Tags(page).named("h1")) == 1


def test_pages_say_what_browsers_may_do(pages: list[Any]) -> None:
    for page in pages:
        policy = page["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page["Permissions-Policy"].startswith("camera=(self)")


def test_pages_only_answer_to_reading(client: Client, new_product: NewProduct) -> None:
    product = new_product()
    for address in ("/", "/category/things/", product.get_absolute_url()):
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


def test_a_mistake_of_ours_gets_a_page_in_the_shops_style(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("catalogue.views._recent_by_root", broken)
    client.raise_request_exception = False
    for language, words in (("en", "Something went wrong"), ("zh-hans", "出错了")):
        page = client.get("/", HTTP_ACCEPT_LANGUAGE=language)
        assert page.status_code == 500
        assert words in page.content.decode()
        assert "shop.css" in page.content.decode()
