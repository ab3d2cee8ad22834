"""A shop of its own for a benchmark: empty, in a temporary folder, on a free port."""

import http.client
import json
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = BASE_DIR.parent / "shared" / "data"
RESULTS = BASE_DIR / "benchmarks" / "results"


class Shop:
    """`manage` runs commands, `serve` starts the site; all of it ends with `with`."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="semblance-bench-"))
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "DATA_DIR": str(self.folder / "data"),
            "OMP_NUM_THREADS": "1",
            "API_RATE_ANONYMOUS": "",
            **environment,
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """End what was started; `serve` may begin again."""
        while self._processes:
            process = self._processes.pop()
            process.terminate()
            process.wait(20)

    def manage(self, *arguments: str) -> float:
        """Run a command of manage.py; seconds it took."""
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a process that ends with the shop; its log is in the folder."""
        log = (self.folder / f"{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self._processes.append(process)
        return process

    def serve(self, workers: int = 2, *options: str) -> subprocess.Popen[bytes]:
        """Start the site; `options` are gunicorn's."""
        bind = f"127.0.0.1:{self.port}"
        gunicorn = ("-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py")
        server = self.start(*gunicorn, "-w", str(workers), "-b", bind, *options)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            try:
                if self.get("/api/v1/status/")[0] == 200:
                    return server
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the shop did not start")

    def warm_up(self) -> None:
        """Until every process has read all products, which words are searched in."""
        deadline, whole = time.monotonic() + 240, 0
        while whole < 16 and time.monotonic() < deadline:
            status, answer = self.get("/api/v1/search/words/?q=zebra")
            is_whole = status == 200 and answer["gallery"]["snapshot"] == "words"
            whole = whole + 1 if is_whole else 0
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, Any]:
        return self._request("GET", path)

    def search(self, photo: bytes, **fields: str) -> tuple[int, Any]:
        """POST a photo: (status, answer)."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            f"{value}\r\n".encode()
            for name, value in fields.items()
        ]
        parts.append(
            f"--{boundary}\r\nContent-Disposition: form-data; "
            'name="photo"; filename="photo.jpg"\r\n\r\n'.encode()
            + photo
            + f"\r\n--{boundary}--\r\n".encode()
        )
        content_type = f"multipart/form-data; boundary={boundary}"
        return self._request(
            "POST", "/api/v1/search/photo/", b"".join(parts), content_type
        )

    def post(self, path: str, fields: dict[str, Any]) -> tuple[int, Any]:
        return self._request(
            "POST", path, json.dumps(fields).encode(), "application/json"
        )

    def _request(
        self, method: str, path: str, body: bytes = b"", content_type: str = ""
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Content-Type": content_type} if content_type else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def save_result(name: str, result: dict[str, Any]) -> Path:
    """Write benchmarks/results/NAME.json, with the commit and the machine."""
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    header = {"commit": commit(), "machine": machine}
    path.write_text(json.dumps({**header, **result}, indent=2) + "\n")
    return path


def commit() -> str:
    """Return the commit that is checked out; "-dirty" where files differ from it."""
    git = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(git, cwd=BASE_DIR, capture_output=True, text=True)
    return told.stdout.strip()


def load_result(name: str) -> dict[str, Any]:
    """Return what save_result wrote last, without its header; empty without it."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {}
    found = json.loads(path.read_text())
    return {key: found[key] for key in found if key not in ("commit", "machine")}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
