"""A server that hangs: pages answer all the same, and go on once it does.

It is stopped by SIGSTOP, so that connections to it are accepted and nobody reads them.
The clients here wait for PATIENCE seconds, which says what "in time" means.
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.builders import make_image
from tests.hung import PATIENCE, hung
from tests.servers import (
    BucketServer,
    PostgresServer,
    RedisServer,
    Server,
    WebServer,
    shop_environment,
)
from tests.wait import wait_until

pytestmark = pytest.mark.slow

WORKERS = 2


class Shop:
    """The shop under gunicorn."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask over a new connection each time, so that every worker gets some."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE
        )
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def statuses(self, *paths: str) -> set[int]:
        return {self.get(path)[0] for path in paths * WORKERS}


@pytest.fixture
def open_shop(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> Callable[..., Shop]:
    """Set up a shop with pictures, and serve it."""
    environment = shop_environment(
        postgres_server.url,
        tmp_path / "data",
        REDIS_URL=redis_server.url,
        API_RATE_ANONYMOUS="100000/minute",
        DATABASE_SECONDS="2",
    )

    def manage(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def open_shop(**more: str) -> Shop:
        environment.update(more)
        manage("migrate", "--verbosity", "0")
        rows = [f"p{seed},Thing,Things,1,{seed}.jpg\n" for seed in range(3)]
        table = tmp_path / "catalogue.csv"
        table.write_text("".join(["sku,name,category,price,images\n", *rows]))
        for seed in range(3):
            (tmp_path / f"{seed}.jpg").write_bytes(make_image(seed))
        manage("import_catalogue", str(table), "--images", str(tmp_path))
        manage("set_up")
        manage("collectstatic", "--noinput", "--verbosity", "0")
        return Shop(start(WebServer(tmp_path, environment)).port)

    return open_shop


PAGES = ("/", "/search/", "/api/v1/products/", "/api/v1/status/")


def test_pages_answer_while_redis_hangs(
    open_shop: Callable[..., Shop], redis_server: RedisServer
) -> None:
    shop = open_shop()
    assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
    with hung(redis_server.pid):
        assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
        _, body = shop.get("/readyz")
        assert json.loads(body)["checks"]["broker"] == "it does not answer"
    wait_until(lambda: b"not answer" not in shop.get("/readyz")[1], timeout=PATIENCE)


@pytest.mark.parametrize("children", [True, False], ids=["all", "who accepts"])
def test_pages_say_so_while_postgresql_hangs(
    open_shop: Callable[..., Shop], postgres_server: PostgresServer, children: bool
) -> None:
    shop = open_shop()
    assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
    with hung(postgres_server.pid, children=children):
        found = shop.statuses(*PAGES, "/readyz")
        # Without who accepts, connections that are open go on.
        assert found == {503} if children else found <= {200, 503}
        assert shop.statuses("/healthz") == {200}
    wait_until(lambda: shop.statuses(*PAGES, "/readyz") == {200}, timeout=PATIENCE)


def test_pages_leave_out_pictures_while_the_storage_hangs(
    open_shop: Callable[..., Shop], bucket_server: BucketServer
) -> None:
    shop = open_shop(STORAGE_URL=bucket_server.url)
    assert shop.statuses("/healthz", "/readyz") == {200}
    first = json.loads(shop.get("/api/v1/products/?limit=1")[1])["results"][0]
    product = urlsplit(first["url"]).path
    with hung(bucket_server.pid):
        # One process knows the addresses on the home page already; none those here.
        assert shop.statuses(product, *PAGES, "/readyz") == {200}
        assert b"/thumbnails/" not in pictures(shop.get(product)[1])
    wait_until(
        lambda: b"/thumbnails/" in pictures(shop.get(product)[1]), timeout=PATIENCE
    )


def pictures(page: bytes) -> bytes:
    """Return the part of a product's page that shows its own pictures."""
    return page.split(b"<main")[1].split(b"<h1")[0]
