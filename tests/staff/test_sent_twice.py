"""Every form of admin is sent twice, late, and from a page of long ago."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from access.models import AppKey
from catalogue.models import CatalogueImport, Category, Product
from search.golden.admin import GoldenForm
from search.models import GoldenQuery, Resemblance
from staff.models import SentForm
from tests.builders import make_image, new_category, new_product
from tests.catalogue.admin_forms import ADD, LIST, change_url, upload
from tests.staff.pages import OpenPage
from tests.staff.shop import open_full_shop, staff

pytestmark = [pytest.mark.django_db, pytest.mark.database]

TWICE = "This form was sent twice. It counts once."


def twice(page: OpenPage, button: str = "_save", **values: Any) -> OpenPage:
    """Press a button twice; the page that the second press leads to."""
    files = {name: value for name, value in values.items() if hasattr(value, "seek")}
    page.send(button, **values)
    for file in files.values():
        file.seek(0)
    return page.send(button, **values)


def test_a_product_is_made_once(admin_client: Client) -> None:
    category = new_category("Mugs")
    page = OpenPage(admin_client, ADD)
    shown = twice(page, name="Mug", sku="m1", category=str(category.pk), price="3")
    assert TWICE in shown.html and "already exists" not in shown.html
    assert Product.objects.count() == 1


def test_pictures_are_added_once(admin_client: Client) -> None:
    product = new_product()
    page = OpenPage(admin_client, change_url(product))
    twice(page, new_pictures=upload("a.jpg", make_image(1)))
    assert product.images.count() == 1


def test_another_file_on_the_same_page_is_another_form(admin_client: Client) -> None:
    product = new_product()
    page = OpenPage(admin_client, change_url(product))
    page.send(new_pictures=upload("a.jpg", make_image(1)))
    page.send(new_pictures=upload("b.jpg", make_image(2)))
    assert product.images.count() == 2


def test_a_form_that_was_refused_can_be_sent_again(admin_client: Client) -> None:
    product = new_product(sku="one")
    other = new_product(sku="two")
    page = OpenPage(admin_client, change_url(product))
    assert "already exists" in page.send(sku="two").html
    other.delete()
    assert page.send(sku="two").is_left
    product.refresh_from_db()
    assert product.sku == "two"


def test_a_change_is_in_the_history_once(admin_client: Client) -> None:
    product = new_product()
    assert TWICE in twice(OpenPage(admin_client, change_url(product)), stock="7").html
    assert LogEntry.objects.count() == 1


def test_the_list_is_saved_once(admin_client: Client) -> None:
    new_product()
    page = OpenPage(admin_client, LIST)
    assert TWICE in twice(page, **{"form-0-stock": "7"}).html
    assert LogEntry.objects.count() == 1


def test_an_action_is_done_once(admin_client: Client) -> None:
    open_full_shop()
    queue = reverse("admin:search_resemblance_changelist")
    page = OpenPage(admin_client, queue)
    chosen = [str(Resemblance.objects.all()[0].pk)]
    shown = twice(page, "index", action="remove_newer", _selected_action=chosen)
    assert TWICE in shown.html and "is gone" not in shown.html


def test_a_key_is_made_once(admin_client: Client) -> None:
    page = OpenPage(admin_client, reverse("admin:access_appkey_add"))
    assert TWICE in twice(page, name="an app").html
    assert AppKey.objects.count() == 1


def test_an_import_is_sent_once(admin_client: Client) -> None:
    page = OpenPage(admin_client, reverse("admin:catalogue_catalogueimport_add"))
    shown = twice(page, table=upload("shop.csv", b"sku\n"))
    assert TWICE in shown.html
    CatalogueImport.objects.get().delete()  # with its files


def test_a_category_is_made_and_moved_once(admin_client: Client) -> None:
    page = OpenPage(admin_client, reverse("admin:catalogue_category_add"))
    assert TWICE in twice(page, name="Mugs", slug="mugs").html
    assert Category.objects.count() == 1


def test_a_golden_query_is_kept_once(admin_client: Client) -> None:
    open_full_shop()
    before = GoldenQuery.objects.count()
    url = reverse("admin:search_goldenquery_photo")
    found = admin_client.post(url, {"photo": upload("a.jpg", make_image(1))})
    assert GoldenForm.base_fields.keys() >= {"picture", "product"}
    sent = {
        "picture": found.context["picture"],
        "product": Product.objects.on_sale()[0].pk,
        "_seen": found.context["seen"],
    }
    for _press in range(2):
        shown = admin_client.post(
            reverse("admin:search_goldenquery_save"), sent, follow=True
        )
    assert TWICE in shown.content.decode()
    assert GoldenQuery.objects.count() == before + 1


def test_two_people_may_send_the_same(admin_client: Client, client: Client) -> None:
    """A form is somebody's own: nobody is led where another was."""
    product = new_product()
    client.force_login(staff("somebody", "catalogue.change_product"))
    page = OpenPage(admin_client, change_url(product))
    page.send(stock="7")
    other = OpenPage(client, change_url(product))
    other.fields["_seen"] = page.fields["_seen"]
    assert TWICE not in other.send(stock="7").html


def test_what_was_sent_is_forgotten_after_a_day(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    OpenPage(admin_client, change_url(new_product())).send(stock="7")
    old = SentForm.objects.get()
    SentForm.objects.update(sent="2020-01-01T00:00Z")
    OpenPage(admin_client, change_url(new_product())).send(stock="7")
    assert SentForm.objects.exclude(pk=old.pk).get()


def test_who_was_logged_out_meanwhile_is_told(admin_client: Client) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    admin_client.logout()
    shown = page.send(stock="7")
    assert "You were logged out meanwhile, and nothing was saved." in shown.html
    product.refresh_from_db()
    assert product.stock == 5


def test_who_logged_in_again_elsewhere_is_told_what_to_do(admin_user: Any) -> None:
    """Django then refuses the old page's form."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    product = new_product(stock=5)
    page = OpenPage(client, change_url(product))
    page.fields["csrfmiddlewaretoken"] = ["x" * 64]
    shown = page.send(stock="7")
    assert shown.status == 403
    assert "Nothing was saved. Go back to see what you wrote" in shown.html
    product.refresh_from_db()
    assert product.stock == 5
