"""Search by codes made elsewhere, and what a device downloads to make them."""

import base64
import hashlib
import json
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from catalogue.models import Product
from hashing import SHIPPED, load_encoder
from hashing.layers.multilayer import MultilayerHashLayer
from search.devices import exchange
from search.encoders import registry
from tests.builders import draw_picture
from tests.search.asking import API, post_photo, skus

pytestmark = pytest.mark.database

CODE = f"{API}search/code/"
JSON = "application/json"


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(standing_shop: list[Product]) -> list[Product]:
    return standing_shop


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def code_of(seed: int = 0) -> dict[str, str]:
    now = registry.encoder()
    encoded = now.encode([draw_picture(seed)])
    return {
        "encoder": now.fingerprint,
        "code": text_of(encoded.codes[0].tobytes()),
        "embedding": text_of(encoded.embeddings[0].tobytes()),
    }


def post(client: APIClient, body: Any, params: str = "") -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(CODE + params, content, content_type=JSON)
    return response.status_code, response.json()


def download(client: APIClient, name: str, **headers: str) -> Any:
    fingerprint = registry.serving().fingerprint
    return client.get(f"{API}encoder/{fingerprint}/{name}", headers=headers)


def test_a_code_finds_its_product(client: APIClient, shop: list[Product]) -> None:
    status, answer = post(client, code_of(3))
    assert status == 200
    assert answer["match"] == "exact"
    assert skus(answer["results"])[0] == "p3"


def test_its_answer_pages_and_filters_as_that_of_a_photo(
    client: APIClient, shop: list[Product]
) -> None:
    status, answer = post(client, code_of(), "?limit=2&colour=red&sort=price")
    assert status == 200
    assert len(answer["results"]) == 2
    again = client.get(answer["next"]).json()
    prices = [found["product"]["price"] for found in answer["results"]]
    prices += [found["product"]["price"] for found in again["results"]]
    assert prices == sorted(prices)


def test_a_foreign_encoder_is_refused_by_name(
    client: APIClient, shop: list[Product]
) -> None:
    status, told = post(client, {**code_of(), "encoder": "0123456789abcdef"})
    assert (status, told["code"]) == (409, "foreign_encoder")
    assert "0123456789abcdef" in told["detail"]


def test_a_code_that_is_not_the_embeddings_is_refused(
    client: APIClient, shop: list[Product]
) -> None:
    status, told = post(client, {**code_of(0), "code": code_of(1)["code"]})
    assert (status, told["code"]) == (422, "code_mismatch")


@pytest.mark.parametrize("name", ["code", "embedding"])
@pytest.mark.parametrize("length", [0, 31, 257, 3000])
def test_the_length_is_that_of_the_encoder(
    client: APIClient, shop: list[Product], name: str, length: int
) -> None:
    status, told = post(client, {**code_of(), name: text_of(bytes(length))})
    assert status == 400
    assert told["code"] in ("wrong_length", "invalid")
    assert name in told["detail"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("encoder", "0123456789ABCDEF"),
        ("encoder", "0123456789abcdef\n"),
        ("encoder", 1234567890123456),
        ("encoder", "\ud800"),
        ("code", "not base64!"),
        ("code", "AAA"),
        ("code", "é" * 44),
        ("code", None),
        ("code", ["AAAA"]),
        ("embedding", "A" * 5000),
        ("embedding", {"a": 1}),
        ("embedding", "AAAA\0"),
        ("limit", 5),
    ],
)
def test_a_malformed_field_is_named(
    client: APIClient, shop: list[Product], field: str, value: Any
) -> None:
    status, told = post(client, {**code_of(), field: value})
    assert status == 400
    assert {error["field"] for error in told["errors"]} == {field}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000, b'{"code": NaN}']
)
def test_what_is_no_object_of_json_is_refused(
    client: APIClient, shop: list[Product], body: bytes
) -> None:
    assert post(client, body)[0] == 400


def test_a_body_too_large_to_be_one_is_not_read(
    client: APIClient, shop: list[Product]
) -> None:
    status, told = post(client, b'{"code": "' + b"A" * 100_000 + b'"}')
    assert (status, told["code"]) == (413, "body_too_large")


def test_only_json_is_taken(client: APIClient, shop: list[Product]) -> None:
    assert client.post(CODE, code_of(), format="multipart").status_code == 415


def test_any_embedding_has_an_answer(client: APIClient, shop: list[Product]) -> None:
    now = registry.encoder()
    for number in (0, 1, -128, 127):
        embedding = np.full((1, now.layer.dim), number, np.int8)
        body = {
            "encoder": now.fingerprint,
            "code": text_of(now.layer.codes(embedding).tobytes()),
            "embedding": text_of(embedding.tobytes()),
        }
        assert post(client, body)[0] == 200


def test_the_card_names_the_encoder_and_its_files(
    client: APIClient, shop: list[Product]
) -> None:
    card = client.get(f"{API}encoder/").json()
    assert card["fingerprint"] == post_photo_fingerprint()
    assert (card["n_bits"], card["dim"], card["longest_side"]) == (256, 512, 512)
    for file in card["files"]:
        content = b"".join(client.get(file["url"]).streaming_content)
        assert len(content) == file["size"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def post_photo_fingerprint() -> str:
    assert post_photo(APIClient())[0] == 200
    return registry.serving().fingerprint


def test_an_encoder_added_to_the_shop_is_downloaded_from_its_own_folder(
    client: APIClient, shop: list[Product]
) -> None:
    row = registry.keep_first()
    (row.folder / "card.json").write_text("{}")
    assert b"".join(download(client, "card.json").streaming_content) == b"{}"


def test_what_is_known_is_not_sent_again(
    client: APIClient, shop: list[Product]
) -> None:
    for url in (
        f"{API}encoder/",
        client.get(f"{API}encoder/").json()["files"][0]["url"],
    ):
        etag = client.get(url)["ETag"]
        again = client.get(url, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-999999999999", 5, None),
        ("bytes=-999999999999", 0, None),
    ],
)
def test_a_download_can_be_resumed(
    client: APIClient,
    shop: list[Product],
    asked: str,
    start: int,
    stop: int | None,
) -> None:
    whole = (settings.ENCODER / "layer.npz").read_bytes()
    part = download(client, "layer.npz", Range=asked)
    content = b"".join(part.streaming_content)
    assert (part.status_code, content) == (206, whole[start:stop])
    first = len(whole) + start if start < 0 else start
    last = first + len(content) - 1
    assert part["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
    assert part["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    "asked", ["", "bytes", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "٣"]
)
def test_what_is_no_range_gets_all_of_it(
    client: APIClient, shop: list[Product], asked: str
) -> None:
    assert download(client, "layer.bin", Range=asked).status_code == 200


def test_a_range_of_another_version_gets_all_of_it(
    client: APIClient, shop: list[Product]
) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert download(client, "layer.bin", **headers).status_code == 200


def test_a_range_beyond_the_end_is_refused(
    client: APIClient, shop: list[Product]
) -> None:
    beyond = download(client, "layer.bin", Range="bytes=999999999-")
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    whole = download(client, "layer.bin")
    assert beyond["Content-Range"] == f"bytes */{whole['Content-Length']}"


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/network.onnx",
        "../shipped/network.onnx",
        "x/network.onnx",
        "{own}/nothing.onnx",
        "{own}/..%2fcard.json",
        "{own}/",
    ],
)
def test_there_are_no_other_files(
    client: APIClient, shop: list[Product], path: str
) -> None:
    own = registry.serving().fingerprint
    assert client.get(f"{API}encoder/{path.format(own=own)}").status_code == 404


def test_a_layer_that_is_not_linear_has_no_file_for_devices(
    shop: list[Product],
) -> None:
    encoder = load_encoder(SHIPPED)
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((512, 8)), rng.standard_normal((8, 256))
    encoder.layer = MultilayerHashLayer(
        weights[0].astype(np.float32),
        np.zeros(8, np.float32),
        weights[1].astype(np.float32),
        np.zeros(256, np.float32),
        normalises_hidden=True,
    )
    names = [file.name for file in exchange.files_of(encoder)]
    assert names == ["network.onnx", "layer.npz", "card.json"]
    with pytest.raises(KeyError):
        exchange.file_of(encoder, "layer.bin")
