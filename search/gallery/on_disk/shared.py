"""Snapshots on the storage that hosts share: a builder uploads, web hosts download.

Without STORAGE_URL all processes see one SNAPSHOTS_DIR, and this is not used. With it,
SNAPSHOTS_DIR is each host's own copy, which serves while the storage is unreachable.
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
from django.core.files.storage import FileSystemStorage, Storage, storages

from catalogue.media.storing import AWAY
from hashing import IndexFileError
from hashing.disk import fsync
from search.errors import SearchUnavailable

# Written last and removed first: a folder that has it is whole.
MARKER = "manifest.json"
# After a failure the storage is not asked for so long.
BACK_OFF_SECONDS = 2.0

_lock = Lock()
_fetching: dict[str, Future[None]] = {}
_paused_until: dict[str, float] = {}


def is_in_use() -> bool:
    return "snapshots" in settings.STORAGES


def put(folder: Path) -> None:
    """Upload a snapshot. May be repeated after it raised SearchUnavailable."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda path: path.name == MARKER and path.parent == folder)
    with _storage() as storage:
        for path in files:
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            if storage.exists(name):
                storage.delete(name)
            with path.open("rb") as file:
                storage.save(name, File(file))


def is_available(name: str, folder: Path, *, wait: bool) -> bool:
    """Return whether this host has its copy; where not, begin to download it.

    wait: return only once it has been downloaded. Raises as `fetch`.
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
        _paused_until[name] = time.monotonic() + BACK_OFF_SECONDS
        raise
    finally:
        _fetching.pop(name, None)
    return True


def fetch(name: str, folder: Path) -> None:
    """Download this host's copy, unless another process has; it is not verified yet.

    Raises IndexFileError if the storage does not have it whole, SearchUnavailable
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
            if not storage.exists(f"{name}/{MARKER}"):
                raise IndexFileError(f"the storage has no snapshot {name}")
            for file in _files(storage, name):
                _copy(storage, file, partial / Path(file).relative_to(name))
        fsync(partial)
        partial.rename(folder)


def name_of(path: Path) -> str:
    """Return the name of the snapshot that a file or folder belongs to."""
    return path.name.removesuffix(".download").removesuffix(".lock")


def has(name: str) -> bool:
    """Return whether the storage has it. Raises SearchUnavailable."""
    with _storage() as storage:
        return storage.exists(f"{name}/{MARKER}")


def sweep(keep: set[str]) -> None:
    """Remove all other snapshots; call only under the builder's lock."""
    with _storage() as storage:
        try:
            names, _ = storage.listdir("")
        except FileNotFoundError:  # nothing was ever put there
            return
        for name in set(names) - keep:
            files = sorted(_files(storage, name), key=lambda file: file != MARKER)
            for file in files:
                storage.delete(file)
            if isinstance(storage, FileSystemStorage):
                shutil.rmtree(storage.path(name), ignore_errors=True)


@cache
def _executor() -> ThreadPoolExecutor:
    """Return the one downloading thread, started on first use: after the fork."""
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
    fsync(path)


@contextmanager
def _storage() -> Iterator[Storage]:
    try:
        yield storages["snapshots"]
    except FileNotFoundError as error:
        raise IndexFileError(f"the storage has lost a file: {error}") from error
    except AWAY as error:
        raise SearchUnavailable(f"the storage does not answer: {error}") from error
