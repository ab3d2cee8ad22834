"""The folder in which gunicorn's processes count, for /metrics to add up.

The master makes and removes it; a worker only writes its own files there.
"""

import itertools
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from logging import Logger
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Bytes for each kind of a process's numbers, some ten times what they come to. Reserved
# before the first is written: a file that grows on a full disk would kill the process.
RESERVED = 1 << 20


def make_folder(parent: Path) -> None:
    """Make this master's folder, where there is a /metrics; workers find it in FOLDER.

    Where it cannot be made, each process counts for itself.
    """
    os.environ.pop(FOLDER, None)
    if not os.environ.get("METRICS_TOKEN"):
        return
    _remove_folders_of_killed_masters(parent)
    with suppress(OSError):
        prefix = f"semblance-metrics-{os.getpid()}-"
        os.environ[FOLDER] = tempfile.mkdtemp(prefix=prefix, dir=parent)


def remove_folder() -> None:
    if folder := os.environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def lowest_free(taken: Iterable[int]) -> int:
    """Return the lowest number that no worker has.

    Numbers, not process ids: who takes the place of a worker that ended goes on
    counting in its files, so that there are never more of these than workers.
    """
    numbers = set(taken)
    return next(each for each in itertools.count() if each not in numbers)


def count_in_folder(number: int, log: Logger) -> None:
    """Let the worker with this number count in the folder; without one, for itself."""
    values.ValueClass = values.MutexValue
    if folder := os.environ.get(FOLDER):
        try:
            _reserve(Path(folder), number)
        except OSError as error:
            os.environ.pop(FOLDER)
            log.warning("Metrics are of each process alone: %s", error)
        else:
            in_files = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
            values.ValueClass = in_files


def _reserve(folder: Path, number: int) -> None:
    """Make room for what this worker counts, where none had the number before it.

    Raises OSError on a full disk.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    for kind in ("counter", "histogram"):
        path = folder / f"{kind}_{number}.db"
        try:
            if path.exists():
                list(MmapedDict.read_all_values_from_file(path))  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, struct.error):
            path.unlink()  # damaged
        with path.open("ab") as file:
            file.write(bytes(max(0, RESERVED - file.tell())))


def _remove_folders_of_killed_masters(parent: Path) -> None:
    for folder in parent.glob("semblance-metrics-*"):
        found = re.fullmatch(r"semblance-metrics-(\d+)-\w+", folder.name)
        if found and not _is_running(int(found[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True
