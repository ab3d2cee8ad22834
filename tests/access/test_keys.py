"""App keys: made and revoked by staff, shown once, kept as digests."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from access.models import AppKey

PRODUCTS = "/api/v1/products/"


def ask(secret: str, scheme: str = "Bearer") -> Any:
    return APIClient().get(PRODUCTS, headers={"Authorization": f"{scheme} {secret}"})


def make_in_admin(client: Client, **fields: Any) -> str:
    page = client.post(reverse("admin:access_appkey_add"), {"name": "App", **fields})
    assert "no-store" in page["Cache-Control"]
    found = re.search(r'id="app-key">([^<]+)<', page.content.decode())
    assert found
    return found[1]


def test_a_key_is_made_in_admin_and_shown_once(admin_client: Client) -> None:
    secret = make_in_admin(admin_client, rate=100)
    assert ask(secret).status_code == 200
    key = AppKey.objects.get()
    assert (key.name, key.rate) == ("App", 100)
    assert secret not in str(AppKey.objects.values())
    for url in ("admin:access_appkey_changelist", "admin:access_appkey_add"):
        assert secret not in admin_client.get(reverse(url)).content.decode()
    change = reverse("admin:access_appkey_change", args=[key.pk])
    assert secret not in admin_client.get(change).content.decode()


def test_a_key_that_is_changed_stays_the_same(admin_client: Client) -> None:
    secret = make_in_admin(admin_client)
    change = reverse("admin:access_appkey_change", args=[AppKey.objects.get().pk])
    assert admin_client.post(change, {"name": "Other"}).status_code == 302
    assert AppKey.objects.get().name == "Other"
    assert ask(secret).status_code == 200


def test_a_revoked_key_is_refused_at_once(admin_client: Client) -> None:
    secret = make_in_admin(admin_client)
    assert ask(secret).status_code == 200
    action = {"action": "revoke", "_selected_action": [AppKey.objects.get().pk]}
    admin_client.post(reverse("admin:access_appkey_changelist"), action)
    refused = ask(secret)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_key")
    assert refused["WWW-Authenticate"] == 'Bearer realm="api"'
    assert refused["Content-Type"] == "application/problem+json"


def test_a_deleted_key_is_refused(db: None) -> None:
    key, secret = AppKey.objects.make("App")
    key.delete()
    assert ask(secret).status_code == 401


@pytest.mark.parametrize(
    "secret",
    [
        *("", " ", "sem_", "sem_" + 43 * "A", 10_000 * "A", "é" * 47, "a b", "a\0b"),
        *("' OR 1=1 --", "sem_" + 42 * "A" + "\n", "Bearer"),
    ],
)
def test_what_is_no_key_is_refused(db: None, secret: str) -> None:
    AppKey.objects.make("App")
    assert ask(secret).status_code == 401


def test_who_sends_another_kind_of_credentials_is_anonymous(db: None) -> None:
    assert ask("dXNlcjpwYXNz", scheme="Basic").status_code == 200


def test_the_last_use_is_noted_to_the_minute(
    db: None, django_assert_num_queries: Any
) -> None:
    key, secret = AppKey.objects.make("App")
    before = timezone.now()
    ask(secret)
    key.refresh_from_db()
    assert key.last_used is not None and key.last_used >= before
    noted = key.last_used
    ask(secret)
    key.refresh_from_db()
    assert key.last_used == noted


def test_two_keys_are_never_alike(db: None) -> None:
    made = [AppKey.objects.make("App") for _ in range(5)]
    assert len({key.digest for key, _ in made}) == 5
    assert all(len(secret) == 47 for _, secret in made)
