"""The real Milvus, from the package milvus 2.3.5, as one process.

Its parts listen on every interface, whatever they are told. So it only starts where
there is none but loopback: `make test-milvus` makes such a place.
"""

import importlib.util
import os
import shutil
import signal
import socket
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.servers import Server, free_port

PARTS = (
    *("etcd", "root_coord", "proxy", "proxy_internal", "query_coord", "query_node"),
    *("index_coord", "index_node", "data_coord", "data_node"),
)


def reason_not_to_start() -> str:
    """Empty where it may."""
    if importlib.util.find_spec("milvus") is None:
        return "the package milvus is not installed: see make test-milvus"
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    return f"Milvus would listen on {', '.join(others)} too" if others else ""


class MilvusServer(Server):
    stop_signal = signal.SIGKILL  # told to end, it may hang; what it holds is ours

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.health_port = free_port()
        self.ports = {part: free_port() for part in PARTS} | {"proxy": self.port}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        if not (self.folder / "bin").exists():
            self._unpack()
        return super().start()

    def stop(self) -> int:
        ended = super().stop()
        if self.process is not None:
            Path(f"/tmp/milvus/server_id_{self.process.pid}").unlink(missing_ok=True)
        return ended

    def command(self) -> list[str]:
        # It looks for its configuration where it is started.
        start = 'cd "$0" && exec bin/milvus run standalone'
        return ["/bin/sh", "-c", start, str(self.folder)]

    def is_ready(self) -> bool:
        with suppress(OSError):
            url = f"http://127.0.0.1:{self.health_port}/healthz"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return b"OK" in answer.read()
        return False

    def _unpack(self) -> None:
        from milvus import MilvusServerConfig, _initialize_data_files

        _initialize_data_files(str(self.folder))
        ports = {f"{part}_port": port for part, port in self.ports.items()}
        config = MilvusServerConfig(data_dir=str(self.folder), **ports)
        config.set("proxy.timeTickInterval", 20)  # ms; else each write takes 200
        config.set("common.session.ttl", 5)
        config.resolve()
        etcd = self.folder / "configs" / "etcd.yaml"
        clients, peers = (
            f"http://127.0.0.1:{port}" for port in (self.ports["etcd"], free_port())
        )
        etcd.write_text(
            f"name: default\ndata-dir: {self.folder}/data/etcd.data\n"
            f"listen-client-urls: {clients}\nadvertise-client-urls: {clients}\n"
            f"listen-peer-urls: {peers}\ninitial-advertise-peer-urls: {peers}\n"
            f"initial-cluster: default={peers}\nlog-level: warn\nlogger: zap\n"
        )
        temporary = self.folder / "tmp"
        temporary.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self.health_port),
            "LD_LIBRARY_PATH": str(self.folder / "bin"),
            "ETCD_CONFIG_PATH": str(etcd),
            "MILVUS_RUN_DIR": str(self.folder / "run"),
            "TMPDIR": str(temporary),
            "HOME": str(self.folder),
        }

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)
