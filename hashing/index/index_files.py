"""`index.json`, which names an index's format and the checksums of its files."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hashing.disk import fsync, sha256_of
from hashing.errors import IndexFileError

INDEX_FORMAT = "semblance-index-1"
INDEX_JSON = "index.json"


def write_index_json(folder: Path, names: Iterable[str], facts: dict[str, Any]) -> None:
    """Describe the files `names` of a folder, then flush them all to the disk."""
    checksums = {name: sha256_of(folder / name) for name in names}
    contents = {"format": INDEX_FORMAT, **facts, "files": checksums}
    (folder / INDEX_JSON).write_text(json.dumps(contents, indent=2) + "\n")
    for path in (*(folder / name for name in checksums), folder / INDEX_JSON, folder):
        fsync(path)


def read_index_json(folder: Path, names: set[str], *, optional: str) -> dict[str, Any]:
    """Read what `write_index_json` wrote and verify every file's checksum.

    Raises IndexFileError if something is missing, damaged or of another format.
    """
    path = folder / INDEX_JSON
    try:
        contents = json.loads(path.read_bytes())
        checksums, sizes = contents["files"], (contents["n"], contents["n_bits"])
        is_ours = contents.get("format") == INDEX_FORMAT and (
            set(checksums) - {optional} == names
        )
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexFileError(f"{path} is damaged: {error!r}") from error
    if not is_ours:
        raise IndexFileError(f"{path} is not of format {INDEX_FORMAT}")
    if not all(type(size) is int for size in sizes):
        raise IndexFileError(f"{path} is damaged: sizes {sizes}")
    for name, checksum in checksums.items():
        if sha256_of(folder / name) != checksum:
            raise IndexFileError(f"{folder / name} is damaged: its checksum differs")
    return dict(contents)
