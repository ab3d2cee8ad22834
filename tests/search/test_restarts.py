"""Redis and PostgreSQL restarted while pictures come in and shoppers search."""

import csv
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from tests.builders import make_image
from tests.search.web.test_web import Client
from tests.servers import (
    CeleryBeat,
    CeleryWorker,
    PostgresServer,
    RedisServer,
    Server,
    WebServer,
    shop_environment,
)
from tests.wait import wait_until

pytestmark = pytest.mark.slow

PRODUCTS = 24


def write_catalogue(folder: Path) -> Path:
    path = folder / "catalogue.csv"
    with path.open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "name", "category", "price", "images"])
        for seed in range(PRODUCTS):
            (folder / f"{seed}.jpg").write_bytes(make_image(seed))
            rows.writerow([f"p{seed}", "Thing", "Things", "1", f"{seed}.jpg"])
    return path


class Searching:
    """Somebody who sends photos without a pause."""

    def __init__(self, shop: Client) -> None:
        self.shop = shop
        self.statuses: Counter[int] = Counter()
        self.without_hint = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking)
        self._thread.start()

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            status, answer = self.shop.search(make_image(1), limit="1")
            self.statuses[status] += 1
            if status != 200 and not answer["code"].endswith("_unavailable"):
                self.without_hint += 1

    def wait_for(self, status: int) -> None:
        before = self.statuses[status]
        wait_until(lambda: self.statuses[status] > before, timeout=60)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def test_nothing_is_lost_and_nobody_sees_an_error(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> None:
    environment = shop_environment(
        postgres_server.url, tmp_path / "data", REDIS_URL=redis_server.url
    )

    def manage(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
        )
        return done.returncode

    assert manage("set_up") == 0
    shop = Client(start(WebServer(tmp_path, environment)))
    start(CeleryBeat(tmp_path, environment))
    start(CeleryWorker(tmp_path, environment))
    searching = Searching(shop)
    try:
        searching.wait_for(200)
        catalogue = str(write_catalogue(tmp_path))
        arguments = ("import_catalogue", catalogue, "--images", str(tmp_path))
        importing = threading.Thread(target=manage, args=arguments)
        importing.start()
        redis_server.restart()
        postgres_server.kill()
        searching.wait_for(503)
        postgres_server.start()
        searching.wait_for(200)
        importing.join()
        # What was cut off is sent again, and twice is the same as once.
        wait_until(lambda: manage(*arguments) == 0, timeout=120)
        redis_server.restart()
        wait_until(lambda: _images(shop) == PRODUCTS, timeout=120)
    finally:
        searching.end()
    for seed in range(PRODUCTS):
        status, answer = shop.search(make_image(seed), limit="1")
        assert status == 200
        assert answer["results"][0]["product"]["sku"] == f"p{seed}"
    assert set(searching.statuses) == {200, 503}
    assert searching.without_hint == 0


def _images(shop: Client) -> int:
    status, answer = shop.get("/api/v1/status/")
    return int(answer["gallery"]["images"]) if status == 200 else 0
