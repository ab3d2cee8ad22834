"""How gunicorn serves the shop: found by itself, for `make run` and docker/ alike."""

import os
from pathlib import Path

# Before numpy, faiss and the runtime load: one search uses one core, and threads of
# OpenMP would not survive the fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 5
keepalive = 5

# The heartbeat file; on a disk it could block a worker.
if Path("/dev/shm").is_dir():  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
