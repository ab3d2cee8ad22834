"""What the API says to photos that are none, and where a photo never goes."""

import http.client
import io
import os
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from PIL import ExifTags, Image
from rest_framework.test import APIClient

from catalogue import images
from search import api
from tests.builders import draw_picture, make_image
from tests.search.asking import API, PHOTO, a_file, open_varied_shop, post_photo, skus
from tests.servers import Server

pytestmark = [
    pytest.mark.database,
    # Pillow says of nonsense EXIF that it is that.
    pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\..*"),
]

PROBLEM = "application/problem+json"
FIELDS = {"type", "title", "status", "detail", "code", "errors"}


@pytest.fixture
def client(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


def png(width: int, height: int) -> bytes:
    """A PNG whose header says this size, with hardly anything behind it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def turned() -> bytes:
    """The picture of seed 0 as a phone stores it that was held upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    picture = draw_picture(0).transpose(Image.Transpose.ROTATE_90)
    picture.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def animated(format: str) -> bytes:
    frames = [draw_picture(seed) for seed in (0, 7)]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:], duration=99)
    return out.getvalue()


def sixteen_bit() -> bytes:
    grey = np.asarray(draw_picture(0).convert("L")).astype(np.uint16) * 257
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG")
    return out.getvalue()


def nonsense_exif() -> bytes:
    content = make_image(0)
    segment = b"Exif\0\0II*\0" + b"\xff" * 60
    length = struct.pack(">H", len(segment) + 2)
    return content[:2] + b"\xff\xe1" + length + segment + content[2:]


BAD: dict[str, tuple[bytes, int, str]] = {
    "text": (b"hello " * 100, 415, "not_an_image"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not_an_image"),
    "pdf": (b"%PDF-1.7\n" + b"x" * 500, 415, "not_an_image"),
    "zip": (b"PK\x03\x04" + b"\0" * 500, 415, "not_an_image"),
    "script": (b"#!/bin/sh\nrm -rf /\n", 415, "not_an_image"),
    "zeros": (b"\0" * 5000, 415, "not_an_image"),
    "empty": (b"", 422, "empty_file"),
    "truncated": (make_image(0)[:2000], 422, "damaged_image"),
    "only a start": (b"\xff\xd8\xff\xe0" + b"\0" * 20, 422, "damaged_image"),
    "damaged png": (make_image(0, format="PNG")[:-300], 422, "damaged_image"),
    "huge header": (png(100_000, 100_000), 422, "too_many_pixels"),
    "endless header": (png(2**31 - 1, 2**31 - 1), 422, "too_many_pixels"),
    "bomb": (png(20_000, 20_000), 422, "too_many_pixels"),
    "one pixel": (make_image(size=(1, 1), format="PNG"), 422, "image_too_small"),
    "seven high": (make_image(size=(90, 7), format="PNG"), 422, "image_too_small"),
}

GOOD: dict[str, Callable[[], bytes]] = {
    "turned": turned,
    "animated gif": lambda: animated("GIF"),
    "animated webp": lambda: animated("WEBP"),
    "cmyk": lambda: make_image(0, mode="CMYK"),
    "palette": lambda: make_image(0, mode="P", format="PNG"),
    "palette with transparency": lambda: make_image(
        0, mode="P", format="PNG", transparency=255
    ),
    "alpha": lambda: make_image(0, mode="RGBA", format="PNG"),
    "nonsense exif": nonsense_exif,
    "avif": lambda: make_image(0, format="AVIF"),
    "tiff": lambda: make_image(0, format="TIFF"),
    "bmp": lambda: make_image(0, format="BMP"),
    "script behind": lambda: make_image(0) + b"<script>alert(1)</script>" * 9,
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_photo_is_told_what_is_wrong(client: APIClient, name: str) -> None:
    content, expected, code = BAD[name]
    start = time.monotonic()
    status, problem = post_photo(client, content)
    assert (status, problem["code"]) == (expected, code)
    assert problem.keys() == FIELDS
    assert problem["status"] == status
    assert [error["field"] for error in problem["errors"]] == ["photo"]
    assert time.monotonic() - start < 1


@pytest.mark.skipif(images.HEIC, reason="the extra is installed")
def test_heic_is_told_what_to_do_instead(client: APIClient) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200
    status, problem = post_photo(client, heic)
    assert (status, problem["code"]) == (415, "heic_not_supported")
    assert "JPEG" in problem["detail"]


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


def test_a_body_too_large_is_refused_by_its_length_alone(client: APIClient) -> None:
    class Untouchable(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("the body was read")

    content_type = "multipart/form-data; boundary=b"
    extra = {"CONTENT_LENGTH": str(60 * 2**20), "wsgi.input": Untouchable()}
    request = client.generic
    response = request("POST", PHOTO, content_type=content_type, **extra)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_many_small_fields_are_too_many(client: APIClient) -> None:
    fields = {f"f{number}": "x" for number in range(1100)}
    assert client.post(PHOTO, fields).status_code == 400
    big = {"photo": a_file(b"1"), "brand": "x" * 3_000_000}
    assert client.post(PHOTO, big).status_code == 413


@contextmanager
def files_written() -> Iterator[list[str]]:
    """Everything that Python opens for writing, inside, by any name."""
    written: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event == "open":
            path, _, flags = arguments
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path != os.devnull:
                written.append(str(path))
        if event.startswith(("tempfile.", "os.mkdir", "os.rename")):
            written.append(event)

    sys.addaudithook(hook)
    try:
        yield written
    finally:
        watching = False  # a hook cannot be removed


def test_no_query_photo_touches_the_disk(client: APIClient) -> None:
    open_varied_shop(3)
    post_photo(client)  # makes the thumbnails of the answer
    noise = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    photo = file.getvalue()
    assert len(photo) > 9_000_000
    before = sorted(Path(django_settings.DATA_DIR).rglob("*"))
    with files_written() as written:
        assert post_photo(client, photo)[0] == 200
        assert post_photo(client, photo[:-9000])[0] == 422
        two = {"photo": [a_file(photo), a_file(photo)]}
        assert client.post(PHOTO, two).status_code == 400
    assert written == []
    after = sorted(Path(django_settings.DATA_DIR).rglob("*"))
    assert {path.suffix for path in {*after} - {*before}} <= {".sqlite3-wal"}


def boundaried(size: int) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n'
    return head + b"\0" * size + b"\r\n--b--\r\n"


def send(port: int, body: Any, **headers: str) -> tuple[int, bytes, float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "multipart/form-data; boundary=b", **headers}
    start = time.monotonic()
    connection.request("POST", PHOTO, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.headers["Content-Type"] == PROBLEM
    return answer.status, content, time.monotonic() - start


@pytest.mark.slow
def test_a_body_of_60_mb_gets_its_413_and_no_reset(
    web_server: Callable[[], Server],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    port = web_server().port
    body = boundaried(60_000_000)
    for headers in ({}, {"Connection": "close"}):
        assert send(port, body, **headers)[0] == 413
        pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
        assert send(port, pieces, **headers)[0] == 413
    # Without a length, and small enough: read, and found to be no picture.
    assert send(port, iter([boundaried(5000)]))[0] == 415
    assert send(port, boundaried(19_000_000))[0] == 415
    assert list(folder.iterdir()) == []
