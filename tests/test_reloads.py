"""The shop goes on while gunicorn's processes end and begin, and loses no request."""

import http.client
import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from tests.servers import Server, WebServer
from tests.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TOKEN = "a-long-token"
PATHS = ("/healthz", "/api/v1/categories/", "/api/v1/products/")


class Visitors:
    """Somebody who asks for page after page, each over a new connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: Counter[object] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking)
        self._thread.start()

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_for_more(self, count: int = 30) -> None:
        """Wait until so many more requests were answered, however."""
        enough = self.statuses.total() + count
        wait_until(lambda: self.statuses.total() >= enough, timeout=120)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            for path in PATHS:
                try:
                    self.statuses[self.ask(path)[0]] += 1
                except (OSError, http.client.HTTPException) as error:
                    self.statuses[repr(error)] += 1


class Shop:
    """gunicorn's master, its workers, and who visits."""

    def __init__(self, server: Server) -> None:
        assert server.process is not None
        self.server = server
        self.master = psutil.Process(server.process.pid)
        self.visitors = Visitors(server.port)

    def workers(self) -> set[int]:
        return {child.pid for child in self.master.children()}

    def wait_for_other_workers(self, before: set[int]) -> None:
        """Wait until two others have taken the place of these."""
        wait_until(
            lambda: len(self.workers()) == 2 and not self.workers() & before,
            timeout=120,
            what="other workers",
        )

    def metrics(self) -> str:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        status, text = self.visitors.ask("/metrics", **bearer)
        assert status == 200
        return text

    def counted(self) -> float:
        """How many times the process was asked whether it lives, by the metrics."""
        labels = '{method="GET",status="200",view="healthz"}'
        name = f"semblance_http_requests_total{labels} "
        lines = self.metrics().splitlines()
        (line,) = [line for line in lines if line.startswith(name)]
        return float(line.removeprefix(name))


class Crippled(WebServer):
    """gunicorn where it cannot write: started by a line of bash, as its "$@"."""

    def __init__(self, folder: Path, env: Mapping[str, str], line: str) -> None:
        super().__init__(folder, env)
        self.line = line

    def command(self) -> list[str]:
        return ["/bin/bash", "-c", self.line, "bash", *super().command()]


@pytest.fixture
def serve(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> Iterator[Callable[..., Shop]]:
    """Start the shop, with further options of gunicorn, and somebody who visits."""
    shops: list[Shop] = []

    def serve(*options: str, **more: str) -> Shop:
        env = {**environment, "METRICS_TOKEN": TOKEN, **more}
        shops.append(Shop(start(WebServer(tmp_path, env, *options))))
        return shops[-1]

    yield serve
    for shop in shops:
        shop.visitors.end()


def test_a_reload_loses_no_request_and_no_count(serve: Callable[..., Shop]) -> None:
    shop = serve()
    for _ in range(2):
        shop.visitors.wait_for_more()
        before, counted = shop.workers(), shop.counted()
        shop.master.send_signal(signal.SIGHUP)
        shop.wait_for_other_workers(before)
        shop.visitors.wait_for_more()
        assert shop.counted() > counted
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def test_a_worker_that_is_told_to_end_or_killed_is_replaced(
    serve: Callable[..., Shop],
) -> None:
    shop = serve()
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGQUIT):
        shop.visitors.wait_for_more()
        before = shop.workers()
        ended = min(before)
        os.kill(ended, number)
        wait_until(lambda b=before, e=ended: len(shop.workers() - {e}) == len(b), 120)
    shop.visitors.wait_for_more()
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def test_workers_that_have_answered_enough_make_way(serve: Callable[..., Shop]) -> None:
    shop = serve("--max-requests", "40", "--max-requests-jitter", "5")
    seen = set(shop.workers())

    def six_have_served() -> bool:
        seen.update(shop.workers())
        return len(seen) >= 6

    wait_until(six_have_served, timeout=120)
    shop.visitors.wait_for_more()
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def test_another_master_takes_over(serve: Callable[..., Shop]) -> None:
    shop = serve()
    shop.visitors.wait_for_more()
    before = shop.workers()
    shop.master.send_signal(signal.SIGUSR2)
    (other,) = wait_until(
        lambda: [child for child in shop.master.children() if child.pid not in before],
        timeout=120,
    )
    wait_until(lambda: len(other.children()) == 2, timeout=120)
    shop.visitors.wait_for_more()
    shop.master.send_signal(signal.SIGTERM)
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in before), timeout=120)
    shop.visitors.wait_for_more()
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}
    other.send_signal(signal.SIGTERM)
    wait_until(lambda: not other.is_running(), timeout=120)


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ('raw_env = ["MAX_PHOTO_MB=twenty"]', "twenty"),
        ('raw_env = ["API_RATE_ANONYMOUS=often"]', "often is not a rate"),
        ("raw_env = [", "SyntaxError"),
    ],
)
def test_a_mistake_is_not_reloaded(
    serve: Callable[..., Shop], tmp_path: Path, mistake: str, told: str
) -> None:
    config = tmp_path / "gunicorn.py"
    right = "from config.gunicorn import *\n"
    config.write_text(right)
    shop = serve("--config", str(config))
    shop.visitors.wait_for_more()
    before = shop.workers()
    config.write_text(right + mistake)
    shop.master.send_signal(signal.SIGHUP)
    wait_until(lambda: "Not reloaded" in shop.server.output(), timeout=120)
    assert told in shop.server.output()
    assert shop.workers() == before
    config.write_text(right)
    shop.master.send_signal(signal.SIGHUP)
    shop.wait_for_other_workers(before)
    shop.visitors.wait_for_more()
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def test_one_worker_that_cannot_load_the_shop_does_not_end_it(
    serve: Callable[..., Shop], tmp_path: Path
) -> None:
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    file.touch()
    data = tmp_path / "data"
    data.symlink_to(folder)
    shop = serve(DATA_DIR=str(data))
    shop.visitors.wait_for_more()
    point(data, file)
    before = shop.workers()
    os.kill(min(before), signal.SIGTERM)
    wait_until(lambda: "Tried again" in shop.server.output(), timeout=120)
    shop.visitors.wait_for_more()
    point(data, folder)
    wait_until(lambda: len(shop.workers() - {min(before)}) == 2, timeout=120)
    shop.visitors.wait_for_more()
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def point(link: Path, to: Path) -> None:
    link.unlink()
    link.symlink_to(to)


def test_a_shop_that_cannot_be_loaded_from_the_start_says_so_and_ends(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = WebServer(tmp_path, {**environment, "MAX_PHOTO_MB": "twenty"})
    with pytest.raises(RuntimeError, match="twenty"):
        server.start()
    assert not server.is_running


def test_a_lost_folder_of_metrics_is_made_again(serve: Callable[..., Shop]) -> None:
    shop = serve()
    shop.visitors.wait_for_more()
    (folder,) = folders_of_metrics(shop)
    shutil.rmtree(folder)
    shop.visitors.wait_for_more()
    before = shop.workers()
    shop.master.send_signal(signal.SIGHUP)
    shop.wait_for_other_workers(before)
    shop.visitors.wait_for_more()
    assert shop.counted() > 0
    shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}
    shop.master.send_signal(signal.SIGTERM)
    wait_until(lambda: not folder.exists(), timeout=120)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('ulimit -f 256; exec "$@" >/dev/full 2>&1', id="full disk"),
        pytest.param('exec "$@" >&- 2>&-', id="closed output"),
        pytest.param('exec "$@" > >(exec true) 2>&1', id="nobody reads the output"),
        pytest.param('exec "$@" > >(exec sleep 900) 2>&1', id="a reader that hangs"),
    ],
)
def test_what_cannot_be_written_fails_no_request(
    environment: dict[str, str],
    tmp_path: Path,
    start: Callable[[Server], Server],
    line: str,
) -> None:
    environment["METRICS_TOKEN"] = TOKEN
    shop = Shop(start(Crippled(tmp_path, environment, line)))
    try:
        shop.visitors.wait_for_more()
        # Without static files no page can be made, and the log says so at length.
        assert [shop.visitors.ask("/")[0] for _ in range(30)] == [500] * 30
        # There is no gallery, and each time the log says so.
        assert [shop.visitors.ask("/readyz")[0] for _ in range(8)] == [503] * 8
        assert "semblance_" in shop.metrics()
        shop.visitors.wait_for_more()
    finally:
        shop.visitors.end()
    assert set(shop.visitors.statuses) == {200}


def folders_of_metrics(shop: Shop) -> list[Path]:
    return list(Path("/dev/shm").glob(f"semblance-metrics-{shop.master.pid}-*"))
