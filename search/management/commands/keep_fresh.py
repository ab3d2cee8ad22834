import signal
import threading
from collections.abc import Sequence
from typing import Any

import structlog
from celery import Task
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from catalogue.media.orphans import SWEEP_SECONDS
from catalogue.tasks import run_waiting_imports, sweep_files
from outages.tables import wait_for_tables
from search.tasks import (
    encode_missing,
    encode_texts,
    fill_encoders,
    find_duplicates,
    forget_missed_words,
    refresh_snapshot,
    verify_gallery,
)

log = structlog.get_logger()

SECONDS = 1.0


class Command(BaseCommand):
    help = "Without Redis: do again and again what beat and a worker would do."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        wait_for_tables(stop.wait)
        if stop.is_set():
            return
        # An import takes minutes, a new encoder hours: beside the rest, and dropped at
        # the end, since whoever comes next takes it over.
        for task in (run_waiting_imports, fill_encoders, find_duplicates):
            threading.Thread(target=repeat, args=([task], stop), daemon=True).start()
        seldom = ([sweep_files, forget_missed_words], stop, SWEEP_SECONDS)
        threading.Thread(target=repeat, args=seldom, daemon=True).start()
        repeat([encode_missing, encode_texts, refresh_snapshot, verify_gallery], stop)


def repeat(
    tasks: Sequence[Task[..., None]], stop: threading.Event, seconds: float = SECONDS
) -> None:
    """Again and again; whatever fails is in the log, and tried again."""
    while not stop.wait(seconds):
        for task in tasks:
            result = task.apply()
            if result.failed():
                log.error(task.name, error=repr(result.result))
        close_old_connections()
