"""Files of pictures that no row has."""

import os
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from catalogue.media import orphans
from catalogue.models import ProductImage
from catalogue.tasks import sweep_files
from tests.builders import add_image, new_product

pytestmark = pytest.mark.django_db


def files() -> set[str]:
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)) for path in root.glob("products/*/*")}


def make_old(name: str) -> None:
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(Path(settings.MEDIA_ROOT) / name, (long_ago, long_ago))


def sweep_all() -> int:
    return sum(orphans.sweep(number) for number in range(orphans.FOLDERS))


def an_orphan() -> str:
    """As a process leaves it that is killed before its commit."""
    before = files()
    with transaction.atomic():
        add_image(new_product(), 1)
        transaction.set_rollback(True)
    (left,) = files() - before
    return left


def test_a_file_without_a_row_goes_after_a_day_and_all_others_stay() -> None:
    kept = add_image(new_product(), 0).file.name
    fresh, old = an_orphan(), an_orphan()
    for name in (kept, old):
        make_old(name)
    assert sweep_all() == 1
    assert files() == {kept, fresh}
    assert sweep_all() == 0
    with ProductImage.objects.get().file.open() as file:
        assert file.read(2)


def test_the_beat_goes_round_all_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    swept = []
    monkeypatch.setattr(orphans, "sweep", swept.append)
    for turn in range(orphans.FOLDERS):
        monkeypatch.setattr(
            time, "time", lambda turn=turn: turn * orphans.SWEEP_SECONDS + 1
        )
        sweep_files.apply()
    assert sorted(swept) == list(range(orphans.FOLDERS))


def test_a_shop_without_pictures_has_nothing_to_sweep() -> None:
    assert sweep_all() == 0
