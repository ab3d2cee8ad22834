"""How gunicorn serves the shop, for `make run`, docker/ and benchmarks alike."""

import ctypes
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before faiss and the runtime load: one search uses one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

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


def post_worker_init(worker: Any) -> None:
    """Load beside the first requests what they need, so that none waits for it."""
    _return_memory()
    threading.Thread(target=_warm_up, daemon=True).start()


def _return_memory() -> None:
    """Give large pieces back to the system at once: glibc would keep what a huge
    photo took, a gigabyte after some of them.
    """
    mmap_threshold = -3
    with suppress(AttributeError):  # other libraries do so by themselves
        ctypes.CDLL(None).mallopt(mmap_threshold, 1024 * 1024)


def _warm_up() -> None:
    from django.db import DatabaseError
    from PIL import Image

    from search.errors import SearchUnavailable
    from search.similar import similar_to_photo
    from search.words import answering

    with suppress(DatabaseError):  # said at the first search that needs it
        answering.by_words(answering.understood("warm up").query)
    try:
        similar_to_photo(Image.new("RGB", (224, 224), "white"), limit=1)
    except SearchUnavailable:
        return  # said at the first search that needs it
