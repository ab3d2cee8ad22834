"""A Milvus that hangs: the catalogue goes on, and who sends a photo is told in time."""

import http.client
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from search.encoders.registry import encoder
from search.engines.milvus import milvus_client, syncing
from tests.builders import make_image
from tests.hung import PATIENCE, hung
from tests.search.asking import API, open_varied_shop
from tests.search.web.test_web import Client
from tests.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("chosen_engine", ["milvus_lite"], indirect=True),
    pytest.mark.usefixtures("chosen_engine"),
]


def test_pages_answer_while_milvus_hangs(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_varied_shop()
    assert syncing.fill(encoder()) is not None
    port = live_server.thread.port
    shop = Client(SimpleNamespace(port=port))  # type: ignore[arg-type]

    def search() -> int:
        return shop.search(make_image(1))[0]

    def status(path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    assert search() == 200
    (server,) = (
        child
        for child in psutil.Process().children(recursive=True)
        if "milvus" in child.name()
    )
    monkeypatch.setattr(milvus_client, "SEARCH_TIMEOUT", 2.0)
    with hung(server.pid):
        for _ in range(2):  # the second has to connect and to load the collection anew
            assert search() == 503
            milvus_client.reset()
        assert {status(path) for path in ("/readyz", f"{API}status/")} == {503}
        assert {status(path) for path in ("/", f"{API}products/")} == {200}
    wait_until(lambda: search() == 200, timeout=PATIENCE)
