"""Processes that are stopped and go on: they accept connections, and answer nothing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

PATIENCE = 30  # seconds that a client waits for its answer


@contextmanager
def hung(pid: int, *, children: bool = True) -> Iterator[None]:
    """Stop this process inside, and its children unless told otherwise."""
    process = psutil.Process(pid)
    stopped = [process, *(process.children(recursive=True) if children else [])]
    _signal(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(stopped, signal.SIGCONT)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
