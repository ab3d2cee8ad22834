"""Locks that hold between processes and die with the process that holds them."""

import fcntl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

LOOK_SECONDS = 0.5


@contextmanager
def try_lock(name: str) -> Iterator[bool]:
    """Yield whether this process holds the lock; never wait for it.

    On PostgreSQL an advisory lock of the session, which holds between hosts; on
    SQLite, which is one host, a locked file. A killed holder keeps neither.
    """
    if connection.vendor == "postgresql":
        with _advisory(zlib.crc32(name.encode())) as is_held:
            yield is_held
    else:
        with _locked_file(name) as is_held:
            yield is_held


@contextmanager
def waited_lock(name: str, *, on_wait: Callable[[], object]) -> Iterator[None]:
    """Hold the lock inside; wait for it, and call on_wait once if it is not free."""
    has_told = False
    while True:
        with try_lock(name) as is_held:
            if is_held:
                yield
                return
        if not has_told:
            on_wait()
            has_told = True
        time.sleep(LOOK_SECONDS)


@contextmanager
def _advisory(key: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_held = bool(cursor.fetchone()[0])
    try:
        yield is_held
    finally:
        if is_held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def _locked_file(name: str) -> Iterator[bool]:
    with (settings.DATA_DIR / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True  # closing the file unlocks it
