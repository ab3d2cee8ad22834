import signal
import threading
from typing import Any

import structlog
from catalogue.tasks import run_waiting_imports
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from search.tasks import encode_missing, refresh_snapshot

log = structlog.get_logger()

SECONDS = 1.0
TASKS = (run_waiting_imports, encode_missing, refresh_snapshot)


class Command(BaseCommand):
    help = "Without Redis: do again and again what beat and a worker would do."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while not stop.wait(SECONDS):
            for task in TASKS:
                # Whatever fails is in the log, and tried again a second later.
                result = task.apply()
                if result.failed():
                    log.error(task.name, error=repr(result.result))
                if stop.is_set():
                    return
            close_old_connections()
