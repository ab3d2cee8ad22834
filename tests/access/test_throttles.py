"""How often the API may be called, and what it says of that."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, override_settings
from django.urls import reverse
from rest_framework.test import APIClient

from access import throttles
from access.models import AppKey
from tests.servers import RedisServer, Server

CATEGORIES = "/api/v1/categories/"
rates = override_settings(
    API_RATE_ANONYMOUS="3/minute", API_RATE_ADDRESS="4/minute", API_RATE_KEY="6/minute"
)


def ask(address: str = "192.0.2.1", secret: str = "", **headers: str) -> Any:
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    return APIClient(REMOTE_ADDR=address).get(CATEGORIES, headers=headers)


def passed(count: int, *args: Any, **headers: str) -> int:
    """How many of so many requests are let through."""
    answers = [ask(*args, **headers).status_code for _ in range(count)]
    assert set(answers) <= {200, 429}
    return answers.count(200)


@pytest.fixture
def limited(db: None) -> Any:
    with rates:
        yield


def test_who_asks_too_often_is_told_when_to_come_back(limited: None) -> None:
    assert passed(3) == 3
    refused = ask()
    told = refused.json()
    assert (refused.status_code, told["code"]) == (429, "throttled")
    assert refused["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_each_answer_says_how_much_is_left(limited: None) -> None:
    left = []
    for _ in range(5):
        answer = ask()
        assert answer["RateLimit-Policy"] == '"address";q=3;w=60'
        found = re.fullmatch(r'"address";r=(\d+);t=(\d+)', answer["RateLimit"])
        assert found and 0 < int(found[2]) <= 60
        left.append(int(found[1]))
    assert left == [2, 1, 0, 0, 0]


def test_the_window_moves(limited: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: clock)
    assert passed(2) == 2
    clock += 40
    assert passed(3) == 1
    clock += 21  # the first two are more than a minute ago
    assert passed(3) == 2


def test_a_clock_set_back_locks_nobody_out_for_long(
    limited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: clock)
    passed(3)
    clock -= 3600
    refused = ask()
    assert refused.status_code == 200 or int(refused["Retry-After"]) <= 60


def test_addresses_are_counted_apart(limited: None) -> None:
    assert passed(5, "192.0.2.1") == 3
    assert passed(5, "192.0.2.2") == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:5000", "192.0.2.1:6000", True),
        ("[2001:db8::1]:5000", "2001:db8::2", True),
        ("", "", True),
        ("unix:", "192.0.2.1", False),
    ],
)
def test_what_one_caller_can_call_from_is_one_address(
    limited: None, one: str, other: str, same: bool
) -> None:
    assert passed(3, one) == 3
    assert passed(3, other) == (0 if same else 3)


def test_a_forwarded_address_counts_only_from_a_proxy_of_ours(limited: None) -> None:
    assert sum(passed(1, **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(9)) == 3


def test_behind_a_proxy_the_address_is_the_one_that_it_saw(
    limited: None, settings: Any
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    for invented in range(9):
        forwarded = {"X-Forwarded-For": f"10.0.0.{invented}, 198.51.100.7"}
        assert passed(1, **forwarded) == (invented < 3)
    assert passed(3, **{"X-Forwarded-For": "198.51.100.8"}) == 3


def test_a_key_may_ask_more_often_from_each_address_and_in_all(limited: None) -> None:
    _, secret = AppKey.objects.make("App")
    assert passed(9, "192.0.2.1", secret) == 4
    answer = ask("192.0.2.2", secret)
    assert answer["RateLimit-Policy"] == '"address";q=4;w=60, "key";q=6;w=60'
    assert answer["RateLimit"].startswith('"address";r=3;t=60, "key";r=1;')
    assert passed(9, "192.0.2.2", secret) == 1
    assert passed(9, "192.0.2.3") == 3


def test_a_key_can_have_a_rate_of_its_own(limited: None) -> None:
    _, secret = AppKey.objects.make("App", rate=2)
    assert passed(9, "192.0.2.1", secret) == 2


def test_guessing_keys_is_throttled(limited: None) -> None:
    answers = [ask("192.0.2.1", "wrong").status_code for _ in range(5)]
    assert answers == [401, 401, 401, 429, 429]


def test_the_status_is_never_throttled(limited: None) -> None:
    answers = [APIClient().get("/api/v1/status/") for _ in range(5)]
    assert 429 not in {answer.status_code for answer in answers}
    assert "RateLimit" not in answers[0]


def test_without_a_rate_nothing_is_counted(db: None) -> None:
    assert "RateLimit" not in ask()


def test_while_redis_is_away_each_process_counts(limited: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert passed(9) == 3


@pytest.mark.slow
def test_a_count_begun_in_redis_goes_on_here_when_redis_ends(
    limited: None, settings: Any, redis_server: RedisServer
) -> None:
    settings.REDIS_URL = redis_server.url
    assert passed(2) == 2
    redis_server.stop()
    assert passed(9) == 3
    redis_server.start()
    throttles.reset()
    assert passed(9) == 3


@pytest.mark.parametrize("rate", ["often", "0/minute", "-1/minute", "5"])
def test_a_rate_that_is_none_is_said_at_the_start(rate: str) -> None:
    with override_settings(API_RATE_KEY=rate), pytest.raises(SystemCheckError):
        call_command("check")


@pytest.fixture
def two_processes(
    environment: dict[str, str],
    redis_server: RedisServer,
    web_server: Callable[[], Server],
) -> Server:
    environment["REDIS_URL"] = redis_server.url
    environment["API_RATE_ANONYMOUS"] = "20/minute"
    return web_server()


def status_of(server: Any, secret: str = "") -> int:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    try:
        with urlopen(Request(server.url + CATEGORIES, headers=headers)) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_web_processes_count_together_in_redis(two_processes: Server) -> None:
    with ThreadPoolExecutor(8) as at_once:
        answers = list(at_once.map(lambda _: status_of(two_processes), range(60)))
    assert (answers.count(200), answers.count(429)) == (20, 40)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_key_revoked_in_admin_is_refused_at_once_by_every_process(
    two_processes: Server, admin_client: Client
) -> None:
    key, secret = AppKey.objects.make("App")
    with ThreadPoolExecutor(4) as at_once:
        before = set(at_once.map(lambda _: status_of(two_processes, secret), range(24)))
        action = {"action": "revoke", "_selected_action": [key.pk]}
        admin_client.post(reverse("admin:access_appkey_changelist"), action)
        after = set(at_once.map(lambda _: status_of(two_processes, secret), range(12)))
    assert before == {200}
    assert after == {401}
