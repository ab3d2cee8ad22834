"""Logs that no request waits for.

Who reads our output may stop reading: a paused terminal, a log driver that hangs. Once
the pipe between is full, whoever writes a line waits until it is read, and with it the
request that had something to say. So a thread writes, and what is too much is dropped.
"""

import atexit
import logging
import queue
import sys
import threading
from contextlib import suppress
from typing import TextIO

MAX_WAITING = 10_000  # lines
EXIT_SECONDS = 1.0  # for lines that still wait at the end of the process


class Unblocked(logging.Handler):
    """Formats a record where it is made, and writes it in a thread of its own."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._lines: queue.Queue[str] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 - as all handlers do
            self.handleError(record)
        else:
            self._start()

    def _start(self) -> None:
        """Start the thread with the first line: after the process has forked."""
        if self._thread is None:  # under the handler's lock
            thread = threading.Thread(target=self._write_lines, daemon=True)
            with suppress(RuntimeError):  # no more threads; the next line tries again
                thread.start()
                self._thread = thread
                atexit.register(self._wait_at_exit)

    def _write_lines(self) -> None:
        while True:
            line = self._lines.get()
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._write(f"{dropped} lines were dropped: nobody read them")
            self._write(line)
            self._lines.task_done()

    def _write(self, line: str) -> None:
        with suppress(OSError, ValueError):  # a full disk, a closed stream
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _wait_at_exit(self) -> None:
        written = threading.Thread(target=self._lines.join, daemon=True)
        written.start()
        written.join(EXIT_SECONDS)


def unblock(logger: logging.Logger) -> None:
    """Let a thread write what this logger's handlers would write to a stream."""
    for handler in list(logger.handlers):
        if type(handler) is logging.StreamHandler:
            unblocked = Unblocked(handler.stream)
            unblocked.setFormatter(handler.formatter)
            logger.removeHandler(handler)
            logger.addHandler(unblocked)
