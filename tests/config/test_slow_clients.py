"""Clients that send slowly, or never, keep nobody else from being served."""

import hashlib
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.servers import NginxServer, Server, WebServer
from tests.wait import wait_until

pytestmark = pytest.mark.slow

LOGIN = "/admin/login/"
IMPORT = "/admin/catalogue/catalogueimport/add/"
PHOTO = "/api/v1/search/photo/"
PLACES = [LOGIN, IMPORT, "/admin/catalogue/product/add/", "/search/", "/nowhere"]
NINE = 9  # two processes have four threads each
LARGE = "Content-Length: 150000000"
CHUNKED = "Transfer-Encoding: chunked"
MEGABYTE = b"x" * 1_000_000
PART = b'--b\r\nContent-Disposition: form-data; name="table"; filename="x"\r\n\r\n'


def head(path: str, *more: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: multipart/form-data; boundary=b",
        f"Cookie: csrftoken={32 * 'a'}",  # or nothing of the body is read
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def sent(port: int, data: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(data)
    return client


def status_of(client: socket.socket) -> int:
    answer = http.client.HTTPResponse(client)
    answer.begin()
    return answer.status


def assert_serves(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


@contextmanager
def clients(port: int, data: bytes, number: int = NINE) -> Iterator[list[Any]]:
    """So many that have sent this, and send no more."""
    with ExitStack() as stack:
        yield [stack.enter_context(sent(port, data)) for _ in range(number)]


@pytest.fixture(params=["gunicorn", "nginx"])
def port(
    request: pytest.FixtureRequest,
    gunicorn: WebServer,
    start: Callable[[Server], Server],
    tmp_path: Path,
) -> int:
    """Of the shop's door: gunicorn alone, or nginx before it."""
    if request.param == "gunicorn":
        return gunicorn.port
    request.getfixturevalue("needed_nginx")
    return start(NginxServer(tmp_path, gunicorn)).port


@pytest.fixture
def impatient(
    shop: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> Server:
    config = "tests/config/impatient.py"
    return start(WebServer(tmp_path, shop, "--config", config))


def test_nine_slow_clients_are_waited_for_without_a_thread(port: int) -> None:
    for path in PLACES:
        chunked = head(path, CHUNKED) + b"5\r\nabc"
        for data in (
            b"",
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".encode(),
            head(path, "Content-Length: 60000") + PART,
            head(path, "Content-Length: 20000000") + PART,
            head(path, LARGE) + PART,
            chunked,
        ):
            with clients(port, data):
                assert_serves(port)


def test_clients_that_never_hang_up_keep_no_thread(port: int) -> None:
    lines = [
        b"GET /api/v1/products/9/ HTTP/1.1",
        b"Host: localhost",
        b"Connection: close",
    ]
    request = b"\r\n".join([*lines, b"", b""])
    with clients(port, request) as answered:
        for client in answered:
            assert status_of(client) == 404
        assert_serves(port)


def test_nine_clients_that_do_not_take_their_answer_keep_no_thread(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/api/v1/encoder/")
    card = json.load(connection.getresponse())
    connection.close()
    network = max(card["files"], key=lambda file: int(file["size"]))
    path = urlsplit(network["url"]).path
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with clients(port, request) as reading:
        assert_serves(port)
        # Whoever takes it gets it whole.
        answer = http.client.HTTPResponse(reading[0])
        answer.begin()
        assert hashlib.sha256(answer.read()).hexdigest() == network["sha256"]
        assert_serves(port)


@pytest.mark.parametrize("more", [LARGE, CHUNKED])
def test_a_strangers_file_is_refused_before_it_is_sent(
    port: int, shop: dict[str, str], more: str
) -> None:
    is_chunked = more == CHUNKED
    piece = b"100000\r\n" + b"x" * 2**20 + b"\r\n" if is_chunked else b"x" * 2**20
    temporary = Path(shop["TMPDIR"])
    before = set(temporary.iterdir())
    for path, status in {LOGIN: 413, IMPORT: 302, "/search/feedback/": 413}.items():
        with sent(port, head(path, more) + (piece if is_chunked else PART)) as client:
            # nginx takes as much as a photo before it passes anything on.
            for _ in range(24 if is_chunked else 1):
                client.sendall(piece)
            assert status_of(client) == status
    assert set(temporary.iterdir()) == before


def test_a_client_still_sending_reads_why_it_is_refused(port: int) -> None:
    with sent(port, head(IMPORT, "Content-Length: 60000000")) as client:
        for _ in range(60):
            client.sendall(MEGABYTE)
        assert status_of(client) == 302


def test_an_import_is_taken_from_who_may(port: int, shop: dict[str, str]) -> None:
    cookie = f"sessionid={shop['SESSION']}; csrftoken={32 * 'a'}"
    fields = {"table": MEGABYTE * 30, "csrfmiddlewaretoken": b"a" * 32}
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b'; filename="x.csv"' if name == "table" else b"")
        + b"\r\n\r\n"
        + value
        + b"\r\n"
        for name, value in fields.items()
    )
    body += b"--b--\r\n"
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    for sending in (body, pieces):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        type_of = {"Content-Type": "multipart/form-data; boundary=b", "Cookie": cookie}
        connection.request("POST", IMPORT, sending, type_of)
        answer = connection.getresponse()
        assert answer.status == 302
        assert "/catalogueimport/" in answer.headers["Location"]
        connection.close()


def test_what_does_not_arrive_in_time_is_told(impatient: Server) -> None:
    for data in (
        b"GET / HT",
        head(LOGIN, "Content-Length: 9000"),
        head(PHOTO, "Content-Length: 900000"),
    ):
        with sent(impatient.port, data) as client:
            assert status_of(client) == 408
    with sent(impatient.port, b"") as client:
        assert client.recv(1) == b"", "closed without a word"


def test_malformed_chunks_are_told(port: int) -> None:
    for chunks in (
        b"zz\r\nabc\r\n",
        b"3\r\nabcdef\r\n0\r\n\r\n",
        b"-1\r\n",
        b"\r\n\r\n",
    ):
        for path in (LOGIN, PHOTO, "/search/", "/search/why/", "/api/v1/feedback/"):
            with sent(port, head(path, CHUNKED) + chunks) as client:
                assert status_of(client) == 400


def test_a_malformed_trailer_is_told(gunicorn: WebServer) -> None:
    for path in (LOGIN, PHOTO, "/search/", "/search/why/", "/api/v1/feedback/"):
        chunks = b"0\r\nX\r\n\r\n"
        with sent(gunicorn.port, head(path, CHUNKED) + chunks) as client:
            assert status_of(client) == 400


def test_what_is_no_request_is_told(port: int) -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(100_000))
    line = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    for data, statuses in (
        (b"\x16\x03\x01 and so on\r\n\r\n", {400}),
        (line + b"a b: c\r\n\r\n", {400}),
        (line + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", {400}),
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n", {400, 414}),
        (line + many + b"\r\n", {400, 431}),
    ):
        with sent(port, data) as client:
            assert status_of(client) in statuses


def test_more_clients_than_are_waited_for_push_out_the_oldest(
    shop: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    crowded = start(WebServer(tmp_path, shop, "--config", "tests/config/crowded.py"))
    with clients(crowded.port, b"", 100):
        assert_serves(crowded.port)


def test_parts_of_photos_take_no_more_memory_than_some_whole_ones(
    shop: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    environment = {**shop, "MAX_PHOTO_MB": "1", "WEB_CONCURRENCY": "1"}
    server = start(WebServer(tmp_path, environment))
    part = head(PHOTO, "Content-Length: 1000000") + b"x" * 900_000
    with clients(server.port, part) as sending:
        refused: list[socket.socket] = []

        def are_refused() -> bool:
            for client in sending:
                client.setblocking(False)
                try:
                    if client not in refused and client.recv(12) == b"HTTP/1.1 503":
                        refused.append(client)
                except BlockingIOError:
                    pass
            return len(refused) >= 2

        wait_until(are_refused)
        assert_serves(server.port)
    assert len(refused) < 6, "others are waited for"


def test_one_address_has_a_share_of_nginx_connections(
    needed_nginx: str,
    gunicorn: WebServer,
    start: Callable[[Server], Server],
    tmp_path: Path,
) -> None:
    nginx = start(NginxServer(tmp_path, gunicorn, PROXIES="2"))

    def slow(address: str) -> bytes:
        return head(
            PHOTO, "Content-Length: 9000", f"X-Forwarded-For: 9.9.9.9, {address}"
        )

    with clients(nginx.port, slow("192.0.2.1"), 60):
        with sent(nginx.port, slow("192.0.2.1")) as client:
            assert status_of(client) == 429
        with sent(nginx.port, slow("192.0.2.2") + b"x" * 9000) as client:
            assert status_of(client) != 429, "another shopper behind the same proxy"


def test_a_second_request_on_a_connection_is_answered(port: int) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with sent(port, request + request) as client:
        received = b""
        while received.count(b'{"status": "ok"}') < 2:
            received += client.recv(65536)


def test_a_client_that_waits_for_leave_to_send_is_given_it(port: int) -> None:
    form = b"a=1"
    start = head("/api/v1/feedback/", "Content-Length: 3", "Expect: 100-continue")
    with sent(port, start) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(form)
        assert status_of(client) == 415
