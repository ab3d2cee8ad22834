"""Leaving a service alone that did not answer.

Who waits for a service that hangs holds a thread meanwhile, and there are few. One
caller in some seconds finds out whether it answers again; all others fail at once.
"""

import time
from threading import Lock


class Pause:
    """Begins when a service does not answer, and ends when it does.

    seconds: between two tries.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._next_try: float | None = None  # on the monotonic clock; None: it answers

    def is_on(self) -> bool:
        """Return whether to fail at once; False lets this caller, and no other, try."""
        if self._next_try is None:
            return False
        with self._lock:
            now = time.monotonic()
            if self._next_try is None:
                return False
            if now < self._next_try:
                return True
            self._next_try = now + self._seconds
            return False

    def begin(self) -> None:
        """Note that the service did not answer."""
        with self._lock:
            self._next_try = time.monotonic() + self._seconds

    def end(self) -> None:
        """Note that the service answered."""
        if self._next_try is not None:
            with self._lock:
                self._next_try = None
