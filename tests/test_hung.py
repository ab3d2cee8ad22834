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

import pytest
from django.conf import settings

from tests.hung import hung
from tests.servers import (
    PostgresServer,
    RedisServer,
    Server,
    WebServer,
    shop_environment,
)
from tests.wait import wait_until

pytestmark = pytest.mark.slow

PATIENCE = 30  # seconds
WORKERS = 2


class Shop:
    """The shop under gunicorn, on a PostgreSQL and a Redis of its own."""

    def __init__(self, server: Server, postgres: PostgresServer, redis: RedisServer):
        self.server, self.postgres, self.redis = server, postgres, redis

    def get(self, path: str) -> tuple[int, bytes]:
        """A new connection each time, so that every worker gets some of them."""
        port = self.server.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def statuses(self, *paths: str) -> set[int]:
        return {self.get(path)[0] for path in paths * WORKERS}


@pytest.fixture
def shop(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> Shop:
    environment = shop_environment(
        postgres_server.url,
        tmp_path / "data",
        REDIS_URL=redis_server.url,
        API_RATE_ANONYMOUS="100000/minute",
        DATABASE_SECONDS="2",
    )
    for command in (["set_up"], ["collectstatic", "--noinput", "--verbosity", "0"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return Shop(start(WebServer(tmp_path, environment)), postgres_server, redis_server)


PAGES = ("/", "/search/", "/api/v1/products/", "/api/v1/status/")


def test_pages_answer_while_redis_hangs(shop: Shop) -> None:
    assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
    assert shop.redis.process is not None
    with hung(shop.redis.process.pid):
        assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
        _, body = shop.get("/readyz")
        assert json.loads(body)["checks"]["broker"] == "it does not answer"
    wait_until(lambda: b"not answer" not in shop.get("/readyz")[1], timeout=PATIENCE)


@pytest.mark.parametrize("children", [True, False], ids=["all", "who accepts"])
def test_pages_say_so_while_postgresql_hangs(shop: Shop, children: bool) -> None:
    assert shop.statuses(*PAGES, "/healthz", "/readyz") == {200}
    assert shop.postgres.process is not None
    with hung(shop.postgres.process.pid, children=children):
        found = shop.statuses(*PAGES, "/readyz")
        # Without who accepts, connections that are open go on.
        assert found == {503} if children else found <= {200, 503}
        assert shop.statuses("/healthz") == {200}
    wait_until(lambda: shop.statuses(*PAGES, "/readyz") == {200}, timeout=PATIENCE)
