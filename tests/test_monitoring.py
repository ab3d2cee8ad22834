"""What a monitor asks: does it live, can it answer, how much, how fast."""

import errno
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.metrics import requests_seconds, requests_total
from search.answers.metrics import answers, stage_seconds
from search.encoders import counts, encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product

TOKEN = "a-long-token"


@pytest.fixture
def shop(db: None) -> None:
    for number in range(3):
        new_product(images=[number])
    encoding.encode_missing()
    snapshots.build()


def metrics(client: Client, token: str = TOKEN) -> str:
    response = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    return response.content.decode()


def value(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[-1])


def test_a_process_lives_whatever_is_wrong_with_the_rest(client: Client) -> None:
    # No fixture lets this test at the database: it would be an error to ask it.
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.database
def test_a_shop_that_can_answer_is_ready(client: Client, shop: None) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"] == dict.fromkeys(
        ("database", "encoder", "engine", "gallery"), "ok"
    )


def test_a_shop_without_a_gallery_says_so(client: Client, db: None) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert (checks["database"], checks["encoder"]) == ("ok", "ok")
    assert "no snapshot" in checks["gallery"]


def test_a_shop_with_a_damaged_encoder_says_which(
    client: Client, db: None, settings: Any, tmp_path: Any
) -> None:
    settings.ENCODER = tmp_path
    response = client.get("/readyz")
    assert response.status_code == 503
    assert str(tmp_path) in response.json()["checks"]["encoder"]


def test_a_broker_that_is_away_is_told_and_does_no_harm(
    client: Client, shop: None, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["broker"] == "it does not answer"


# Metrics


def test_without_a_token_there_are_no_metrics(client: Client, db: None) -> None:
    assert client.get("/metrics").status_code == 404


def test_metrics_are_for_those_who_know_the_token(
    client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        response = client.get("/metrics", headers=headers)
        assert response.status_code == 401
        assert b"semblance_" not in response.content


def test_metrics_count_searches_and_tell_of_the_gallery(
    client: Client, shop: None, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    searched = 'semblance_http_requests_total{method="POST",status="200",view='
    before = metrics(client)
    photo = SimpleUploadedFile("a.jpg", make_image(1), "image/jpeg")
    assert client.post("/api/v1/search/photo/", {"photo": photo}).status_code == 200
    after = metrics(client)
    assert value(after, "semblance_gallery_up") == 1
    assert value(after, "semblance_gallery_images") == 3
    assert value(after, "semblance_images_waiting") == 0
    for name in (
        searched + '"api:search-photo"}',
        'semblance_search_stage_seconds_count{stage="encode"}',
    ):
        seen = value(before, name) if name in before else 0
        assert value(after, name) == seen + 1


def test_without_a_gallery_metrics_say_that_it_is_down(
    client: Client, db: None, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert value(metrics(client), "semblance_gallery_up") == 0


def test_paths_that_are_none_share_one_name(
    client: Client, db: None, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    client.get("/there/is/no/end/of/these")
    text = metrics(client)
    assert "no/end" not in text
    assert 'status="404",view="none"' in text


def test_a_count_that_fails_fails_no_request(
    client: Client, shop: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.METRICS_TOKEN = TOKEN

    def full(*labels: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for counter in (requests_seconds, requests_total, stage_seconds, answers):
        monkeypatch.setattr(counter, "labels", full)
    photo = SimpleUploadedFile("a.jpg", make_image(1), "image/jpeg")
    assert client.post("/api/v1/search/photo/", {"photo": photo}).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert "semblance_gallery_up" in metrics(client)


# Counting


@pytest.mark.database
def test_a_large_shop_is_not_counted_at_every_question(
    client: Client,
    shop: None,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    counts.reset()
    monkeypatch.setattr(counts, "LARGE_SHOP_IMAGES", 1)
    assert client.get("/api/v1/status/").json()["waiting"] == 0
    new_product(images=[7])
    with django_assert_max_num_queries(6) as asked:
        assert client.get("/api/v1/status/").json()["waiting"] == 0
    assert not any("COUNT(" in each["sql"] for each in asked.captured_queries)
    monkeypatch.setattr(counts, "CACHE_SECONDS", 0)
    assert client.get("/api/v1/status/").json()["waiting"] == 1
