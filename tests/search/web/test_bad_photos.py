"""What the API says to photos that are none, and where a photo never goes."""

import time
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from catalogue.media import images
from pictures import isolation
from pictures.formats import HEIC
from search.web import api
from tests.builders import make_image
from tests.pictures import hostile
from tests.search.asking import API, PHOTO, a_file, open_varied_shop, post_photo, skus
from tests.search.odd_pictures import BAD, GOOD, sixteen_bit

pytestmark = [
    pytest.mark.database,
    # Pillow says of nonsense EXIF that it is that.
    pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\..*"),
]

PROBLEM = "application/problem+json"
FIELDS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


@pytest.fixture
def client(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_photo_is_told_what_is_wrong(client: APIClient, name: str) -> None:
    content, expected, code = BAD[name]
    start = time.process_time()  # of this process alone: other tests may be running
    status, problem = post_photo(client, content)
    assert (status, problem["code"]) == (expected, code)
    assert problem.keys() == FIELDS
    assert problem["status"] == status
    assert [error["field"] for error in problem["errors"]] == ["photo"]
    assert time.process_time() - start < 1


@pytest.mark.skipif(HEIC, reason="the extra is installed")
def test_heic_is_told_what_to_do_instead(client: APIClient) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200
    status, problem = post_photo(client, heic)
    assert (status, problem["code"]) == (415, "heic_not_supported")
    assert "JPEG" in problem["detail"]


def test_while_large_photos_are_opened_others_are_told_when_to_come_back(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_varied_shop(3)
    monkeypatch.setattr(images, "PATIENCE", 0.05)
    large = hostile.png(4000, 4000, colour=6)
    with isolation._large:
        response = client.post(PHOTO, {"photo": a_file(large)})
        assert (response.status_code, response.json()["code"]) == (503, "decoder_busy")
        assert int(response["Retry-After"]) > 0
        page = client.post("/search/", {"photo": a_file(large)})
        assert (page.status_code, page["Retry-After"]) == (503, "10")
        assert post_photo(client, make_image())[0] == 200


def test_odd_but_whole_photos_are_answered_like_the_plain_one(
    client: APIClient,
) -> None:
    open_varied_shop()
    for name, make in GOOD.items():
        status, answer = post_photo(client, make())
        assert status == 200, (name, answer)
        assert skus(answer["results"])[0] == "p0", name
    assert post_photo(client, sixteen_bit())[0] == 200


def test_the_name_and_type_that_are_claimed_do_not_count(client: APIClient) -> None:
    open_varied_shop(3)
    for name in ("photo.exe", "../../etc/passwd", "a\0b.jpg", "…", "x" * 500):
        file = a_file(make_image(), name)
        assert client.post(PHOTO, {"photo": file}).status_code == 200, name


FIELD_ERRORS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["photo"]),
    ({"photo": "not a file"}, ["photo"]),
    ({"photo": [a_file(b"1"), a_file(b"2")]}, ["photo"]),
    ({"photo": a_file(b"1"), "picture": a_file(b"1")}, ["picture"]),
    ({"photo": a_file(b"1"), "color": "red", "fo\0o": "1"}, ["color", "fo\0o"]),
    ({"photo": a_file(b"1"), "limit": "0"}, ["limit"]),
    ({"photo": a_file(b"1"), "limit": "51"}, ["limit"]),
    ({"photo": a_file(b"1"), "limit": "-1"}, ["limit"]),
    ({"photo": a_file(b"1"), "limit": "many"}, ["limit"]),
    ({"photo": a_file(b"1"), "limit": "9" * 5000}, ["limit"]),
    ({"photo": a_file(b"1"), "page": str(10**30)}, ["page"]),
    ({"photo": a_file(b"1"), "sort": "random"}, ["sort"]),
    ({"photo": a_file(b"1"), "in_stock": "perhaps"}, ["in_stock"]),
    ({"photo": a_file(b"1"), "category": "nowhere"}, ["category"]),
    ({"photo": a_file(b"1"), "category": "a\0b"}, ["category"]),
    ({"photo": a_file(b"1"), "brand": "a\0b"}, ["brand"]),
    ({"photo": a_file(b"1"), "colour": "x" * 101}, ["colour"]),
    ({"photo": a_file(b"1"), "min_price": "NaN"}, ["min_price"]),
    ({"photo": a_file(b"1"), "max_price": "1e400"}, ["max_price"]),
    ({"photo": a_file(b"1"), "min_price": "-1"}, ["min_price"]),
    ({"photo": a_file(b"1"), "min_price": "5", "max_price": "4"}, ["max_price"]),
]


@pytest.mark.parametrize(("fields", "wrong"), FIELD_ERRORS)
def test_a_wrong_field_is_named(
    client: APIClient, fields: dict[str, Any], wrong: list[str]
) -> None:
    response = client.post(PHOTO, fields)
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == PROBLEM
    assert [error["field"] for error in response.json()["errors"]] == wrong


OTHER: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "search/photo/", {}, 405, "method_not_allowed"),
    ("DELETE", "products/", {}, 405, "method_not_allowed"),
    ("POST", "search/", {"data": b""}, 405, "method_not_allowed"),
    ("GET", "nowhere/", {}, 404, "not_found"),
    ("POST", "nowhere/", {"data": b"x"}, 404, "not_found"),
    ("GET", "products/abc/", {}, 404, "not_found"),
    ("GET", "products/?cursor=%ff", {}, 404, "not_found"),
    ("POST", "search/photo/?limit=3", {}, 400, "invalid"),
    ("GET", "products/", {"HTTP_ACCEPT": "image/png"}, 406, "not_acceptable"),
    ("GET", "products/", {"HTTP_HOST": "evil.example"}, 400, "bad_request"),
    ("GET", "products/", {"HTTP_HOST": "a b"}, 400, "bad_request"),
    (
        *("POST", "search/photo/"),
        {"data": b"{}", "content_type": "application/json"},
        *(415, "unsupported_media_type"),
    ),
    (
        *("POST", "search/photo/"),
        {"data": b"\xff\xd8\xff", "content_type": "image/jpeg"},
        *(415, "unsupported_media_type"),
    ),
    (
        *("POST", "search/photo/"),
        {"data": b"--b--", "content_type": "multipart/form-data"},
        *(400, "parse_error"),
    ),
    (
        *("POST", "search/photo/"),
        {"data": b"", "content_type": "multipart/form-data; boundary=b"},
        *(400, "invalid"),
    ),
]


@pytest.mark.parametrize(("method", "path", "extra", "status", "code"), OTHER)
def test_every_other_error_is_a_problem_too(
    client: APIClient,
    method: str,
    path: str,
    extra: dict[str, Any],
    status: int,
    code: str,
) -> None:
    response = client.generic(method, f"{API}{path}", **extra)
    assert response["Content-Type"] == PROBLEM
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json().keys() == FIELDS
    assert int(response["Content-Length"]) == len(response.content)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ZeroDivisionError("secret"), 500, "error"),
        (OperationalError("secret"), 503, "database_unavailable"),
    ],
)
def test_what_nobody_expected_is_a_problem_without_a_trace(
    client: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(api, "similar_to_photo", fail)
    response = client.post(PHOTO, {"photo": a_file(make_image())})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert b"secret" not in response.content
    assert response["Content-Type"] == PROBLEM


def test_errors_are_told_in_the_language_of_the_request(client: APIClient) -> None:
    response = client.get(f"{API}search/", headers={"accept-language": "zh-hans"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["detail"] == "该字段是必填项。"
