"""Files that must be complete on the disk: checksums, flushing, replacing folders."""

import hashlib
import os
import shutil
from pathlib import Path

from hashing.errors import IndexFileError


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hex. Raises IndexFileError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error


def fsync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_folder(folder: Path, new: Path) -> None:
    """Rename the finished folder `new` to `folder`, removing what was there."""
    old = folder.with_name(f"{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
