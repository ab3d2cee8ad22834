"""The shop as it is served: two processes that share nothing but the database."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product
from tests.servers import Server
from tests.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
]


class Client:
    """A new connection for each request, so that either process may take it."""

    def __init__(self, server: Server) -> None:
        self.port = server.port

    def get(self, path: str) -> tuple[int, Any]:
        return self.send("GET", path)

    def search(self, photo: bytes, **fields: str) -> tuple[int, Any]:
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = (
            "--x\r\nContent-Disposition: form-data; "
            'name="photo"; filename="a.jpg"\r\n\r\n'
        )
        body = "".join(parts).encode() + head.encode() + photo + b"\r\n--x--\r\n"
        return self.send("POST", "/api/v1/search/photo/", body)

    def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "multipart/form-data; boundary=x"} if body else {}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture
def shop(web_server: Callable[[], Server]) -> Client:
    for seed in range(30):
        new_product(images=[seed], price=seed + 1, stock=seed % 2)
    snapshots.build()
    return Client(web_server())


def test_fifty_queries_are_paged_and_filtered_by_their_token_in_any_process(
    shop: Client,
) -> None:
    for seed in range(50):
        status, first = shop.search(make_image(seed % 30), limit="7")
        assert status == 200
        found = [result["product"]["id"] for result in first["results"]]
        answer = first
        while answer["next"]:
            status, answer = shop.get(answer["next"].split(str(shop.port), 1)[1])
            assert status == 200
            found += [result["product"]["id"] for result in answer["results"]]
        assert len(found) == len(set(found)) == first["count"] == 30
        query = quote(first["query"])
        status, limited = shop.get(
            f"/api/v1/search/?query={query}&in_stock=true&max_price=20&limit=50"
        )
        assert status == 200
        products = [result["product"] for result in limited["results"]]
        assert len(products) == 10
        assert all(p["in_stock"] and float(p["price"]) <= 20 for p in products)


def test_a_change_in_one_process_is_found_by_all_others_at_once(shop: Client) -> None:
    product = new_product(images=[99])
    assert not encoding.waiting_images().exists()
    for _ in range(10):
        _, answer = shop.search(make_image(99), limit="1")
        assert answer["results"][0]["product"]["id"] == product.pk
    product.active = False
    product.save()
    for _ in range(10):
        _, answer = shop.search(make_image(99), limit="50")
        found = {result["product"]["id"] for result in answer["results"]}
        assert product.pk not in found


def test_new_snapshots_are_picked_up_without_dropping_a_request(shop: Client) -> None:
    statuses: Counter[int] = Counter()
    newest: set[str] = set()
    stop = threading.Event()

    def keep_asking(seed: int) -> None:
        while not stop.is_set():
            status, answer = shop.search(make_image(seed), limit="1")
            statuses[status] += 1
            if status == 200:
                newest.add(answer["gallery"]["snapshot"])

    askers = [threading.Thread(target=keep_asking, args=(n,)) for n in range(3)]
    for asker in askers:
        asker.start()
    for _ in range(4):
        built = snapshots.build()
        wait_until(lambda built=built: built.name in newest, timeout=20)
        # By then every process: each of them answers some of these.
        asked = sum(statuses.values())
        wait_until(lambda asked=asked: sum(statuses.values()) > asked + 12, timeout=20)
        newest.clear()
        asked = sum(statuses.values())
        wait_until(lambda asked=asked: sum(statuses.values()) > asked + 6, timeout=20)
        assert newest == {built.name}
    stop.set()
    for asker in askers:
        asker.join()
    assert set(statuses) == {200}
