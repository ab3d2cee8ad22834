"""A builder that is killed at any step, or whose disk is full, harms nobody."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from search.engines import embedded
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from search.models import Snapshot
from tests.builders import new_product
from tests.search.catalogues import a_query, add_coded_image, embedding
from tests.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
]

BUILDER = Path(__file__).with_name("crashing_builder.py")


class Builder:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert self.answer() == "ready"

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, told: str, number: int) -> int:
        """How it ended: 0, 1 by an error, or less than 0 by a signal."""
        assert self.process.stdin is not None
        print(told, number, file=self.process.stdin, flush=True)
        return int(self.answer())


@pytest.fixture
def builder(environment: dict[str, str], tmp_path: Path) -> Iterator[Builder]:
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    environment["PYTHONPATH"] = str(settings.BASE_DIR)
    with (
        (tmp_path / "builder.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, str(BUILDER)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield Builder(process)
        assert process.stdin is not None
        process.stdin.close()


def add_image(seed: int) -> int:
    return add_coded_image(new_product(), embedding(random.Random(seed))).pk


def found() -> set[int]:
    """By a process that begins now."""
    embedded.reset()
    near = current_gallery().search(a_query(random.Random(0)), 200)
    return set(near.image_id.tolist())


def folders() -> set[str]:
    return {path.name for path in settings.SNAPSHOTS_DIR.iterdir()}


def test_a_builder_killed_at_any_step_leaves_a_shop_that_answers_and_heals(
    builder: Builder,
) -> None:
    images = {add_image(1)}
    snapshots.build()
    images.add(add_image(2))
    step = 1
    while builder.tell("kill", step) == -signal.SIGKILL:
        assert found() == images, step
        for row in Snapshot.objects.all():
            snapshots.load(row)
        step += 1
    assert step > 100  # files, syncs and statements were counted
    assert found() == images
    # Nobody holds the lock; PostgreSQL notices a broken connection a moment later.
    healed = wait_until(snapshots.build)
    assert current_gallery().name == healed.name
    assert folders() == set(Snapshot.objects.values_list("name", flat=True))
    assert Snapshot.objects.count() == snapshots.SNAPSHOTS_KEPT


def test_on_a_full_disk_the_last_snapshot_goes_on(builder: Builder) -> None:
    images = {add_image(seed) for seed in range(40)}
    snapshots.build()
    before = Snapshot.objects.get()
    images.add(add_image(50))
    for room in (0, 100, 300, 1000, 4000):
        assert builder.tell("full", room) == 1, room
        assert found() == images
        assert Snapshot.objects.get() == before
    healed = wait_until(snapshots.build)
    assert found() == images
    assert current_gallery().name == healed.name
    assert folders() == set(Snapshot.objects.values_list("name", flat=True))


def test_a_worker_whose_disk_is_full_says_so_and_tries_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    images = {add_image(1)}
    snapshots.build()
    monkeypatch.setattr(snapshots, "DUE_CHANGES", 0)
    images.add(add_image(2))
    real: Any = snapshots.write

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    from search.tasks import refresh_snapshot

    monkeypatch.setattr(snapshots, "write", full)
    assert refresh_snapshot.apply().failed()
    assert found() == images
    monkeypatch.setattr(snapshots, "write", real)
    assert not refresh_snapshot.apply().failed()
    assert current_gallery().pending == 0
