"""Milvus Lite by MILVUS_URL: one for all processes of the shop."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from search.encoders import encoding
from search.engines.milvus import lite
from search.errors import SearchUnavailable
from tests.builders import make_image, new_product
from tests.search.web.test_web import Client
from tests.servers import BASE_DIR, Server, WebServer
from tests.wait import wait_until

PATIENCE = 120  # seconds, on a machine that does other things


def manage(environment: dict[str, str], *arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_all_processes_use_the_one_that_the_first_has_started(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    for seed in range(3):
        new_product(images=[seed])
    encoding.encode_missing()
    url = str(tmp_path / "lite.db")
    environment |= {"SEARCH_ENGINE": "milvus", "MILVUS_URL": url}
    synced = manage(environment, "sync_engine")
    assert synced.returncode == 0, synced.stderr
    server = start(WebServer(tmp_path, environment))
    shop = Client(server)

    def finds() -> bool:
        with suppress(OSError):
            status, answer = shop.search(make_image(1), limit="1")
            return status == 200 and answer["match"] == "exact"
        return False

    wait_until(finds, timeout=PATIENCE)
    assert all(finds() for _ in range(20))  # in either process
    (milvus,) = (
        child
        for child in psutil.Process(server.pid).children(recursive=True)
        if "milvus" in child.name()
    )
    owner = milvus.parent()
    assert owner is not None
    owner.kill()
    wait_until(lambda: not milvus.is_running() and finds(), timeout=PATIENCE)
    wait_until(lambda: all(finds() for _ in range(10)), timeout=PATIENCE)


def test_a_name_that_it_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(SearchUnavailable, match="MILVUS_URL"):
        lite.address_of(str(tmp_path / "a name with spaces.db"))
    lite.stop_all()


@pytest.mark.slow
def test_the_old_name_is_refused_with_the_new_one(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    checked = manage({**environment, "MILVUS_URI": "file.db"}, "check")
    assert checked.returncode != 0
    assert "MILVUS_URI is MILVUS_URL now" in checked.stderr
