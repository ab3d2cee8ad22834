"""Notes that a request leaves behind: how often a key was used, what was not found.

A request neither waits for them nor fails by them: while somebody else writes to
SQLite, or PostgreSQL hangs, they wait in memory, and what is too much is dropped.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import structlog

from outages import background

log = structlog.get_logger(__name__)

# A server writes notes beside its requests (config/gunicorn.py); elsewhere they are
# written where they are made.
in_background = False

MAX_WAITING = 1000  # different notes

Note = TypeVar("Note", bound=Hashable)


class Notes(Generic[Note]):
    """Notes of one kind; equal ones are written together.

    write: called with a note and how often it was made.
    """

    def __init__(self, write: Callable[[Note, int], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: Counter[Note] = Counter()
        self._is_writing = False

    def add(self, note: Note) -> None:
        """Write it, or have it written; never raises."""
        if not in_background:
            self._try(note, 1)
            return
        with self._lock:
            if note in self._waiting or len(self._waiting) < MAX_WAITING:
                self._waiting[note] += 1
            if self._is_writing:
                return
            self._is_writing = True
        self._start()

    def _start(self) -> None:
        try:
            background.start(self._write_waiting)
        except RuntimeError as error:  # no more threads; the next note tries again
            self._is_writing = False
            log.warning("notes wait", reason=str(error))

    def _write_waiting(self) -> None:
        """Write until none waits."""
        while notes := self._take():
            for note, times in notes.items():
                self._try(note, times)

    def _take(self) -> "Counter[Note]":
        with self._lock:
            notes, self._waiting = self._waiting, Counter()
            self._is_writing = bool(notes)
            return notes

    def _try(self, note: Note, times: int) -> None:
        try:
            self._write(note, times)
        except Exception as error:  # noqa: BLE001 - worth less than the request
            log.warning("not noted", reason=repr(error))
