"""Law 5: a serving process sees a whole snapshot, or the last good one, or none."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from outages import background
from search.engines import embedded
from search.engines.engine import current_gallery
from search.errors import SearchUnavailable
from search.gallery.holder import Holder
from search.gallery.on_disk import snapshots
from search.gallery.reading import CodeShape
from search.gallery.rows import Rows
from search.models import Change, Snapshot
from tests.builders import new_product
from tests.search.catalogues import a_query, add_coded_image, embedding
from tests.wait import wait_until

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def add_image(seed: int) -> int:
    return add_coded_image(new_product(), embedding(random.Random(seed))).pk


def found() -> set[int]:
    near = current_gallery().search(a_query(random.Random(0)), 200)
    return {image_id for image_id, _ in near.hits()}


def files_of(snapshot: Snapshot) -> list[Path]:
    return [p for p in snapshots.folder_of(snapshot).rglob("*") if p.is_file()]


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip_last_byte, Path.unlink])
def test_damage_to_any_file_means_the_last_good_one_and_a_new_one_is_due(
    damage: Callable[[Path], None],
) -> None:
    images = {add_image(1)}
    snapshots.build()
    names = {
        p.relative_to(settings.SNAPSHOTS_DIR).parts[1:]
        for p in files_of(Snapshot.objects.get())
    }
    for parts in sorted(names):
        images.add(add_image(len(images)))
        newest = snapshots.build()
        assert newest is not None
        embedded.reset()
        damage(snapshots.folder_of(newest).joinpath(*parts))
        assert found() == images
        assert current_gallery().snapshot.name != newest.name
        assert snapshots.is_due()
        healed = snapshots.build_if_due()
        assert found() == images
        assert healed is not None
        assert current_gallery().snapshot.name == healed.name
        assert not snapshots.is_due()


def test_without_any_good_snapshot_search_is_unavailable_until_one_is_built() -> None:
    image = add_image(1)
    snapshots.build()
    shutil.rmtree(settings.SNAPSHOTS_DIR)
    with pytest.raises(SearchUnavailable):
        current_gallery()
    assert snapshots.build_if_due() is not None
    assert found() == {image}


def test_a_process_that_has_loaded_it_survives_the_loss_of_its_files() -> None:
    image = add_image(1)
    snapshots.build()
    assert found() == {image}
    shutil.rmtree(settings.SNAPSHOTS_DIR)
    assert found() == {image}
    assert snapshots.is_due()


def test_a_server_goes_on_with_the_old_one_while_the_next_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = {add_image(1)}
    old = snapshots.build()
    assert found() == images
    images.add(add_image(2))
    new = snapshots.build()
    works: list[Callable[[], None]] = []
    monkeypatch.setattr(background, "start", works.append)
    monkeypatch.setattr(Holder, "loads_in_background", True)
    assert old is not None and new is not None
    for _ in range(3):
        assert found() == images
        assert current_gallery().name == old.name
    assert len(works) == 1  # one thread, whoever asks meanwhile
    works[0]()
    assert current_gallery().name == new.name
    assert found() == images


def test_the_last_three_are_kept_and_everything_else_is_swept() -> None:
    for seed in range(5):
        add_image(seed)
        snapshots.build()
    (settings.SNAPSHOTS_DIR / "left-by-a-killed-builder").mkdir()
    snapshots.build()
    folders = {path.name for path in settings.SNAPSHOTS_DIR.iterdir()}
    assert folders == set(Snapshot.objects.values_list("name", flat=True))
    assert len(folders) == snapshots.SNAPSHOTS_KEPT


def test_a_rollback_serves_the_one_before_overlaid_by_everything_since() -> None:
    images = {add_image(1)}
    before = snapshots.build()
    images |= {add_image(2), add_image(3)}
    snapshots.build()
    images.add(add_image(4))
    assert snapshots.roll_back() == before
    assert found() == images
    with pytest.raises(Snapshot.DoesNotExist):
        snapshots.roll_back()
    assert found() == images


def test_what_is_committed_while_it_is_built_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = {add_image(1)}
    read_all = snapshots.read_all

    def read_before_a_commit(by: CodeShape) -> Rows:
        rows = read_all(by)
        images.add(add_image(2))
        return rows

    monkeypatch.setattr(snapshots, "read_all", read_before_a_commit)
    built = snapshots.build()
    assert built is not None
    assert built.images == 1
    assert found() == images


@pytest.mark.django_db(transaction=True)
def test_a_new_one_is_due_by_the_share_of_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert snapshots.is_due()
    snapshots.build()
    assert not snapshots.is_due()
    monkeypatch.setattr(snapshots, "DUE_CHANGES", 3)
    for seed in range(3):
        add_image(seed)
    assert not snapshots.is_due()
    add_image(4)
    assert snapshots.is_due()
    snapshots.build_if_due()
    assert snapshots.build_if_due() is None


def test_changes_that_no_snapshot_needs_are_forgotten() -> None:
    for seed in range(8):
        add_image(seed)
        snapshots.build()
    oldest = Snapshot.objects.order_by("pk").first()
    assert oldest is not None
    fields = Change.objects.values_list("xid", "pk")
    assert all(max(xid, pk) >= oldest.position for xid, pk in fields)


HOLDER = """
import sys, django
django.setup()
from search.locks import try_lock
with try_lock("snapshot") as is_held:
    print(is_held, flush=True)
    sys.stdin.read()
"""


def test_one_builder_at_a_time_and_a_killed_one_keeps_no_lock(
    environment: dict[str, str],
) -> None:
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert snapshots.build() is None
        other.send_signal(signal.SIGKILL)
        other.wait()
    # PostgreSQL notices the broken connection a moment later.
    assert wait_until(snapshots.build).images == 0
