"""gunicorn's settings, for `make run`, docker/ and benchmarks alike."""

import ctypes
import gc
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before faiss and the runtime load: one search uses one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where each process writes its numbers for /metrics (config/metrics.py), anew with each
# start of the server; before any of them is made.
_metrics = tempfile.TemporaryDirectory(prefix="semblance-metrics-")
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", _metrics.name)

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 5
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
# Neither the encoder nor the gallery survives a fork: each worker loads its own.
preload_app = False
if Path("/dev/shm").is_dir():  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - its heartbeat must not wait for a disk
control_socket_disable = True


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of a process that exited; drop its gauges."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def post_worker_init(worker: Any) -> None:
    """Load what searches need beside the first requests, so that none waits."""
    from search.gallery.holder import Holder

    _return_memory()
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
    except SearchUnavailable:
        return  # said at the first search that needs it
