"""gunicorn's settings, for `make run`, docker/ and benchmarks alike."""

import ctypes
import gc
import itertools
import os
import re
import shutil
import struct
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before faiss and the runtime load: one search uses one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Bytes for each kind of a process's numbers, some ten times what they come to. Reserved
# before the first is written: a file that grows on a full disk would kill the process.
RESERVED = 1 << 20

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "config.server.worker.Worker"
threads = 4
# Each process waits for so many clients; a system allows 1,024 open files as a rule.
worker_connections = 500
timeout = 60
# The longest address of ours: the next page of a photo's results under long filters.
limit_request_line = 8190
graceful_timeout = 5
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
# Neither the encoder nor the gallery survives a fork: each worker loads its own.
preload_app = False
# In memory: neither a heartbeat nor a count must wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Make a folder for the processes' numbers, where there is a /metrics to show them.

    Called once in the life of a master, not at a reload. Its workers find the folder in
    their environment, and no process but the master ever removes it.
    """
    os.environ.pop(METRICS_FOLDER, None)
    if not os.environ.get("METRICS_TOKEN"):
        return
    parent = Path(worker_tmp_dir or tempfile.gettempdir())
    _remove_folders_of_killed_masters(parent)
    with suppress(OSError):  # then each process counts for itself
        prefix = f"semblance-metrics-{os.getpid()}-"
        os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix=prefix, dir=parent)


def on_exit(server: Any) -> None:
    if folder := os.environ.get(METRICS_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def pre_exec(server: Any) -> None:
    """Start the next master, at USR2, as this one was: by `python -m gunicorn`.

    By its file, as gunicorn would, its package `http` would hide Python's.
    """
    python, program, *options = server.START_CTX["args"]
    if Path(program).name == "__main__.py":
        server.START_CTX["args"] = [python, "-m", "gunicorn", *options]


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker the lowest number that none of the others has.

    Numbers, not process ids: who takes the place of a worker that ended goes on
    counting in its files, so that there are never more of these than workers.
    """
    taken = {each.number for each in server.WORKERS.values()}
    worker.number = next(each for each in itertools.count() if each not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Let the worker count in the master's folder; without one, for itself."""
    from prometheus_client import values

    values.ValueClass = values.MutexValue
    if folder := os.environ.get(METRICS_FOLDER):
        try:
            _reserve(Path(folder), worker.number)
        except OSError as error:
            os.environ.pop(METRICS_FOLDER)
            worker.log.warning("Metrics are of each process alone: %s", error)
        else:
            in_files = values.MultiProcessValue(lambda: worker.number)  # type: ignore[no-untyped-call]
            values.ValueClass = in_files


def _reserve(folder: Path, number: int) -> None:
    """Make room for what this worker counts, where none had the number before it.

    Raises OSError on a full disk.
    """
    from prometheus_client.mmap_dict import MmapedDict

    folder.mkdir(mode=0o700, exist_ok=True)
    for kind in ("counter", "histogram"):
        path = folder / f"{kind}_{number}.db"
        try:
            if path.exists():
                list(MmapedDict.read_all_values_from_file(path))  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, struct.error):
            path.unlink()  # damaged
        with path.open("ab") as file:
            file.write(bytes(max(0, RESERVED - file.tell())))


def _remove_folders_of_killed_masters(parent: Path) -> None:
    for folder in parent.glob("semblance-metrics-*"):
        found = re.fullmatch(r"semblance-metrics-(\d+)-\w+", folder.name)
        if found and not _is_running(int(found[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def post_worker_init(worker: Any) -> None:
    """Load what searches need beside the first requests, so that none waits."""
    from outages import later
    from search.gallery.holder import Holder

    _return_memory()
    later.in_background = True
    Holder.loads_in_background = True
    threading.Thread(target=_warm_up, daemon=True).start()


def _return_memory() -> None:
    """Return large blocks to the system at once.

    glibc would keep what huge photos took: a gigabyte after some of them.
    """
    mmap_threshold = -3
    with suppress(AttributeError):  # other libraries do so by themselves
        ctypes.CDLL(None).mallopt(mmap_threshold, 1024 * 1024)


def _warm_up() -> None:
    _search_once()
    # What is loaded now stays. Python would go through all of it every few requests
    # to look for garbage: some milliseconds each time.
    gc.collect()
    gc.freeze()


def _search_once() -> None:
    from django.db import DatabaseError
    from PIL import Image

    from search.answers.similar import similar_to_photo
    from search.answers.word_search import by_words
    from search.errors import SearchUnavailable
    from search.words import words_gallery
    from search.words.parsing import parse_words

    with suppress(DatabaseError):  # said at the first search that needs it
        gallery = words_gallery.current("warm up")
        by_words(parse_words("warm up", gallery).query)
    try:
        similar_to_photo(Image.new("RGB", (224, 224), "white"))
    except (DatabaseError, SearchUnavailable):
        return  # said at the first search that needs it
