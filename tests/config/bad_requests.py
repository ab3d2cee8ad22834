"""Requests that no proper client sends, made at random from a seed, as raw bytes.

    python -m tests.config.bad_requests PORT [NUMBER [SEED]]

sends them to a shop on this machine, and counts what is answered.
"""

import random
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_from_bytes

Random = random.Random

ADDRESSES = [
    *("/", "/search/", "/search/why/", "/search/feedback/", "/search/suggest/"),
    *("/admin/", "/admin/login/", "/admin/catalogue/catalogueimport/add/"),
    *("/admin/catalogue/product/add/", "/i18n/setlang/", "/healthz", "/readyz"),
    *("/media/", "/static/shop.css", "/category/x/", "/product/1/x/", "/nowhere"),
    *(f"/api/v1/{path}" for path in ("products/", "products/1/", "categories/")),
    *(f"/api/v1/{path}" for path in ("search/", "search/photo/", "search/code/")),
    *(f"/api/v1/{path}" for path in ("search/words/", "feedback/", "encoder/")),
    *(f"/api/v1/{path}" for path in ("status/", "schema/", "docs/", "products/1/x/")),
]
METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "PRI"]
ODD_METHODS = ["get", "FOO", "G E T", "", "X" * 300, "POST\0", "M-SEARCH", "CONNECT"]
FIELDS = [
    *("q", "query", "words", "page", "limit", "sort", "category", "brand", "colour"),
    *("min_price", "max_price", "in_stock", "box", "sample", "like", "image", "next"),
    *("cursor", "format", "lang", "language", "username", "csrfmiddlewaretoken", "_"),
]
ODD_TEXTS = [
    *("", "0", "-1", "9" * 40, "1e999", "NaN", "\0", "a\0b", "\ud800", "😀" * 60),
    *(
        "../../etc/passwd",
        "%s%n",
        "' OR 1=1 --",
        "<script>",
        "\r\nX: y",
        "٣",
        "x" * 3000,
    ),
    *("\u202e", "a" * 201, ",,,,", "0,0,1,1", "nan,0,1,1", "{}", "[" * 2000, "=" * 50),
]
TYPES = [
    *("application/json", "multipart/form-data; boundary=b", "multipart/form-data"),
    *("application/x-www-form-urlencoded", "text/plain; charset=base64", "x", ""),
    *("multipart/form-data; boundary=" + "b" * 300, "application/json; charset=utf-7"),
    "multipart/form-data; boundary*=utf-8''%ff",
]
ODD_HEADERS = [
    *("Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999"),
    *("Content-Length: +3", "Content-Length: 3, 3", "Content-Length: ٣", "Host: b"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked", "X" * 9000),
    *(
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: x",
        " folded: x",
        "a b: c",
    ),
    *("Expect: 100-continue", "Expect: 200", "Range: bytes=0-0,5-2", "X: \0", ": x"),
    *("Cookie: sessionid=\xff\xfe; csrftoken=" + "é" * 32, "Cookie: " + "a=b; " * 900),
    *(
        "Accept: */*;q=NaN",
        "Accept: text/html;version=x",
        "Accept-Language: " + "x," * 900,
    ),
    *(
        "If-None-Match: " + '"x",' * 500,
        "If-Modified-Since: 99 Feb",
        "X-HTTP-Method: X",
    ),
    *("Authorization: Bearer \xff", "Authorization: Basic !!!", "Idempotency-Key: é"),
    *("X-Forwarded-For: " + "1," * 2000, "X-Forwarded-Proto: gopher", "Forwarded: x"),
    *(
        "Connection: close",
        "Connection: keep-alive, X",
        "Upgrade: h2c",
        "HX-Request: x",
    ),
    *("Origin: null", "Origin: http://[", "Referer: http://[::", "Host: a b", "Host: "),
    *(
        "Content-Encoding: gzip",
        "X-Request-ID: " + "x" * 2000,
        "Trailer: Content-Length",
    ),
]
CHUNKS = [
    *(
        b"zz\r\nabc\r\n",
        b"5\r\nabc",
        b"-1\r\n",
        b"\r\n",
        b"3\r\nabc",
        b"3;x\r\nabc\r\n",
    ),
    *(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", b"3\r\nabc\r\n0\r\nContent-Length: 1\r\n\r\n"),
    *(b"ffffffffffffffffff\r\nabc", b"3 \r\nabc\r\n", b"0\r\n\r\n", b"0x3\r\nabc\r\n"),
    *(
        b"3\nabc\n0\n\n",
        b"1\r\na\r\n" * 500 + b"0\r\n\r\n",
        b"9" * 9000,
        b"3;" + b"x" * 9000,
    ),
    *(b"3\r\nabcd\r\n", b"0\r\n" + b"X: y\r\n" * 2000 + b"\r\n", b"0\r\nX\r\n\r\n"),
]
PARTS = [
    *(
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"--b",
        b"\0",
        b"\n",
        b"--",
        b"x" * 900,
    ),
    b'Content-Disposition: form-data; name="photo"; filename="x.jpg"\r\n',
    b'Content-Disposition: form-data; name="\xff\xfe"; filename="\xff"\r\n',
    b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=x'y'%00\r\n",
    b'Content-Disposition: form-data; name="' + b"n" * 3000 + b'"\r\n',
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: image/jpeg; charset=utf-7\r\n",
    b"X: " + b"y" * 2000 + b"\r\n",
]
JSONS = [
    *(
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 9000,
        b'{"query":1e999}',
        b"\xff\xfe{}",
    ),
    *(b'{"query":null,"product":true,"verdict":[]}', b'{"a":' * 3000, b"{}" * 3000),
    *(b'{"query":"\\ud800","product":1,"verdict":"right"}', b"NaN", b"\0" * 300),
    b'{"encoder":"x","code":"%%%","embedding":"' + b"A" * 5000 + b'"}',
    b'{"query":"x","product":' + b"9" * 400 + b',"verdict":"right"}',
]


def bad_requests(seed: int, number: int) -> Iterator[bytes]:
    """Make so many requests; the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(number):
        yield rng.choice(KINDS)(rng)


def send(port: int, data: bytes) -> int:
    """Send it, and read what is answered; return the status, 0 for none."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return _status(client)
        except ConnectionError:
            return 0


def _status(client: socket.socket) -> int:
    answer = b""
    while piece := client.recv(65536):
        answer = answer[:64] or piece
    lines = [line for line in answer.split(b"\r\n") if b" 100 " not in line and line]
    words = lines[0].split() if lines else []
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _text(rng: Random) -> str:
    odd = "".join(chr(rng.randrange(1, 0x2FFF)) for _ in range(rng.randrange(20)))
    return rng.choice([*ODD_TEXTS, odd])


def _target(rng: Random) -> str:
    address = rng.choice(ADDRESSES)
    if rng.random() < 0.2:
        address += quote(_text(rng).encode("utf-8", "surrogatepass"), safe="/.")
    pairs = [
        f"{rng.choice(FIELDS)}={quote(_text(rng).encode('utf-8', 'surrogatepass'))}"
        for _ in range(rng.randrange(4))
    ]
    return f"{address}?{'&'.join(pairs)}" if pairs else address


def _request(
    rng: Random, *headers: str, method: str = "", target: str = "", body: bytes = b""
) -> bytes:
    first = f"{method or rng.choice(METHODS)} {target or _target(rng)} HTTP/1.1"
    lines = [first, "Host: 127.0.0.1", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _with_body(rng: Random, content_type: str, body: bytes) -> bytes:
    length = f"Content-Length: {len(body)}"
    method = rng.choice(["POST", "POST", "POST", "PUT", "GET"])
    headers = (f"Content-Type: {content_type}", length, f"Cookie: csrftoken={'a' * 32}")
    return _request(rng, *headers, method=method, body=body)


def _odd_query(rng: Random) -> bytes:
    return _request(rng, method="GET")


def _odd_bytes_in_query(rng: Random) -> bytes:
    value = quote_from_bytes(rng.randbytes(rng.randrange(40)))
    target = f"{rng.choice(ADDRESSES)}?{rng.choice(FIELDS)}={value}"
    return _request(rng, method="GET", target=target)


def _odd_headers(rng: Random) -> bytes:
    headers = rng.sample(ODD_HEADERS, rng.randrange(1, 4))
    return _request(rng, *headers, body=rng.randbytes(rng.randrange(20)))


def _many_headers(rng: Random) -> bytes:
    number, size = rng.choice(
        [(50, 3000), (120, 10), (90, 90), (400, 400), (2, 30_000)]
    )
    return _request(rng, *(f"X-{n}: {'y' * size}" for n in range(number)))


def _chunks(rng: Random) -> bytes:
    kind = f"Content-Type: {rng.choice(TYPES)}"
    body = b"".join(rng.choices(CHUNKS, k=rng.randrange(1, 4)))
    headers = ("Transfer-Encoding: chunked", kind)
    return _request(rng, *headers, method="POST", body=body)


def _good_chunks(rng: Random) -> bytes:
    body = rng.choice([*JSONS, b"".join(rng.choices(PARTS, k=8))])
    pieces = [body[at : at + 700] for at in range(0, len(body), 700)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    headers = ("Transfer-Encoding: chunked", f"Content-Type: {rng.choice(TYPES)}")
    return _request(rng, *headers, method="POST", body=chunks + b"0\r\n\r\n")


def _wrong_length(rng: Random) -> bytes:
    body = rng.randbytes(rng.randrange(200))
    length = rng.choice([len(body) + 5, 0, max(len(body) - 9, 0), 20_000_000, 70_000])
    headers = (f"Content-Length: {length}", f"Content-Type: {rng.choice(TYPES)}")
    return _request(rng, *headers, method="POST", body=body)


def _multipart(rng: Random) -> bytes:
    body = b"".join(rng.choices(PARTS, k=rng.randrange(1, 14)))
    return _with_body(rng, "multipart/form-data; boundary=b", body)


def _json(rng: Random) -> bytes:
    return _with_body(rng, rng.choice(TYPES[:2] + TYPES), rng.choice(JSONS))


def _form(rng: Random) -> bytes:
    pairs = [
        f"{rng.choice(FIELDS)}={quote(_text(rng).encode('utf-8', 'surrogatepass'))}"
        for _ in range(rng.randrange(12))
    ]
    return _with_body(rng, TYPES[3], "&".join(pairs).encode())


def _odd_lines(rng: Random) -> bytes:
    target = rng.choice(
        [
            "*",
            "http://[::",
            "//",
            "/" + "x" * 9000,
            "/\0",
            "/\xff",
            "x",
            "/%zz",
            "/%",
            "",
        ]
        + ["/" + "a/" * 3000, "http://other/x", "/media/" + "y" * 300, "/..;/admin/"]
    )
    return _request(rng, method=rng.choice(METHODS + ODD_METHODS), target=target)


def _noise(rng: Random) -> bytes:
    return rng.choice(
        [
            rng.randbytes(rng.randrange(1, 3000)),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(300),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rng.randbytes(40),
            b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
            b"GET /\r\n\r\n",
            b"\r\n" * 500,
            b"\n\n\n",
            b"A" * 70_000,
        ]
    )


def _damaged(rng: Random) -> bytes:
    data = bytearray(rng.choice(KINDS[:-2])(rng))
    for _ in range(rng.randrange(1, 9)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(1, len(data) + 1)])


KINDS: list[Callable[[Random], bytes]] = [
    *(_odd_query, _odd_bytes_in_query, _odd_headers, _many_headers, _chunks),
    *(_good_chunks, _wrong_length, _multipart, _json, _form, _odd_lines, _noise),
    _damaged,
]


def main(port: int, number: int = 5000, seed: int = 1) -> None:
    statuses: Counter[int] = Counter()
    for at, data in enumerate(bad_requests(seed, number)):
        status = send(port, data)
        statuses[status] += 1
        if status == 500:
            sys.stdout.write(f"{at}: {data[:300]!r}\n")
    sys.stdout.write(f"{dict(sorted(statuses.items()))}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
