"""Each action and each page of admin asks for the right it uses, and tells of it."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalogue.models import Category, Product
from search.models import Resemblance
from tests.builders import make_image, new_product
from tests.catalogue.admin_forms import change_url, save, upload
from tests.conftest import clean_process
from tests.staff.addresses import (
    Action,
    Address,
    actions,
    addresses,
    everything_kept,
)
from tests.staff.shop import every_right, open_full_shop, staff

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EVERY_ACTION = pytest.mark.parametrize("action", actions(), ids=str)
EVERY_ADDRESS = pytest.mark.parametrize("address", addresses(), ids=str)
OURS = [each for each in addresses() if each.rights is not None]

# What a right over one thing takes along: rows that go with their owner, and what is
# derived of it.
TAKES_ALONG = {
    "catalogue.product": {
        *("productimage", "resemblance", "feedback", "goldenquery", "producttext"),
    },
    "catalogue.productimage": {"resemblance"},
    "catalogue.category": set(),
}
DERIVED = {"change", "comparison", "imagecode"}


@pytest.fixture(scope="module")
def opened_shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        open_full_shop()
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
    clean_process()


@pytest.fixture
def standing_shop(opened_shop: None, db: None) -> None:
    """Open a shop once; what a test writes is rolled back."""


def log_in(client: Client, *rights: str) -> Client:
    client.force_login(staff("somebody", *rights))
    return client


def changed(before: dict[Any, Any]) -> set[str]:
    now = everything_kept()
    return {model._meta.label_lower for model in now if now[model] != before[model]}


def test_every_action_says_what_right_it_needs() -> None:
    assert [str(each) for each in actions() if not each.rights] == []


def test_every_page_says_what_right_it_needs() -> None:
    silent = [each for each in addresses() if each.rights is None]
    assert [str(each) for each in silent if not each.is_django_s] == []
    assert [str(each) for each in OURS if not each.rights] == []


@EVERY_ACTION
def test_who_may_look_at_everything_changes_nothing_by_an_action(
    standing_shop: None, client: Client, action: Action
) -> None:
    log_in(client, *every_right("view_"))
    before = everything_kept()
    client.post(action.url, action.form())
    assert changed(before) == set()


@EVERY_ACTION
def test_the_right_that_an_action_names_is_the_one_it_needs(
    standing_shop: None, client: Client, action: Action
) -> None:
    assert action.rights is not None
    log_in(client, *every_right() - set(action.rights))
    before = everything_kept()
    client.post(action.url, action.form())
    assert changed(before) == set()


@EVERY_ACTION
def test_an_action_works_by_its_right_uses_no_other_and_is_in_the_history(
    standing_shop: None, client: Client, action: Action
) -> None:
    assert action.rights is not None
    log_in(client, *every_right("view_"), *action.rights)
    if action.name not in client.get(action.url).content.decode():
        assert action.name == "delete_selected"  # of what nobody may delete
        return
    before = everything_kept()
    client.post(action.url, action.form())
    touched = changed(before)
    assert touched
    assert LogEntry.objects.filter(user__username="somebody").exists()
    assert touched <= within(action.rights)


def within(rights: tuple[str, ...]) -> set[str]:
    """Return the tables that these rights are over."""
    tables = {f"search.{name}" for name in DERIVED}
    for right in rights:
        app, _, codename = right.partition(".")
        owner = f"{app}.{codename.partition('_')[2]}"
        tables.add(owner)
        along = TAKES_ALONG.get(owner, set())
        tables |= {f"{app}.{name}" for app in ("catalogue", "search") for name in along}
        tables |= {f"{owner}_{name}" for name in ("groups", "user_permissions")}
    return tables


@EVERY_ADDRESS
def test_staff_without_rights_see_no_page(
    standing_shop: None, client: Client, address: Address
) -> None:
    url = address.url()
    log_in(client)
    before = everything_kept()
    for response in (client.get(url), client.post(url, {})):
        leads_on = (
            response.status_code == 302 and response["Location"] == f"{url}change/"
        )
        assert response.status_code == 403 or leads_on
    assert changed(before) == set()


@EVERY_ADDRESS
def test_strangers_are_asked_to_log_in(
    standing_shop: None, client: Client, address: Address
) -> None:
    response = client.post(address.url(), {})
    assert (response.status_code, response["Location"][:13]) == (302, "/admin/login/")


@EVERY_ADDRESS
def test_who_may_look_at_everything_changes_nothing_on_a_page(
    standing_shop: None, client: Client, address: Address
) -> None:
    url = address.url()
    log_in(client, *every_right("view_"))
    before = everything_kept()
    assert client.get(url).status_code in (200, 302, 403, 400, 404)
    client.post(url, {"post": "yes", "_save": "Save", **sent_to(address)})
    assert changed(before) == set()


@pytest.mark.parametrize("address", OURS, ids=str)
def test_the_right_that_a_page_names_is_the_one_it_needs(
    standing_shop: None, client: Client, address: Address
) -> None:
    assert address.rights
    lacking = {
        *address.rights,
        *(each.replace("view_", "change_") for each in address.rights),
    }
    log_in(client, *every_right() - lacking)
    assert client.get(address.url()).status_code == 403
    assert client.post(address.url(), sent_to(address)).status_code == 403


@pytest.mark.parametrize("address", OURS, ids=str)
def test_a_page_that_changes_something_is_in_the_history(
    standing_shop: None, client: Client, address: Address
) -> None:
    assert address.rights
    log_in(client, *every_right("view_"), *address.rights)
    before = everything_kept()
    client.post(address.url(), sent_to(address))
    writes = not all(".view_" in right for right in address.rights)
    touched = changed(before)
    assert bool(touched) == writes
    assert LogEntry.objects.filter(user__username="somebody").exists() == writes
    assert touched <= within(address.rights)


def sent_to(address: Address) -> dict[str, Any]:
    """Return what the page with the form sends there."""
    if address.route.endswith("move/"):
        first, last = Category.objects.order_by("path").values_list("pk", flat=True)[
            ::2
        ]
        return {"node": last, "target": first, "relation": "child"}
    if address.route.endswith("save/"):
        product = Product.objects.on_sale()[0].pk
        picture = base64.b64encode(make_image(1)).decode()
        return {"picture": picture, "product": product}
    return {}


def test_pictures_are_added_by_who_may_add_pictures(
    standing_shop: None, client: Client
) -> None:
    product = new_product()
    log_in(client, "catalogue.view_product", "catalogue.change_product")
    for expected, right in ((0, ""), (1, "catalogue.add_productimage")):
        if right:
            client.force_login(staff("another", "catalogue.change_product", right))
        shown = client.get(change_url(product)).content.decode()
        assert ("new_pictures" in shown) == bool(expected)
        save(client, product, new_pictures=[upload("a.jpg", make_image(1))])
        assert product.images.count() == expected


def test_what_hangs_on_a_product_is_deleted_with_it(
    standing_shop: None, client: Client
) -> None:
    """Also pairs of the duplicates queue, which nobody deletes by hand."""
    log_in(client, "catalogue.view_product", "catalogue.delete_product")
    product = Resemblance.objects.all()[0].newer.product
    url = reverse("admin:catalogue_product_delete", args=[product.pk])
    asked = client.get(url).content.decode()
    assert "Possible duplicate: " in asked
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not Product.objects.filter(pk=product.pk).exists()


def test_the_category_list_answers_whatever_is_sent(
    standing_shop: None, client: Client
) -> None:
    log_in(client, "catalogue.view_category")
    url = reverse("admin:catalogue_category_changelist")
    assert client.head(url).status_code == 200
    assert client.post(url, {"action": "delete_selected"}).status_code == 200
    assert client.get(f"{url}children/x/").status_code == 404
    assert client.get(f"{url}children/{10**30}/").status_code == 404
