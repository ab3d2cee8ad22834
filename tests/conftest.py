"""Fixtures for all tests. What they build with is in builders.py and servers.py."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
import kombu.pools
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from playwright.sync_api import Browser, Page

from catalogue import sending
from config.celery import app
from search.engines import embedded
from search.engines.milvus import milvus_client
from search.gallery.holder import Holder
from tests import builders
from tests.chromium import NoChromium, chromium
from tests.search.engine_choice import chosen_engine, milvus_lite, milvus_server  # noqa: F401
from tests.servers import (
    BucketServer,
    CeleryBeat,
    CeleryWorker,
    PostgresServer,
    RedisServer,
    Server,
    WebServer,
    nginx,
    shop_environment,
)

# A machine may be slow; a test that must be quick says so itself.
hypothesis.settings.register_profile("shop", deadline=None)
hypothesis.settings.load_profile("shop")

POSTGRES = pytest.StashKey[PostgresServer]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, _interrupt)


def pytest_unconfigure(config: pytest.Config) -> None:
    if server := config.stash.get(POSTGRES, None):
        server.stop()


def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist: its processes share the one PostgreSQL that we start here."""
    if settings.TEST_DATABASE == "postgresql":
        node.workerinput["postgres_port"] = _postgres(node.config).port


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _postgres(config: pytest.Config) -> PostgresServer:
    if POSTGRES not in config.stash:
        config.stash[POSTGRES] = PostgresServer(settings.TEST_DIR).start()
    return config.stash[POSTGRES]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, request: pytest.FixtureRequest
) -> None:
    """Start PostgreSQL, where it is asked for, when the first test needs it."""
    if settings.TEST_DATABASE == "postgresql":
        given = getattr(request.config, "workerinput", {}).get("postgres_port")
        port = given or _postgres(request.config).port
        settings.DATABASES["default"]["PORT"] = port


@pytest.fixture(autouse=True)
def _clean_process(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove what a test leaves behind in this process and in its folder."""
    yield
    clean_process(shop_stands="standing_shop" in request.fixturenames)


def clean_process(*, shop_stands: bool = False) -> None:
    """Forget what is loaded and remove files; not those of a shop that goes on."""
    Holder.reset_all()
    embedded.reset()
    milvus_client.reset()
    sending.reset()
    translation.deactivate()
    cache.clear()
    shops = () if shop_stands else (settings.MEDIA_ROOT, settings.SNAPSHOTS_DIR)
    for folder in (*shops, settings.ENCODERS_DIR):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_image() -> Callable[..., bytes]:
    return builders.make_image


@pytest.fixture
def new_product(db: None) -> Callable[..., Any]:
    return builders.new_product


@pytest.fixture
def environment(transactional_db: None) -> dict[str, str]:
    """For processes beside the test, on its database and its files."""
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        place = "{USER}@{HOST}:{PORT}/{NAME}".format(**database)
        url = f"postgresql://{place}"
    else:
        url = f"sqlite:///{database['NAME']}"
    return shop_environment(url, settings.DATA_DIR, ENCODER=str(settings.ENCODER))


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """One more PostgreSQL, for tests that kill it."""
    folder = Path(tempfile.mkdtemp(dir=settings.PROCESS_DIR))
    folder.chmod(0o711)
    with PostgresServer(folder) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def bucket_server(tmp_path: Path) -> Iterator[BucketServer]:
    with BucketServer(tmp_path) as server:
        yield server


@pytest.fixture
def broker(
    redis_server: RedisServer, environment: dict[str, str]
) -> Iterator[RedisServer]:
    """Let this process and those in `environment` send their tasks to Redis."""
    environment["REDIS_URL"] = redis_server.url
    before = {name: app.conf[name] for name in ("broker_url", "task_always_eager")}
    _use_broker(broker_url=redis_server.url, task_always_eager=False)
    yield redis_server
    _use_broker(**before)


def _use_broker(**conf: Any) -> None:
    app.conf.update(conf)
    kombu.pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Server], Server]]:
    """Start servers that are stopped after the test."""
    started: list[Server] = []

    def start(server: Server) -> Server:
        started.append(server)
        return server.start()

    yield start
    for server in reversed(started):
        server.kill()


@pytest.fixture
def worker(
    broker: RedisServer,
    environment: dict[str, str],
    tmp_path: Path,
    start: Callable[[Server], Server],
) -> Callable[..., Server]:
    """Start a Celery worker, with beat if asked: `worker(queues="bulk", beat=True)`."""

    def worker(*, queues: str = "uploads,bulk", beat: bool = False) -> Server:
        if beat:
            start(CeleryBeat(tmp_path, environment))
        return start(CeleryWorker(tmp_path, environment, queues=queues))

    return worker


@pytest.fixture
def web_server(
    environment: dict[str, str], tmp_path: Path, start: Callable[[Server], Server]
) -> Callable[[], Server]:
    """Start the shop under gunicorn, with two processes."""
    return lambda: start(WebServer(tmp_path, environment))


@pytest.fixture(scope="session")
def needed_nginx() -> str:
    """Without one, CI fails and a desk skips."""
    try:
        return nginx()
    except RuntimeError as error:
        without = pytest.fail if os.environ.get("CI") else pytest.skip
        without(str(error))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Without one, CI fails and a desk skips."""
    try:
        with chromium() as browser:
            yield browser
    except NoChromium as error:
        without = pytest.fail if os.environ.get("CI") else pytest.skip
        without(str(error))


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Yield a page of the shop; addresses may begin with `/`.

    For another size or language:
    `browser.new_context(base_url=live_server.url, viewport=…, locale="zh-CN")`.
    """
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    yield context.new_page()
    context.close()
