"""Whatever bytes arrive, there is an answer that is no 500, and the shop goes on."""

import time
from collections import Counter

import psutil
import pytest

from tests.config.bad_requests import bad_requests, send
from tests.servers import WebServer
from tests.wait import wait_until

pytestmark = pytest.mark.slow

SEED = 20240229
NUMBER = 600
MAX_GROWTH = 60_000_000  # bytes, of all processes
# Has each process load what words are searched with.
WORDS = (
    b"GET /api/v1/search/words/?q=mug HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"
)


def memory(server: WebServer) -> int:
    assert server.process
    processes = psutil.Process(server.process.pid).children()
    return sum(process.memory_info().rss for process in processes)


def is_settled(server: WebServer) -> bool:
    """Return whether nothing is being loaded beside the requests."""
    before = memory(server)
    time.sleep(1)
    return abs(memory(server) - before) < 1_000_000


def test_the_same_seed_makes_the_same_requests() -> None:
    first, second = (list(bad_requests(SEED, 50)) for _ in range(2))
    assert first == second
    assert list(bad_requests(SEED + 1, 50)) != first


def test_no_bytes_end_in_an_error_of_ours_or_stay_in_memory(
    gunicorn: WebServer,
) -> None:
    server = gunicorn
    for data in [*bad_requests(SEED - 1, 200), *[WORDS] * 40]:
        send(server.port, data)
    wait_until(lambda: is_settled(server), timeout=60)
    before = memory(server)
    statuses = Counter(send(server.port, data) for data in bad_requests(SEED, NUMBER))
    assert not {status for status in statuses if status >= 500} - {501, 503}
    assert "Internal Server Error" not in server.output()
    # The mixture is one: some are good, and most are refused in one way or another.
    assert len({200, 302, 400, 403, 404, 405, 413, 414, 415, 431} & {*statuses}) >= 8
    assert memory(server) - before < MAX_GROWTH
