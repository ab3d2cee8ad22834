"""Right or wrong, said beside a result of the page."""

from typing import Any

import pytest
from django.test import Client, override_settings

from catalogue.models import Product
from search.models import Feedback
from tests.builders import make_image
from tests.search.shops import open_shop, send, words

pytestmark = pytest.mark.django_db

GIVE = "/search/feedback/"


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


def asked(client: Client) -> Any:
    return send(client, make_image(3)).context["page"]


def press(client: Client, page: Any, **pressed: int) -> Any:
    fields = {"query": page.answer.query, "back": page.url, **pressed}
    return client.post(GIVE, fields)


def test_a_press_is_kept_and_thanked(client: Client, shop: list[Product]) -> None:
    page = asked(client)
    shown = press(client, page, right=shop[3].pk)
    assert shown.status_code == 200
    assert "Thank you" in words(shown)
    assert shown.context["back"] == page.url
    kept = Feedback.objects.get()
    assert (kept.product, kept.verdict, kept.approved) == (shop[3], "right", False)
    assert "127.0.0.1" not in str(Feedback.objects.values())


def test_the_same_press_counts_once_and_a_change_of_mind_is_kept(
    client: Client, shop: list[Product]
) -> None:
    page = asked(client)
    for pressed in (
        {"right": shop[3].pk},
        {"right": shop[3].pk},
        {"wrong": shop[3].pk},
    ):
        assert press(client, page, **pressed).status_code == 200
    given = Feedback.objects.order_by("pk").values_list("verdict", flat=True)
    assert list(given) == ["right", "wrong"]


def test_every_result_of_a_photo_can_be_judged_and_none_of_words(
    client: Client, shop: list[Product]
) -> None:
    shown = send(client, make_image(3)).content.decode()
    assert shown.count('name="right"') == shown.count('name="wrong"') == len(shop)
    shown = client.get("/search/", {"q": "thing"}).content.decode()
    assert 'name="right"' not in shown


@pytest.mark.parametrize(
    "pressed", [{}, {"right": 0}, {"right": "x"}, {"right": 1, "wrong": 1}]
)
def test_what_no_button_sends_is_not_understood(
    client: Client, shop: list[Product], pressed: dict[str, Any]
) -> None:
    assert press(client, asked(client), **pressed).status_code == 400
    assert not Feedback.objects.exists()


def test_an_old_search_and_a_product_that_is_gone_are_said(
    client: Client, shop: list[Product]
) -> None:
    page = asked(client)
    old = client.post(GIVE, {"query": "x", "right": shop[3].pk})
    assert (old.status_code, "too old" in words(old)) == (410, True)
    Product.objects.filter(pk=shop[3].pk).update(active=False)
    gone = press(client, page, right=shop[3].pk)
    assert (gone.status_code, "gone" in words(gone)) == (404, True)


@override_settings(API_RATE_ANONYMOUS="2/minute")
def test_nobody_presses_without_end(client: Client, shop: list[Product]) -> None:
    page = asked(client)
    statuses = [press(client, page, right=each.pk).status_code for each in shop[:3]]
    assert statuses == [200, 200, 429]
    assert Feedback.objects.count() == 2


def test_another_site_cannot_press(shop: list[Product]) -> None:
    client = Client(enforce_csrf_checks=True)
    page = asked(client)
    assert press(client, page, right=shop[3].pk).status_code == 403


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.example/", "//elsewhere", "x\0", "http://[elsewhere?brand=%"],
)
def test_it_leads_back_to_this_shop_alone(
    client: Client, shop: list[Product], back: str
) -> None:
    fields = {"query": asked(client).answer.query, "right": shop[3].pk, "back": back}
    assert "elsewhere" not in client.post(GIVE, fields).content.decode()


def test_the_privacy_page_tells_what_is_kept(client: Client, db: None) -> None:
    assert "If you press “Right”" in words(client.get("/privacy/"))


def test_the_filters_of_the_page_count(client: Client, shop: list[Product]) -> None:
    page = asked(client)
    fields = {"query": page.answer.query, "right": shop[3].pk}
    for brand, status in (("another", 404), (shop[3].brand, 200)):
        back = f"/search/?query=x&brand={brand}"
        assert client.post(GIVE, {**fields, "back": back}).status_code == status
