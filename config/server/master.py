"""gunicorn's master, made to go on with what serves when something new does not.

As it comes, one worker that cannot load the shop ends the master and all that serves:
at a reload after a mistake in an update, and also when a worker is only replaced while
an update is half done. gunicorn has no setting for the class of its master, so one that
is starting becomes this one (config/gunicorn.py).
"""

import mmap
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from config.server import metric_files

SHOP = Path(__file__).resolve().parents[2]
LOAD_SECONDS = 120  # to try it, on a busy machine
# Between tries to start workers, after one could not load the shop.
RETRY_SECONDS = 5.0
REASON_LINES = 5  # of what a failed try says


class Master(Arbiter):  # type: ignore[misc]
    loaded: mmap.mmap  # one byte, shared with the workers: 1 once one has loaded
    next_start: float  # of workers, on the monotonic clock

    @classmethod
    def become(cls, arbiter: Any) -> None:
        arbiter.__class__ = cls
        arbiter.loaded = mmap.mmap(-1, 1)
        arbiter.next_start = 0.0

    def handle_hup(self) -> None:
        """Reload, unless what would be loaded cannot be."""
        if reason := reason_not_to_load(self.START_CTX):
            self.log.error("Not reloaded; what serves goes on. %s", reason)
        else:
            super().handle_hup()

    def reap_workers(self) -> None:
        """Go on after a worker that could not load the shop, once another could."""
        try:
            super().reap_workers()
        except HaltServer as halt:
            if not self.loaded[0]:
                raise
            self.log.error("%s Tried again in %s s.", halt.reason, RETRY_SECONDS)
            self.next_start = time.monotonic() + RETRY_SECONDS

    def spawn_workers(self) -> None:
        if time.monotonic() >= self.next_start:
            super().spawn_workers()


def command(args: list[str]) -> list[str]:
    """Return how to start gunicorn, from how this one was started."""
    python, program, *options = args
    if Path(program).name == "__main__.py":
        # By its file, as gunicorn would, its package `http` would hide Python's.
        return [python, "-m", "gunicorn", *options]
    return args


def reason_not_to_load(start: dict[str, Any]) -> str:
    """Try what another start would do; return what is wrong, empty if nothing is."""
    python, _, *options = start["args"]
    paths = filter(None, [str(SHOP), os.environ.get("PYTHONPATH")])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    env.pop(metric_files.FOLDER, None)  # the workers count there
    try:
        loading = subprocess.run(  # noqa: S603 - our own
            [python, "-m", "config.server.loading", *options],
            cwd=start["cwd"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LOAD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = loading.stdout.strip().splitlines()[-REASON_LINES:]
    return "\n".join(said) if loading.returncode else ""
