"""While the database is away the shop says so, and it heals without a person."""

import http.client
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.test import Client

from tests.search.asking import API, open_varied_shop
from tests.servers import PostgresServer, Server, WebServer, shop_environment
from tests.wait import wait_until


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_page_says_when_to_come_back(client: Client, error: type[Exception]) -> None:
    open_varied_shop()
    execute = "django.db.backends.utils.CursorWrapper.execute"
    with patch(execute, side_effect=error("secret of the database")):
        response = client.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert b"secret" not in response.content


def answer(server: Server, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        if response.status == 503:
            assert response.headers["Retry-After"] == "10"
        return response.status
    finally:
        connection.close()


@pytest.mark.slow
def test_search_heals_after_postgresql_was_killed(
    postgres_server: PostgresServer,
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> None:
    environment = shop_environment(postgres_server.url, tmp_path / "data")
    for command in (["set_up"], ["collectstatic", "--noinput", "--verbosity", "0"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    shop = start(WebServer(tmp_path, environment))
    paths = (f"{API}status/", "/")
    assert [answer(shop, path) for path in paths] == [200, 200]
    postgres_server.kill()
    for _ in range(4):  # each web process has connections that were open
        assert [answer(shop, path) for path in paths] == [503, 503]
    postgres_server.start()
    wait_until(lambda: {answer(shop, path) for path in paths * 4} == {200}, timeout=20)
    # Nobody asks while it is away: connections are broken, and nothing has told so.
    postgres_server.kill()
    postgres_server.start()
    assert {answer(shop, path) for path in paths * 4} == {200}
