"""Workers that are started before `migrate` wait for it, and then work."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.search.test_keep_fresh import KeepFresh
from tests.servers import (
    BASE_DIR,
    CeleryWorker,
    RedisServer,
    Server,
    shop_environment,
)
from tests.wait import wait_until

pytestmark = pytest.mark.slow

PATIENCE = 120  # seconds, on a machine that does other things
WAITS = "waiting for the database"


class WaitingWorker(CeleryWorker):
    def is_ready(self) -> bool:
        return WAITS in self.output()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a shop without any table."""
    return shop_environment(f"sqlite:///{tmp_path}/db.sqlite3", tmp_path / "data")


def migrate(environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=BASE_DIR,
        env=environment,
        check=True,
    )


def test_a_worker_waits_for_migrations(
    environment: dict[str, str],
    redis_server: RedisServer,
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> None:
    environment["REDIS_URL"] = redis_server.url
    worker = start(WaitingWorker(tmp_path, environment))
    assert " ready." not in worker.output()
    migrate(environment)
    wait_until(lambda: " ready." in worker.output(), timeout=PATIENCE)


def test_keep_fresh_waits_for_migrations_and_ends_when_told(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    process = start(KeepFresh(tmp_path, environment))
    wait_until(lambda: WAITS in process.output(), timeout=PATIENCE)
    assert process.process is not None
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(PATIENCE) == 0
    migrate(environment)
    process = start(KeepFresh(tmp_path, environment))
    wait_until(lambda: "snapshot published" in process.output(), timeout=PATIENCE)
    assert "no such table" not in process.output()
