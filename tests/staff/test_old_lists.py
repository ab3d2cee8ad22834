"""Actions and pages of search's slices that were opened before somebody else acted."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from access.models import AppKey
from catalogue.models import Product
from search.models import Feedback, Resemblance, Snapshot
from tests.builders import new_product
from tests.catalogue.admin_forms import LIST
from tests.staff.pages import OpenPage
from tests.staff.shop import every_right, open_full_shop, staff

pytestmark = [pytest.mark.django_db, pytest.mark.database]

QUEUE = reverse("admin:search_resemblance_changelist")
FEEDBACK = reverse("admin:search_feedback_changelist")
FINDABLE = reverse("admin:search_snapshot_changelist")


def choose(page: OpenPage, action: str, *rows: Any) -> OpenPage:
    """Tick these rows and press Go."""
    chosen = [str(row.pk) for row in rows]
    return page.send("index", action=action, _selected_action=chosen)


def test_a_pair_that_a_colleague_decided_on_is_left_out_and_named(
    admin_client: Client,
) -> None:
    open_full_shop()
    kept, removed = Resemblance.objects.order_by("pk")
    page = OpenPage(admin_client, QUEUE)
    Resemblance.objects.filter(pk=kept.pk).update(dismissed=True)
    shown = choose(page, "remove_newer", kept, removed)
    assert "was left out: somebody decided on it meanwhile." in shown.html
    assert "1 picture removed." in shown.html
    assert Resemblance.objects.get() == kept


def test_a_pair_that_is_gone_is_named(admin_client: Client) -> None:
    open_full_shop()
    gone, other = Resemblance.objects.order_by("pk")
    page = OpenPage(admin_client, QUEUE)
    Resemblance.objects.filter(pk=gone.pk).delete()
    shown = choose(page, "not_a_duplicate", gone, other)
    assert "is gone: somebody removed it meanwhile." in shown.html
    assert "1 pair is remembered." in shown.html


def test_feedback_that_was_withdrawn_meanwhile_is_not_approved_again(
    admin_client: Client,
) -> None:
    open_full_shop()
    approved = Feedback.objects.filter(approved=True)[0]
    page = OpenPage(admin_client, FEEDBACK)
    Feedback.objects.filter(pk=approved.pk).update(approved=False)
    choose(page, "approve", approved)
    assert not Feedback.objects.get(pk=approved.pk).approved


def test_a_product_shown_again_meanwhile_is_not_hidden_unseen(
    admin_client: Client,
) -> None:
    one, two = new_product(active=False), new_product()
    page = OpenPage(admin_client, LIST)
    Product.objects.filter(pk=one.pk).update(active=True)
    shown = choose(page, "deactivate", one, two)
    assert "1 product changed." in shown.html
    assert list(Product.objects.on_sale()) == [one]


def test_products_are_not_deleted_that_were_gone(admin_client: Client) -> None:
    gone, other = new_product(name="Mug"), new_product()
    page = OpenPage(admin_client, LIST)
    Product.objects.filter(pk=gone.pk).delete()
    shown = choose(page, "delete_selected", gone, other)
    assert "Are you sure" in shown.html
    assert "Mug is gone" in shown.html


def test_a_key_keeps_what_was_changed_meanwhile(admin_client: Client) -> None:
    key, _secret = AppKey.objects.make("an app", rate=5)
    url = reverse("admin:access_appkey_change", args=[key.pk])
    page = OpenPage(admin_client, url)
    AppKey.objects.filter(pk=key.pk).update(rate=9)
    AppKey.objects.revoke()
    page.send(name="another app")
    key.refresh_from_db()
    assert (key.name, key.rate) == ("another app", 9)
    assert key.revoked is not None


def test_rights_given_meanwhile_stay(admin_client: Client) -> None:
    somebody = staff("somebody", "catalogue.view_product")
    page = OpenPage(admin_client, reverse("admin:auth_user_change", args=[somebody.pk]))
    somebody.user_permissions.add(Permission.objects.get(codename="add_product"))
    assert page.send(first_name="Some").is_left
    somebody.refresh_from_db()
    assert somebody.first_name == "Some"
    assert somebody.user_permissions.count() == 2


def test_who_logged_in_meanwhile_is_no_question(admin_client: Client) -> None:
    somebody = staff("somebody", "catalogue.view_product")
    page = OpenPage(admin_client, reverse("admin:auth_user_change", args=[somebody.pk]))
    Client().force_login(somebody)
    assert page.send(first_name="Some").is_left


def test_rights_are_given_by_superusers_alone(client: Client) -> None:
    boss = User.objects.create_superuser("boss", password="y" * 12)
    somebody = staff("somebody", *(every_right() & {
        "auth.view_user", "auth.change_user", "auth.delete_user", "auth.change_group",
    }))  # fmt: skip
    client.force_login(somebody)
    url = reverse("admin:auth_user_change", args=[somebody.pk])
    client.post(url, {"username": "somebody", "is_staff": "on", "is_active": "on",
                      "is_superuser": "on", "date_joined_0": "2026-01-01",
                      "date_joined_1": "10:00"})  # fmt: skip
    somebody.refresh_from_db()
    assert not somebody.is_superuser
    for name in ("change", "password_change", "delete"):
        url = reverse(f"admin:auth_user_{name}", args=[boss.pk])
        form = {"post": "yes", "password1": "z" * 12, "password2": "z" * 12}
        assert client.post(url, form).status_code == 403
    boss.refresh_from_db()
    assert boss.check_password("y" * 12)


def test_a_snapshot_is_taken_back_once(admin_client: Client) -> None:
    """Also when the button is pressed twice, or a newer one was built meanwhile."""
    open_full_shop()
    page = OpenPage(admin_client, FINDABLE)
    newest = Snapshot.objects.order_by("pk").last()
    assert newest is not None and newest.name in page.html
    url = reverse("admin:search_snapshot_roll_back")
    for _press in range(2):
        admin_client.post(url, {"snapshot": newest.name})
    assert list(Snapshot.objects.filter(withdrawn=True)) == [newest]
    shown = admin_client.post(url, {"snapshot": newest.name}, follow=True)
    assert "Nothing was changed: meanwhile" in shown.content.decode()


def test_without_any_snapshot_there_is_nothing_to_take_back(
    admin_client: Client,
) -> None:
    url = reverse("admin:search_snapshot_roll_back")
    shown = admin_client.post(url, follow=True).content.decode()
    assert "There is no snapshot to go back to." in shown


@pytest.mark.parametrize("pk", ["None", "-1", "²", "9" * 19, "9" * 40, ""])
def test_a_chosen_row_that_cannot_be_is_no_error_of_ours(
    admin_client: Client, pk: str
) -> None:
    new_product()
    form = {"action": "deactivate", "_selected_action": [pk], "index": "0"}
    assert admin_client.post(LIST, form).status_code in (302, 400)
    assert Product.objects.on_sale().exists()
