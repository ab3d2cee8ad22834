"""The engines that a gallery's tests run on, one after the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from search.engines.milvus import lite, milvus_client
from tests.milvus_server import MilvusServer, reason_not_to_start

ON_EACH_ENGINE = pytest.mark.parametrize(
    "chosen_engine",
    [
        "embedded",
        pytest.param("milvus_lite", marks=pytest.mark.slow),
        pytest.param("milvus_server", marks=pytest.mark.milvus),
    ],
    indirect=True,
)


@pytest.fixture(scope="session")
def milvus_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Milvus is that runs beside this process, on a file."""
    folder = tmp_path_factory.mktemp("milvus")
    yield str(folder / "lite.db")
    lite.stop_all()


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the real one is."""
    if reason := reason_not_to_start():
        pytest.skip(reason)
    with MilvusServer(tmp_path_factory.mktemp("milvus")) as server:
        yield server.url


@pytest.fixture
def chosen_engine(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Let the shop search there; it is empty before."""
    if request.param == "embedded":
        yield "embedded"
        return
    # A machine under load is no Milvus that is away.
    monkeypatch.setattr(milvus_client, "SEARCH_TIMEOUT", 60.0)
    uri = request.getfixturevalue(request.param)
    settings.SEARCH_ENGINE, settings.MILVUS_URL = "milvus", uri
    yield "milvus"
    empty(uri)


def empty(uri: str) -> None:
    client = milvus_client.connect(uri, timeout=20)
    for name in client.list_collections(timeout=20):
        client.drop_collection(name, timeout=20)
