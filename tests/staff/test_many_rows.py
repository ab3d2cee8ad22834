"""Admin's own pages at 1, 100, 101 and 10,000 rows, and with none at all."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.models import Product, ProductImage
from search.models import Feedback
from staff.deletion import NAMED
from staff.edits import DELETED_AT_ONCE
from tests.builders import new_product
from tests.catalogue.admin_forms import LIST, change_url
from tests.staff.addresses import ARGUMENT, Address, actions, addresses, path_of
from tests.staff.pages import OpenPage
from tests.staff.rows import add_rows
from tests.staff.shop import open_full_shop

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NO_ARGUMENTS = [each for each in addresses() if not ARGUMENT.search(each.route)]


def queries(client: Client, url: str) -> int:
    client.get(url)  # what is looked up once a process is
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured)


@pytest.mark.slow
def test_every_page_asks_as_many_queries_for_any_number_of_rows(
    admin_client: Client,
) -> None:
    open_full_shop()
    add_rows(2)
    pages = [each.url() for each in addresses()]
    few = {url: queries(admin_client, url) for url in pages}
    add_rows(101)
    many = {url: queries(admin_client, url) for url in pages}
    assert {url: (few[url], many[url]) for url in pages if many[url] > few[url]} == {}


@pytest.mark.parametrize("count", [1, 100, 101])
def test_every_list_has_pages_for_all_its_rows(
    admin_client: Client, count: int
) -> None:
    add_rows(count)
    for model, owner in admin.site._registry.items():
        url = reverse(f"admin:{path_of(model).replace('/', '_')}_changelist")
        changes = admin_client.get(url).context["cl"]
        pages = -(-changes.result_count // owner.list_per_page)
        assert len(changes.result_list) == min(
            changes.result_count, owner.list_per_page
        )
        last = admin_client.get(f"{url}?p={max(pages, 1)}")
        assert last.status_code == 200


@pytest.mark.parametrize("address", NO_ARGUMENTS, ids=str)
def test_every_page_of_an_empty_shop_answers(
    admin_client: Client, address: Address
) -> None:
    assert admin_client.get(address.url(), follow=True).status_code in (200, 403)
    sent = {"_save": "Save", "form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"}
    response = admin_client.post(address.url(), sent)
    assert response.status_code in (200, 302, 400, 403)


def test_every_action_on_nothing_changes_nothing(admin_client: Client) -> None:
    for action in actions():
        for chosen in ([], ["1"]):
            form = {"action": action.name, "_selected_action": chosen, "index": "0"}
            response = admin_client.post(action.url, form)
            assert response.status_code in (200, 302), action


@pytest.fixture
def large_product(db: None) -> Product:
    """With 10,000 pictures, and as many verdicts on it."""
    product = new_product(name="Large")
    images = (
        ProductImage(
            product=product,
            file=f"x/{at}.jpg",
            position=at,
            digest="0" * 64,
            width=1,
            height=1,
        )
        for at in range(10_000)
    )
    ProductImage.objects.bulk_create(images, batch_size=1000)
    given = {"verdict": "right", "embedding": b"", "code": b"", "sender": "s"}
    rows = (Feedback(product=product, **given) for _ in range(10_000))
    Feedback.objects.bulk_create(rows, batch_size=1000)
    return product


@pytest.mark.slow
def test_ten_thousand_pictures_are_edited_page_by_page(
    admin_client: Client, large_product: Product
) -> None:
    page = OpenPage(admin_client, change_url(large_product))
    assert page.fields["images-TOTAL_FORMS"] == ["50"]
    assert "?images-page=200" in page.html and len(page.html) < 500_000
    second = OpenPage(admin_client, f"{change_url(large_product)}?images-page=2")
    assert second.fields["images-0-position"] == ["50"]
    assert second.send(**{"images-0-position": "20000", "name": "Larger"}).is_left
    large_product.refresh_from_db()
    assert large_product.name == "Larger"
    assert large_product.images.count() == 10_000
    last = large_product.images.last()
    assert last is not None and last.position == 20_000


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "201", "9" * 30])
def test_a_page_of_pictures_that_is_none_shows_another(
    admin_client: Client, number: str
) -> None:
    product = new_product(images=[1])
    page = OpenPage(admin_client, f"{change_url(product)}?images-page={number}")
    assert page.fields["images-TOTAL_FORMS"] == ["1"]


@pytest.mark.slow
def test_what_a_deletion_takes_along_is_counted_where_it_is_much(
    admin_client: Client, large_product: Product
) -> None:
    url = reverse("admin:catalogue_product_delete", args=[large_product.pk])
    page = admin_client.get(url).content.decode()
    assert "Pictures: 10000" in page and "Feedback: 10000" in page
    assert len(page) < 100_000
    admin_client.post(url, {"post": "yes"})
    assert not Product.objects.exists() and not Feedback.objects.exists()


@pytest.mark.slow
def test_more_than_one_form_can_hold_is_not_deleted_at_once(
    admin_client: Client,
) -> None:
    add_rows(DELETED_AT_ONCE + 1)
    form = {"action": "delete_selected", "_selected_action": ["1"], "index": "0",
            "select_across": "1"}  # fmt: skip
    page = admin_client.post(LIST, form, follow=True).content.decode()
    assert f"At most {DELETED_AT_ONCE} at once can be deleted." in page
    assert Product.objects.count() == DELETED_AT_ONCE + 1


@pytest.mark.slow
def test_as_many_as_one_form_can_hold_are_deleted(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_rows(DELETED_AT_ONCE)
    pks = [str(pk) for pk in Product.objects.values_list("pk", flat=True)]
    form = {"action": "delete_selected", "_selected_action": pks[:1], "index": "0",
            "select_across": "1"}  # fmt: skip
    asked = admin_client.post(LIST, form)
    assert asked.content.decode().count('name="_selected_action"') == DELETED_AT_ONCE
    assert f"and {DELETED_AT_ONCE - NAMED} more" in asked.content.decode()
    sure = {"action": "delete_selected", "_selected_action": pks, "post": "yes"}
    assert admin_client.post(LIST, sure).status_code == 302
    assert not Product.objects.exists()


def test_all_that_one_page_of_the_list_can_show_can_be_sent(
    admin_client: Client,
) -> None:
    add_rows(100)
    page = OpenPage(admin_client, f"{LIST}?all=")
    assert page.fields["form-TOTAL_FORMS"] == ["100"]
    rows = [str(pk) for pk in Product.objects.values_list("pk", flat=True)]
    assert page.send(_selected_action=rows, **{"form-99-stock": "8"}).is_left
    assert Product.objects.filter(stock=8).count() == 1


def test_a_menu_with_too_many_choices_is_left_out(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalogue.admin_filters.MAX_CHOICES", 3)
    for number in range(4):
        new_product(brand=f"Brand {number}", category=f"Top > Kind {number}")
    page = admin_client.get(LIST).content.decode()
    assert (
        "By brand" not in page
        and ">Top<" in page
        and "Kind 1<" not in page.split("changelist-filter")[1]
    )


def test_who_did_something_is_not_deleted(
    admin_client: Client, admin_user: Any
) -> None:
    OpenPage(admin_client, change_url(new_product())).send(stock="7")
    url = reverse("admin:auth_user_delete", args=[admin_user.pk])
    page = admin_client.post(url, {"post": "yes"}, follow=True).content.decode()
    assert "The history of what admin did." in page
    admin_user.refresh_from_db()
