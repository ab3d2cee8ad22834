"""`make run` starts again what died, and ends as a whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
from django.conf import settings

from search.encoders import encoding
from search.gallery.on_disk import snapshots
from search.models import Snapshot
from tests.builders import make_image, new_product
from tests.search.web.test_web import Client
from tests.servers import BASE_DIR, Server, WebServer, shop_environment
from tests.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PATIENCE = 120  # seconds, on a machine that does other things


class Run(WebServer):
    """What `make run` starts once the shop is set up."""

    orphan_signal = signal.SIGTERM

    def command(self) -> list[str]:
        command = (sys.executable, "-m", "config.running")
        return [*command, "--port", str(self.port), "web", "fresh"]

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def kill(self) -> None:
        """Its processes have sessions of their own."""
        processes = self.processes() if self.is_running else []
        super().kill()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def called(self, *words: str) -> list[psutil.Process]:
        """Return its Python processes whose command line has all these words."""
        found = []
        for process in self.processes():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                line = process.cmdline()
                if line[:1] != ["/bin/sh"] and set(words) <= set(line):
                    found.append(process)
        return found

    def master(self) -> psutil.Process | None:
        """Return gunicorn's, which is the parent of the others."""
        for process in self.called("gunicorn"):
            with suppress(psutil.NoSuchProcess):
                parent = process.parent()
                if parent is None or "gunicorn" not in parent.cmdline():
                    return process
        return None


@pytest.fixture
def run(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> Run:
    for seed in range(3):
        new_product(images=[seed])
    encoding.encode_missing()
    snapshots.build()
    bin_folder = str(Path(sys.executable).parent)
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    server = Run(tmp_path, environment)
    start(server)
    wait_until(lambda: server.called("keep_fresh"), timeout=PATIENCE)
    return server


def test_what_was_killed_is_started_again(run: Run) -> None:
    shop = Client(run)
    (fresh,) = run.called("keep_fresh")
    fresh.kill()
    wait_until(
        lambda: [each for each in run.called("keep_fresh") if each.pid != fresh.pid],
        timeout=PATIENCE,
    )
    with patch("search.signals.encode_images.apply_async"):
        image = new_product(images=[7]).images.get()
    wait_until(lambda: image not in encoding.waiting_images(), timeout=PATIENCE)
    master = run.master()
    assert master is not None
    master.kill()
    wait_until(lambda: serves(shop) and run.master() != master, timeout=PATIENCE)


def test_a_snapshot_truncated_under_them_heals(run: Run) -> None:
    shop = Client(run)
    for _ in range(10):  # each of its processes has it in memory then
        assert shop.search(make_image(1), limit="1")[0] == 200
    damaged = Snapshot.objects.latest("pk")
    for path in sorted(snapshots.folder_of(damaged).rglob("*")):
        if path.is_file() and path.suffix != ".json":
            os.truncate(path, 0)
    wait_until(lambda: finds(shop, 1), timeout=PATIENCE)
    with patch("search.signals.encode_images.apply_async"):
        new_product(images=[8])
    wait_until(lambda: finds(shop, 8), timeout=PATIENCE)
    assert "again in" in run.output()  # keep_fresh had died of it, too


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_as_a_whole(run: Run, number: signal.Signals) -> None:
    processes = run.processes()
    os.kill(run.pid, number)
    assert run.process is not None
    run.process.wait(PATIENCE)
    wait_until(lambda: not any(each.is_running() for each in processes), timeout=20)


def test_what_cannot_start_ends_it(environment: dict[str, str], tmp_path: Path) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    server = Run(tmp_path, {**environment, "MAX_PHOTO_MB": "twenty"})
    with pytest.raises(RuntimeError, match="ended"):
        server.start()
    assert "again in" in server.output()


def test_a_second_one_on_the_same_data_serves_beside_it(
    run: Run, tmp_path: Path, start: Callable[[Server], Server]
) -> None:
    second = start(Run(tmp_path, run.env))
    shops = [Client(run), Client(second)]
    wait_until(lambda: all(finds(shop, 1) for shop in shops), timeout=PATIENCE)
    with patch("search.signals.encode_images.apply_async"):
        new_product(images=[9])
    wait_until(lambda: all(finds(shop, 9) for shop in shops), timeout=PATIENCE)
    assert not encoding.waiting_images().exists()
    run.stop()
    assert finds(shops[1], 9)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_set_up_begun_three_times_at_once_is_done_by_one_after_the_other(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/db.sqlite3"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_server").url
    started = [
        subprocess.Popen(
            [sys.executable, "manage.py", "set_up"],
            cwd=BASE_DIR,
            env=shop_environment(url, tmp_path / "data"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=PATIENCE)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said


def test_make_starts_it_so() -> None:
    makefile = (BASE_DIR / "Makefile").read_text()
    assert "\nSTART := python -m config.running\n" in makefile
    assert settings.BASE_DIR == BASE_DIR


def serves(shop: Client) -> bool:
    with suppress(OSError):
        return shop.get("/api/v1/status/")[0] == 200
    return False


def finds(shop: Client, seed: int) -> bool:
    """Whether the picture's product is found; a process may die by asking."""
    with suppress(OSError, ValueError):
        status, answer = shop.search(make_image(seed), limit="1")
        return status == 200 and answer["match"] == "exact"
    return False
