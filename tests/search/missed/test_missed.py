"""What shoppers looked for and did not find is counted, and nothing else is kept."""

import http.client
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from catalogue.models import Product
from search.answers import similar
from search.gallery.calibration import Match
from search.missed import counting
from search.models import Missed
from search.tasks import forget_missed_words
from tests.builders import make_image
from tests.search.asking import API, post_photo
from tests.search.shops import open_shop, send
from tests.servers import Server
from tests.wait import wait_until

pytestmark = pytest.mark.django_db

ANSWER_SECONDS = 10  # less than SQLite waits for its lock


@pytest.fixture
def nothing_close(monkeypatch: pytest.MonkeyPatch) -> list[Product]:
    shop = open_shop()
    monkeypatch.setattr(similar, "match_for", lambda similarity: Match.NONE)
    return shop


def counts() -> list[tuple[str, int]]:
    return list(Missed.objects.values_list("category", "count"))


def test_photos_to_which_nothing_comes_close_are_counted_by_kind(
    client: Client, nothing_close: list[Product]
) -> None:
    for _ in range(2):
        send(client, make_image(3))
    ((category, count),) = counts()
    assert category in {"Kind 0", "Kind 1"}
    assert count == 2
    post_photo(APIClient(), 3)
    assert counts() == [(category, 3)]


def test_a_photo_that_finds_something_is_not(client: Client) -> None:
    open_shop()
    send(client, make_image(3))
    assert counts() == []


@pytest.mark.parametrize("fields", [{"brand": "Alba"}, {"box": "0,0,0.5,0.5"}])
def test_a_narrower_search_is_not_counted_again(
    client: Client, nothing_close: list[Product], fields: dict[str, str]
) -> None:
    send(client, make_image(3), **fields)
    post_photo(APIClient(), 3, **fields)
    assert counts() == []


def test_paging_is_not_counted_again(
    client: Client, nothing_close: list[Product]
) -> None:
    url = send(client, make_image(3)).context["page"].url
    client.get(url)
    assert counts()[0][1] == 1


def test_an_answer_never_fails_by_the_count(
    client: Client, nothing_close: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(counting.Missed.objects, "get_or_create", locked)
    assert send(client, make_image(3)).status_code == 200


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_no_search_waits_for_its_count(web_server: Callable[[], Server]) -> None:
    open_shop()
    shop = web_server()

    def search() -> int:
        return ask(shop.port, f"{API}search/words/?q=submarine", ANSWER_SECONDS)

    with transaction.atomic():
        # Not committed: who counts the same words waits for us.
        Missed.objects.create(day=timezone.localdate(), words="submarine", count=1)
        assert [search() for _ in range(20)] == [200] * 20
    wait_until(lambda: counted_words() == {"submarine": 21}, timeout=60)


def ask(port: int, path: str, seconds: float) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


# Words


def counted_words() -> dict[str, int]:
    return dict(Missed.objects.exclude(words="").values_list("words", "count"))


def test_words_that_find_nothing_are_counted(client: Client) -> None:
    open_shop()
    for said in ("Submarine", "submarine ", "thing"):
        client.get("/search/", {"q": said})
    APIClient().get("/api/v1/search/words/", {"q": "SUBMARINE"})
    assert counted_words() == {"submarine": 3}


@pytest.mark.parametrize("more", [{"brand": "Alba"}, {"page": "2"}])
def test_filtered_and_paged_words_are_not_counted(
    client: Client, more: dict[str, str]
) -> None:
    open_shop()
    client.get("/search/", {"q": "submarine", **more})
    APIClient().get("/api/v1/search/words/", {"q": "submarine", **more})
    assert counted_words() == {}


def test_a_reload_of_words_is_not_counted_again(client: Client) -> None:
    open_shop()
    page = client.get("/search/", {"q": "submarine"}).context["page"]
    client.get(page.url)
    assert counted_words() == {"submarine": 1}


@pytest.mark.parametrize(
    "said", ["somebody@example.org", "+49 170 1234567", "4111-1111-1111-1111"]
)
def test_what_may_be_personal_is_not_kept(client: Client, said: str) -> None:
    open_shop()
    client.get("/search/", {"q": said})
    assert counted_words() == {}


def test_long_words_are_cut_and_old_ones_go(client: Client) -> None:
    open_shop()
    long_ago = timezone.localdate() - timedelta(days=counting.KEPT_DAYS + 1)
    Missed.objects.create(day=long_ago, words="zeppelin", count=7)
    Missed.objects.create(day=long_ago, category="Boats", count=7)
    client.get("/search/", {"q": "q" * 200})
    forget_missed_words()
    assert counted_words() == {"q" * counting.LONGEST: 1}
    assert Missed.objects.filter(category="Boats").exists()


def test_staff_sees_words_from_the_second_time_on(admin_client: Client) -> None:
    open_shop()
    admin_client.get("/search/", {"q": "submarine"})
    for _ in range(2):
        admin_client.get("/search/", {"q": "zeppelin"})
    page = admin_client.get(reverse("admin:search_missed_changelist"))
    shown = page.content.decode()
    assert ("zeppelin" in shown, "submarine" in shown) == (True, False)


def test_staff_sees_the_numbers(
    admin_client: Client, nothing_close: list[Product]
) -> None:
    send(admin_client, make_image(3))
    page = admin_client.get(reverse("admin:search_missed_changelist"))
    assert page.context["by_category"][0]["total"] == 1
    assert Missed.objects.get().category in page.content.decode()
