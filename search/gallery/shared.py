"""Snapshots on the storage that hosts share: a builder puts them there, web takes them.

Where STORAGE_URL is not set there is none: then all processes see one SNAPSHOTS_DIR.
Else that is each host's own copy, from which it goes on while the storage is away.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from catalogue.storing import AWAY
from hashing import IndexFileError
from hashing.disk import sync
from search.errors import SearchUnavailable

# Written last and removed first: what has it is whole.
LAST = "manifest.json"
# After a failure nobody asks again during these seconds.
PAUSE = 2.0

_lock = Lock()
_fetching: dict[str, Future[None]] = {}
_paused_until: dict[str, float] = {}


def is_in_use() -> bool:
    return "snapshots" in settings.STORAGES


def put(folder: Path) -> None:
    """Copy a snapshot there. Raises SearchUnavailable; then again does no harm."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda path: path.name == LAST and path.parent == folder)
    with _storage() as storage:
        for path in files:
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            if storage.exists(name):
                storage.delete(name)
            with path.open("rb") as file:
                storage.save(name, File(file))


def is_at_hand(name: str, folder: Path, *, wait: bool) -> bool:
    """Whether this host has its copy, which is otherwise being fetched: waited for, if
    asked. Raises as `fetch`.
    """
    if folder.exists():
        return True
    with _lock:
        if time.monotonic() < _paused_until.get(name, 0.0):
            raise SearchUnavailable("the storage did not answer a moment ago")
        fetching = _fetching.get(name)
        if fetching is None:
            fetching = _fetching[name] = _executor().submit(fetch, name, folder)
    if not (wait or fetching.done()):
        return False
    try:
        fetching.result()
    except SearchUnavailable:
        _paused_until[name] = time.monotonic() + PAUSE
        raise
    finally:
        _fetching.pop(name, None)
    return True


def fetch(name: str, folder: Path) -> None:
    """Make this host's copy, unless another process has.

    Not verified yet. Raises IndexFileError if it is not there whole, SearchUnavailable
    while the storage does not answer.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f"{name}.download")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process
        if folder.exists():
            return
        shutil.rmtree(partial, ignore_errors=True)
        with _storage() as storage:
            if not storage.exists(f"{name}/{LAST}"):
                raise IndexFileError(f"the storage has no snapshot {name}")
            for file in _files(storage, name):
                _copy(storage, file, partial / Path(file).relative_to(name))
        sync(partial)
        partial.rename(folder)


def name_of(path: Path) -> str:
    """Of the snapshot that this file or folder belongs to while it is fetched."""
    return path.name.removesuffix(".download").removesuffix(".lock")


def has(name: str) -> bool:
    """Raises SearchUnavailable while the storage does not answer."""
    with _storage() as storage:
        return storage.exists(f"{name}/{LAST}")


def sweep(keep: set[str]) -> None:
    """Remove all others; only under the builder's lock."""
    with _storage() as storage:
        try:
            names, _ = storage.listdir("")
        except FileNotFoundError:  # nothing was ever put there
            return
        for name in set(names) - keep:
            files = sorted(_files(storage, name), key=lambda file: file != LAST)
            for file in files:
                storage.delete(file)
            if settings.STORAGES["snapshots"]["BACKEND"].endswith("FileSystemStorage"):
                shutil.rmtree(storage.path(name), ignore_errors=True)


@cache
def _executor() -> ThreadPoolExecutor:
    """One thread, begun when it is needed: after the fork."""
    return ThreadPoolExecutor(1, "fetch")


def _files(storage: Storage, folder: str) -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}/{file}" for file in files)
    for below in folders:
        yield from _files(storage, f"{folder}/{below}")


def _copy(storage: Storage, name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with storage.open(name, "rb") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
    sync(path)


@contextmanager
def _storage() -> Iterator[Storage]:
    try:
        yield storages["snapshots"]
    except FileNotFoundError as error:
        raise IndexFileError(f"the storage has lost a file: {error}") from error
    except AWAY as error:
        raise SearchUnavailable(f"the storage does not answer: {error}") from error
