"""Files that must be whole: their digests, and their way down to the disk."""

import hashlib
import os
from pathlib import Path

from hashing.errors import IndexFileError


def digest_of(path: Path) -> str:
    """SHA-256 of a file; IndexFileError if it is missing or unreadable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error


def sync(path: Path) -> None:
    """Return when a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
