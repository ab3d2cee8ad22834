"""No input from outside gives a 500: whatever is sent, the API has an answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from catalogue.filters import ProductFilters
from config.wsgi import application
from search.web.forms import FilterForm, PhotoSearchForm
from tests.builders import make_image
from tests.search.asking import API, PHOTO, get, open_varied_shop, post_photo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\..*"),
]
PROBLEM = "application/problem+json"

fuzzed = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ODD_WORDS = [
    *("", "0", "-1", "1" * 30, "1e400", "-1e400", "NaN", "sNaN", "Infinity", "1_0"),
    *("0E+999999999", "1E-999999999", "9" * 5000, "٣", "²", "0x10", "1,5", " 1 "),
    *("a\0b", "\ud800", "\udcff", "😀", "\u202e", "true", "'; DROP TABLE x;--", "%s"),
    *("%(x)s", "{}", "../..", "home", "Alba", "__all__", "price", "-price"),
]
PRODUCTS = [*ProductFilters.base_filters, "cursor", "limit"]
words = st.sampled_from(ODD_WORDS) | st.text(max_size=40)
names = st.sampled_from(
    [
        *PhotoSearchForm.base_fields,
        "query",
        "cursor",
        "format",
        "photo[]",
        "__all__",
        "",
    ]
)
# What a server lets through as a header: no control characters, Latin-1.
headers = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"),
    max_size=60,
)
charsets = st.sampled_from(["utf-7", "base64", "rot13", "idna", "utf-16", "zip", "x"])
FRAGMENTS = [
    *(
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"--b",
        b"--",
        b"b",
        b"\n",
        b"\0",
    ),
    b'Content-Disposition: form-data; name="photo"; filename="x.jpg"\r\n',
    b'Content-Disposition: form-data; name="limit"\r\n',
    b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=x'y'%00\r\n",
    b"Content-Disposition: form-data\r\n",
    b"Content-Disposition: form-data; name=\xff\xfe; filename=\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: image/jpeg; charset=utf-7\r\n",
    b"Content-Length: -1\r\n",
    b"X: " + b"y" * 2000 + b"\r\n",
]
bodies = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=30), max_size=14).map(
    b"".join
)
PICTURES = {
    name: make_image(format=name, size=(60, 40))
    for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
}


class Environ(RequestFactory):
    def request(self, **request: Any) -> Any:
        return self._base_environ(**request)


@pytest.fixture
def client(db: None) -> APIClient:
    open_varied_shop(4)
    return APIClient()


@contextmanager
def kept_connection() -> Iterator[None]:
    """Between requests a server looks after its connections; the test's is not its."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def assert_answered(
    method: str, url: str, body: bytes = b"", content_type: str = "", **extra: str
) -> None:
    """By the outermost door, with no 500; if with an error, then as a problem."""
    answered: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        answered.update(headers, status=int(status.split()[0]))

    environ = Environ().generic(method, url, body, content_type, **extra)
    with kept_connection():
        answer = application(environ, start_response)
        content = b"".join(answer)
        answer.close()
    assert answered["status"] < 500, content
    if answered["status"] >= 400:
        assert answered["Content-Type"] == PROBLEM
        if method != "HEAD":
            assert json.loads(content)["status"] == answered["status"]


def part(name: str, value: str) -> bytes:
    said = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")
    head = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n' % said
    return head + value.encode("utf-8", "surrogatepass") + b"\r\n"


def photo_part(content: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="photo"; filename="x"\r\n\r\n'
    return b"--b\r\n" + head + content + b"\r\n"


@fuzzed
@given(body=bodies, boundary=st.sampled_from(["b", "", "b" * 300, "é", '"b"', "b;q"]))
def test_any_body(client: APIClient, body: bytes, boundary: str) -> None:
    content_type = f"multipart/form-data; boundary={boundary}"
    assert_answered("POST", PHOTO, body, content_type)


@fuzzed
@given(fields=st.lists(st.tuples(names, words), max_size=5), charset=charsets)
def test_any_field_beside_a_photo(
    client: APIClient, fields: list[tuple[str, str]], charset: str
) -> None:
    parts = [part(name, value) for name, value in fields]
    body = b"".join([photo_part(PICTURES["PNG"]), *parts, b"--b--\r\n"])
    content_type = f"multipart/form-data; boundary=b; charset={charset}"
    assert_answered("POST", PHOTO, body, content_type)


def test_each_odd_value_in_each_field(client: APIClient) -> None:
    _, answer = post_photo(client)
    search = f"search/?query={quote(answer['query'])}"
    taken = {search: FilterForm.base_fields, "products/?limit=1": PRODUCTS}
    for path, fields in {**taken, "schema/?x=1": ["format", "lang"]}.items():
        for name, word in product(fields, ODD_WORDS):
            value = quote(word.encode("utf-8", "surrogatepass"))
            assert_answered("GET", f"{API}{path}&{name}={value}")


@fuzzed
@given(
    path=st.sampled_from(["search/", "products/", "categories/", "status/", "schema/"])
    | st.sampled_from(["products/1/", "products/1/similar/", "docs/"]),
    pairs=st.lists(st.tuples(names, st.binary(max_size=20) | words), max_size=4),
    charset=charsets,
)
def test_any_query_string(
    client: APIClient, path: str, pairs: list[tuple[str, bytes | str]], charset: str
) -> None:
    query = "&".join(
        quote(name)
        + "="
        + quote_from_bytes(
            value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        )
        for name, value in pairs
    )
    content_type = f"text/plain; charset={charset}"
    assert_answered("GET", f"{API}{path}", b"", content_type, QUERY_STRING=query)


@fuzzed
@given(path=st.binary(max_size=40), method=st.sampled_from(["GET", "PUT", "OPTIONS"]))
def test_any_path(client: APIClient, path: bytes, method: str) -> None:
    assert_answered(method, API + quote_from_bytes(path))


@fuzzed
@given(
    name=st.sampled_from(
        ["ACCEPT", "ACCEPT_LANGUAGE", "HOST", "COOKIE", "IF_NONE_MATCH", "RANGE"]
        + ["X_FORWARDED_PROTO", "X_FORWARDED_HOST", "X_HTTP_METHOD_OVERRIDE", "X"]
        + ["IF_MODIFIED_SINCE", "CONTENT_ENCODING", "TRANSFER_ENCODING", "HX_REQUEST"]
    ),
    value=headers,
)
@example("ACCEPT", "application/json; x*=foo'en'%ff")
@example("ACCEPT", "application/json; charset=base64; q=NaN")
@example("ACCEPT_LANGUAGE", "x*=foo'en'%ff;q=1e400")
def test_any_header(client: APIClient, name: str, value: str) -> None:
    assert_answered("GET", f"{API}products/", **{f"HTTP_{name}": value})


@fuzzed
@given(value=headers)
@example("text/plain; charset=base64")
@example("multipart/form-data; boundary=b; x*=foo'en'%ff")
@example("multipart/form-data; boundary*=utf-8'en'%ff")
def test_any_content_type(client: APIClient, value: str) -> None:
    body = photo_part(PICTURES["PNG"]) + b"--b--\r\n"
    assert_answered("POST", PHOTO, body, value)
    assert_answered("POST", PHOTO, body, f"multipart/form-data; {value}")


@fuzzed
@given(
    format=st.sampled_from(sorted(PICTURES)),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8),
    keep=st.floats(0, 1),
)
def test_any_damage(
    client: APIClient, format: str, changes: list[tuple[float, int]], keep: float
) -> None:
    content = bytearray(PICTURES[format])
    for place, value in changes:
        content[int(place * len(content))] = value
    if keep < 0.5:
        del content[int(keep * 2 * len(content)) :]
    status, _ = post_photo(client, bytes(content))
    assert status in (200, 415, 422)


@fuzzed
@given(token=words | headers, place=st.floats(0, 0.999), letter=st.characters())
def test_any_token(client: APIClient, token: str, place: float, letter: str) -> None:
    _, answer = post_photo(client)
    altered = list(answer["query"])
    altered[int(place * len(altered))] = letter
    for query in (token, "".join(altered)):
        value = quote(query.encode("utf-8", "surrogatepass"))
        assert_answered("GET", f"{API}search/?query={value}")
    assert get(client, "search/", {"query": answer["query"]})["count"] == 4
