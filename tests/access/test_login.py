"""Admin's login is throttled by address, as the API is."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

LOGIN = "/admin/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def low_rate(settings: Any) -> None:
    settings.LOGIN_RATE = "3/minute"


def guess(client: Client, password: str = "wrong", address: str = "192.0.2.1") -> Any:
    form = {"username": "boss", "password": password}
    return client.post(LOGIN, form, REMOTE_ADDR=address)


def test_guesses_of_one_address_come_to_an_end(client: Client) -> None:
    User.objects.create_superuser("boss", password="right")
    statuses = [guess(client).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = guess(client, "right")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "Too many attempts" in refused.content.decode()


def test_another_address_may_log_in_meanwhile(client: Client) -> None:
    User.objects.create_superuser("boss", password="right")
    for _ in range(4):
        guess(client)
    assert guess(client, "right", "192.0.2.2").status_code == 302


def test_the_page_itself_is_always_shown(client: Client) -> None:
    for _ in range(4):
        guess(client)
    assert client.get(LOGIN, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_it_is_said_in_chinese(client: Client) -> None:
    for _ in range(4):
        guess(client)
    form = {"username": "boss", "password": "wrong"}
    refused = client.post(
        LOGIN, form, REMOTE_ADDR="192.0.2.1", headers={"accept-language": "zh-hans"}
    )
    assert "尝试次数过多" in refused.content.decode()


def test_without_a_rate_nobody_is_refused(client: Client, settings: Any) -> None:
    settings.LOGIN_RATE = ""
    assert {guess(client).status_code for _ in range(6)} == {200}
