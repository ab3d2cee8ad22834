"""The servers that other tests rely on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import psutil
import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from config.celery import app
from tests.servers import PostgresServer, RedisServer, Server
from tests.wait import wait_until

pytestmark = pytest.mark.slow


def test_postgres_keeps_its_rows_over_a_kill(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url) as client:
        client.execute("CREATE TABLE kept AS SELECT 1 AS row")
    postgres_server.kill()
    postgres_server.restart()
    with psycopg.connect(postgres_server.url) as client:
        assert client.execute("SELECT row FROM kept").fetchone() == (1,)


def test_redis_forgets_over_a_restart(redis_server: RedisServer) -> None:
    with redis.Redis(port=redis_server.port) as client:
        client.set("key", "value")
        redis_server.restart()
        assert client.get("key") is None


def test_servers_end_with_the_process_that_started_them() -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tests.servers import PostgresServer, RedisServer\n"
        "folder = Path(sys.argv[1])\n"
        "servers = [PostgresServer(folder).start(), RedisServer(folder).start()]\n"
        "print(*(server.process.pid for server in servers), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(settings.PROCESS_DIR)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(psutil.pid_exists(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


@pytest.mark.database
def test_a_worker_is_a_process_on_the_tests_database(
    worker: Callable[..., Server],
) -> None:
    server = worker()
    assert server.process.pid != os.getpid()
    connection.ensure_connection()
    assert app.control.ping(timeout=5, limit=1)
    assert server.stop() == 0
