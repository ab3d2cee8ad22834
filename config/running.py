"""Start what the Procfile says, and start again what dies.

    python -m config.running [--port PORT] PROCESS…

Ctrl-C, SIGTERM or a closed terminal ends it all. A process that never lives for
QUICK_SECONDS cannot start: after a few tries that ends all the others, too.
"""

import multiprocessing
import signal
import sys
import time
from typing import Any

from honcho import command
from honcho.manager import Manager
from honcho.process import Process

QUICK_SECONDS = 10.0
MAX_QUICK = 3  # tries in a row
LONGEST_WAIT_SECONDS = 30.0


class Restarting(Process):  # type: ignore[misc]
    """A process of the Procfile, which ends only once the manager ends."""

    def __init__(self, *args: Any, ending: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ending = ending
        self._has_lived = False
        self._quick = 0  # times in a row that it ended at once
        self._stop: Any = None

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        while True:
            began = time.monotonic()
            super().run(events, ignore_signals)
            if self._ending.is_set() or not self._may_start(time.monotonic() - began):
                break
            seconds = min(2.0 ** (self._quick - 1), LONGEST_WAIT_SECONDS)
            told = f"ended (rc={self._stop['returncode']}); again in {seconds:g} s\n"
            self._send_message(told.encode())
            if self._ending.wait(seconds):
                break
        super()._send_message(self._stop, type="stop")

    def _may_start(self, lived: float) -> bool:
        is_quick = lived < QUICK_SECONDS
        self._has_lived |= not is_quick
        self._quick = self._quick + 1 if is_quick else 1
        return self._has_lived or self._quick < MAX_QUICK

    def _send_message(self, data: Any, type: str = "line") -> None:
        """Keep back that it stopped: the manager would end all the others."""
        if type == "stop":
            self._stop = data
        else:
            super()._send_message(data, type)


class Keeper(Manager):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ending = multiprocessing.Event()
        self._process_ctor = self._restarting

    def terminate(self) -> None:
        self._ending.set()
        super().terminate()

    def _restarting(self, *args: Any, **kwargs: Any) -> Restarting:
        return Restarting(*args, ending=self._ending, **kwargs)


def main() -> None:
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    command.Manager = Keeper
    sys.argv.insert(1, "start")
    command.main()


if __name__ == "__main__":
    main()
