"""A builder of snapshots that ends where it is told: a process of its own.

Reads lines from its standard input and answers each with how the builder ended:

    kill N     killed (SIGKILL) at its N-th step: a statement of the database before
               and after it, a file opened, renamed or removed, a folder made or
               listed, anything brought to the disk
    full N     no file may grow beyond N bytes, as on a full disk

Each builder is a fork, so that none pays for starting Django.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

STEPS = {
    "open",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.scandir",
    "os.listdir",
    "shutil.rmtree",
}


class Killer:
    """Counts steps, and kills this process at the one that is named."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in STEPS and "snapshots" in str(args[0]):
            self.step()

    def statement(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.step()
        result = execute(*args)
        self.step()
        return result


def build(told: str, number: int) -> None:
    from django.db import connection

    from search.gallery.on_disk import snapshots

    connection.inc_thread_sharing()
    connection.connection = None  # the parent's, if it had one
    if told == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
        snapshots.build()
        return
    killer = Killer(number)
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        fsync(descriptor)
        killer.step()

    os.fsync = counted
    sys.addaudithook(killer.audit)
    with connection.execute_wrapper(killer.statement):
        snapshots.build()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    django.setup()
    from search.encoders.registry import encoder

    encoder()
    say("ready")
    for line in sys.stdin:
        told, number = line.split()
        child = os.fork()
        if child == 0:
            try:
                build(told, int(number))
            except BaseException as error:  # noqa: BLE001 - says which, and ends
                sys.stderr.write(f"{told} {number}: {error!r}\n")
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(str(os.waitstatus_to_exitcode(status)))


main()
