"""Work beside the requests, in a thread whose database connection ends with it."""

import threading
from collections.abc import Callable

from django.db import connections


def start(work: Callable[[], None]) -> None:
    """Run the work in a thread, and close its database connections afterwards."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    threading.Thread(target=run, daemon=True).start()
