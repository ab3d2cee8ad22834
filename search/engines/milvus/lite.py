"""Milvus Lite on a file: one server for all processes of a host.

Its package starts a server in every process that opens the file, and refuses all but
the first. Here whoever needs it first starts it; the others use that one, and start
another once its process has ended, with which it ends.
"""

import fcntl
import re
import socket
import tempfile
import time
import zlib
from pathlib import Path
from threading import Lock
from typing import IO, Any

from search.errors import SearchUnavailable

START_SECONDS = 8.0
LOOK_SECONDS = 0.05
SOCKET_PATH_BYTES = 100
# What Milvus Lite allows, and how that is told.
NAME = re.compile(r"[a-zA-Z0-9._-]{1,36}")
NAME_RULE = "letters, digits, '.', '_' and '-' alone, 36 of them at most"

_lock = Lock()
_servers: dict[str, tuple[Any, IO[Any]]] = {}  # those of this process, and their locks


def address_of(file: str) -> str:
    """Return where the file's server listens, which is started if there is none.

    Raises SearchUnavailable if it cannot be.
    """
    path = Path(file).resolve()
    if not NAME.fullmatch(path.name):
        raise SearchUnavailable(f"MILVUS_URL={file}: the name has {NAME_RULE}")
    listens_at = _socket_of(path)
    until = time.monotonic() + START_SECONDS
    with _lock:
        while not _listens(listens_at):
            _start(path, listens_at)
            if time.monotonic() > until:
                raise SearchUnavailable(f"Milvus Lite on {path} does not start")
            time.sleep(LOOK_SECONDS)
    return f"unix:{listens_at}"


def stop_all() -> None:
    """End those that this process has started."""
    for server, lock in _servers.values():
        server.stop()
        lock.close()
    _servers.clear()


def _start(path: Path, listens_at: Path) -> None:
    """Start it, unless another process has, or one is still ending."""
    if str(path) in _servers:
        server, lock = _servers[str(path)]
        if server._p is not None and server._p.poll() is None:
            return
        server.stop()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = listens_at.with_suffix(".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return
        # Not before we have the lock: one that is dropped removes the socket.
        server = _server(path, listens_at)
        _servers[str(path)] = server, lock
    server.start()


def _server(path: Path, listens_at: Path) -> Any:
    """Return one for this file, not started yet."""
    from milvus_lite.server import Server  # of the extra

    server = Server(str(path))
    server._uds_path = str(listens_at)
    return server


def _socket_of(path: Path) -> Path:
    """Return a short path: a socket's may have no more than some hundred characters."""
    beside = path.with_name(f"{path.name}.sock")
    if len(str(beside)) < SOCKET_PATH_BYTES:
        return beside
    digest = zlib.crc32(str(path).encode())
    return Path(tempfile.gettempdir(), f"semblance-milvus-{digest:08x}.sock")


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(address))
        except OSError:
            return False
    return True
