"""Feedback: right or wrong, without the picture and without who said it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from access.models import AppKey
from catalogue.models import Product
from search.feedback import giving
from search.models import Feedback, Salt
from tests.search.asking import API, open_varied_shop, post_photo

pytestmark = pytest.mark.database

FEEDBACK = f"{API}feedback/"


@pytest.fixture
def shop(transactional_db: None) -> list[Product]:
    return open_varied_shop(3)


@pytest.fixture
def query(shop: list[Product]) -> str:
    return str(post_photo(APIClient())[1]["query"])


def give(body: Any, *, key: str | None = None, address: str = "192.0.2.1") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    client = APIClient(REMOTE_ADDR=address)
    return client.post(FEEDBACK, body, format="json", headers=headers)


def right(query: str, product: Product) -> dict[str, Any]:
    return {"query": query, "product": product.pk, "verdict": "right"}


def test_a_verdict_is_kept_without_picture_and_sender(
    shop: list[Product], query: str
) -> None:
    answer = give(right(query, shop[0]))
    assert answer.status_code == 201
    assert answer.json().keys() == {"product", "verdict", "received"}
    kept = Feedback.objects.get()
    assert (kept.product, kept.verdict, kept.approved) == (shop[0], "right", False)
    assert len(kept.embedding) == 512
    assert "192.0.2.1" not in str(Feedback.objects.values())


def test_the_same_key_with_the_same_body_is_answered_the_same(
    shop: list[Product], query: str
) -> None:
    first = give(right(query, shop[0]), key="one")
    again = give(right(query, shop[0]), key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    assert Feedback.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(
    shop: list[Product], query: str
) -> None:
    give(right(query, shop[0]), key="one")
    other = give({**right(query, shop[0]), "verdict": "wrong"}, key="one")
    told = (other.status_code, other.json()["code"])
    assert told == (422, "idempotency_key_reused")
    assert Feedback.objects.get().verdict == "right"


def test_keys_of_different_senders_have_nothing_to_do_with_each_other(
    shop: list[Product], query: str
) -> None:
    give(right(query, shop[0]), key="one")
    assert (
        give(right(query, shop[1]), key="one", address="192.0.2.2").status_code == 201
    )
    _, secret = AppKey.objects.make("App")
    client = APIClient(REMOTE_ADDR="192.0.2.1")
    headers = {"Idempotency-Key": "one", "Authorization": f"Bearer {secret}"}
    body = right(query, shop[2])
    assert (
        client.post(FEEDBACK, body, format="json", headers=headers).status_code == 201
    )
    assert Feedback.objects.values("sender").distinct().count() == 3


def test_without_a_key_each_request_counts(shop: list[Product], query: str) -> None:
    give(right(query, shop[0]))
    give(right(query, shop[0]))
    assert Feedback.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_named(shop: list[Product], query: str, key: str) -> None:
    answer = give(right(query, shop[0]), key=key)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_two_at_the_same_moment_are_one(
    shop: list[Product], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other comes between our looking for it and our saving."""
    look, looked = giving._earlier, []

    def looks_too_early(keyed: list[str], body: str) -> Feedback | None:
        looked.append(body)
        return None if len(looked) == 2 else look(keyed, body)

    monkeypatch.setattr(giving, "_earlier", looks_too_early)
    first = give(right(query, shop[0]), key="one").json()
    assert give(right(query, shop[0]), key="one").json() == first
    assert (Feedback.objects.count(), len(looked)) == (1, 3)


def test_a_sender_is_not_known_again_when_its_salt_is_gone(
    shop: list[Product], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    for day in days:
        monkeypatch.setattr(giving.timezone, "now", lambda day=day: day)
        giving.give(
            query, shop[0].pk, "right", sender="me", idempotency_key=str(day.day)
        )
    assert len(set(Feedback.objects.values_list("sender", flat=True))) == 3
    kept = [day.date() for day in days[1:]]
    assert list(Salt.objects.order_by("day").values_list("day", flat=True)) == kept
    again = {"sender": "me", "idempotency_key": "2"}
    giving.give(query, shop[0].pk, "right", **again)  # yesterday's key
    assert Feedback.objects.count() == 3


@pytest.mark.parametrize(
    ("field", "value", "status", "code"),
    [
        ("query", "altered", 410, "query_expired"),
        ("query", 5, 400, "invalid"),
        ("query", "", 400, "invalid"),
        ("query", "x" * 5000, 400, "invalid"),
        ("product", 10**6, 400, "unknown_product"),
        ("product", 10**30, 400, "invalid"),
        ("product", "1", 400, "invalid"),
        ("product", True, 400, "invalid"),
        ("product", 1.5, 400, "invalid"),
        ("product", -1, 400, "invalid"),
        ("verdict", "maybe", 400, "invalid"),
        ("verdict", ["right"], 400, "invalid"),
        ("comment", "nice", 400, "invalid"),
    ],
)
def test_what_is_wrong_is_told(
    shop: list[Product], query: str, field: str, value: Any, status: int, code: str
) -> None:
    answer = give({**right(query, shop[0]), field: value})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Feedback.objects.exists()


def test_a_hidden_product_can_be_no_answer(shop: list[Product], query: str) -> None:
    shop[0].active = False
    shop[0].save()
    assert give(right(query, shop[0])).json()["code"] == "unknown_product"


def test_staff_see_it_and_approve_what_may_train(
    shop: list[Product], query: str, admin_client: Client, tmp_path: Path
) -> None:
    give(right(query, shop[0]))
    give({**right(query, shop[1]), "verdict": "wrong"})
    page = reverse("admin:search_feedback_changelist")
    assert "p1" in admin_client.get(page).content.decode()
    chosen = Feedback.objects.get(verdict="wrong").pk
    for action, expected in (("approve", ["p1"]), ("withdraw", [])):
        fields = {"action": action, "_selected_action": [chosen]}
        assert admin_client.post(page, fields).status_code == 302
        call_command("export_feedback", str(tmp_path / "feedback.npz"))
        with np.load(tmp_path / "feedback.npz") as written:
            assert written["sku"].tolist() == expected
            assert written["right"].tolist() == [False] * len(expected)
            assert written["embedding"].shape == (len(expected), 512)
            assert written["code"].shape == (len(expected), 32)


def test_of_one_senders_verdicts_the_last_is_exported(
    shop: list[Product], query: str, tmp_path: Path
) -> None:
    give(right(query, shop[0]))
    give({**right(query, shop[0]), "verdict": "wrong"})
    Feedback.objects.update(approved=True)
    call_command("export_feedback", str(tmp_path / "feedback.npz"))
    with np.load(tmp_path / "feedback.npz") as written:
        assert written["right"].tolist() == [False]


def test_a_product_outside_the_answer_is_refused(
    shop: list[Product], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody teaches the shop what no search ever showed."""
    monkeypatch.setattr("search.answers.similar.SHORTLIST_IMAGES", 1)
    monkeypatch.setattr("search.answers.similar.MIN_PRODUCTS", 1)
    statuses = [give(right(query, product)).status_code for product in shop]
    assert sorted(statuses, reverse=True)[0] == 400 and 201 in statuses
    refused = give(right(query, shop[statuses.index(400)])).json()
    assert refused["code"] == "not_answered"


def test_the_filters_of_the_answer_say_what_is_in_it(
    shop: list[Product], query: str
) -> None:
    Product.objects.filter(pk=shop[0].pk).update(brand="Alba")
    body = right(query, shop[0])
    client = APIClient(REMOTE_ADDR="192.0.2.1")
    for brand, status in (("Alba", 201), ("Borea", 400)):
        answer = client.post(f"{FEEDBACK}?brand={brand}", body, format="json")
        assert answer.status_code == status
    answer = client.post(f"{FEEDBACK}?sort=price", body, format="json")
    assert answer.json()["errors"][0]["field"] == "sort"
