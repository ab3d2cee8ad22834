"""Where a photo goes while it is received: into memory, and no further."""

import http.client
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from PIL import Image
from rest_framework.test import APIClient

from tests.builders import make_image
from tests.search.asking import API, PHOTO, a_file, open_varied_shop, post_photo
from tests.servers import WebServer

pytestmark = pytest.mark.database

PROBLEM = "application/problem+json"


@pytest.fixture
def client(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


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
            is_pipe = isinstance(path, int)
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and not is_pipe and path != os.devnull:
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
        assert post_photo(client, make_image(format="AVIF"))[0] == 200
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


def load_encoder(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"{API}status/")
    assert connection.getresponse().status == 503
    connection.close()


@pytest.mark.slow
def test_a_body_of_60_mb_gets_its_413_and_no_reset(
    web_server: Callable[[], WebServer],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    port = web_server().port
    load_encoder(port)
    # What the server's libraries leave there at their start is none of a photo.
    before = set(folder.iterdir())
    body = boundaried(60_000_000)
    for headers in ({}, {"Connection": "close"}):
        assert send(port, body, **headers)[0] == 413
        pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
        assert send(port, pieces, **headers)[0] == 413
    # Without a length, and small enough: read, and found to be no picture.
    assert send(port, iter([boundaried(5000)]))[0] == 415
    assert send(port, boundaried(19_000_000))[0] == 415
    assert set(folder.iterdir()) == before
