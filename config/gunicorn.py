"""gunicorn's settings, for `make run`, docker/ and benchmarks alike."""

import ctypes
import gc
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.server import metric_files
from config.server.master import Master, command

# Before faiss and the runtime load: one search uses one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

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
    """Prepare the master: once in its life, not at a reload."""
    Master.become(server)
    metric_files.make_folder(Path(worker_tmp_dir or tempfile.gettempdir()))


def on_exit(server: Any) -> None:
    metric_files.remove_folder()


def pre_exec(server: Any) -> None:
    """Start the next master, at USR2, as this one was: by `python -m gunicorn`."""
    server.START_CTX["args"] = command(server.START_CTX["args"])


def pre_fork(server: Any, worker: Any) -> None:
    worker.loaded = server.loaded
    worker.number = metric_files.lowest_free(
        each.number for each in server.WORKERS.values()
    )


def post_fork(server: Any, worker: Any) -> None:
    metric_files.count_in_folder(worker.number, worker.log)


def post_worker_init(worker: Any) -> None:
    """Load what searches need beside the first requests, so that none waits."""
    from config import logs
    from outages import background, later
    from search.gallery.holder import Holder

    _return_memory()
    worker.loaded[0] = 1
    logs.unblock(worker.log.error_log)
    later.in_background = True
    Holder.loads_in_background = True
    background.start(_warm_up)


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
