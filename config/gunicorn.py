"""How gunicorn serves the shop. The number of workers is given at its start."""

import threading
from typing import Any

worker_class = "gthread"
threads = 4
timeout = 60
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
# Neither the encoder nor the gallery survives a fork: each worker loads its own.
preload_app = False
worker_tmp_dir = "/dev/shm"  # noqa: S108 - its heartbeat must not wait for a disk


def post_worker_init(worker: Any) -> None:
    """Load beside the first requests what they need, so that none waits for it."""
    threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    from PIL import Image

    from search.errors import SearchUnavailable
    from search.similar import similar_to_photo

    try:
        similar_to_photo(Image.new("RGB", (224, 224), "white"), limit=1)
    except SearchUnavailable:
        return  # said at the first search that needs it
