"""Without Redis: one process does what beat and workers would do."""

import signal
import sys
from collections.abc import Callable
from unittest.mock import patch

import pytest

from catalogue.models import Product
from search.encoders import encoding
from search.models import Snapshot
from tests.builders import new_product
from tests.servers import BASE_DIR, Server
from tests.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
]


class KeepFresh(Server):
    def command(self) -> list[str]:
        return [sys.executable, str(BASE_DIR / "manage.py"), "keep_fresh"]

    def is_ready(self) -> bool:
        return True


def test_it_encodes_what_was_lost_builds_snapshots_and_ends_when_told(
    environment: dict[str, str],
    tmp_path: object,
    start: Callable[[Server], Server],
) -> None:
    process = start(KeepFresh(tmp_path, environment))
    with patch("search.signals.encode_images.apply_async"):
        new_product(images=range(3))
    wait_until(lambda: not encoding.waiting_images().exists(), timeout=60)
    wait_until(lambda: Snapshot.objects.exists(), timeout=60)
    assert Product.objects.count() == 1
    assert process.process is not None
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(5) == 0
