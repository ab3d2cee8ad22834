"""Small files that are there whole or not at all, however a process or machine ends."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any


@contextmanager
def whole_file(path: Path, mode: str = "w", **options: Any) -> Iterator[IO[Any]]:
    """Open a file beside `path`, which takes its place once it is written and closed.

    options: those of `Path.open`. A pipe or a device is written as it is.
    """
    if path.exists() and not path.is_file():
        with path.open(mode, **options) as file:
            yield file
        return
    path = path.resolve()  # what a link names is replaced, not the link
    part = _beside(path)
    try:
        with part.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with whole_file(path, encoding="utf-8") as file:
        file.write(text)


def made_once(path: Path, text: str) -> str:
    """Return what the file holds; make it of `text` if there is none, or it is empty.

    Of several processes that begin at once, one makes it, and all read the same. Only
    its owner may read it.
    """
    if not (path.exists() and path.stat().st_size):
        part = _beside(path)
        try:
            with os.fdopen(_made_for_owner(part), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _give_name(part, path)
        finally:
            part.unlink(missing_ok=True)
    return path.read_text()


def _give_name(part: Path, path: Path) -> None:
    """Name the file, unless another process was first with a whole one."""
    if path.exists() and not path.stat().st_size:  # torn: an older version wrote it
        part.replace(path)
        return
    with suppress(FileExistsError):
        try:
            path.hardlink_to(part)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            part.replace(path)


def only_for_owner(path: Path) -> None:
    """Let nobody but its owner read the file; make it, empty, if there is none.

    Where that is not allowed, whoever needs the file will say so.
    """
    with suppress(OSError):
        if not path.exists():
            os.close(_made_for_owner(path))
        elif path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _made_for_owner(path: Path) -> int:
    """Return a descriptor of the new file. Raises FileExistsError if there is one."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
