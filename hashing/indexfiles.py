"""The files of an index: `index.json` names the format and the others' digests."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hashing.disk import digest_of, sync
from hashing.errors import IndexFileError

FORMAT = "semblance-index-1"


def write_contents(folder: Path, names: Iterable[str], facts: dict[str, Any]) -> None:
    """Describe the files `names` of the folder, and bring all of it to the disk."""
    files = {name: digest_of(folder / name) for name in names}
    contents = {"format": FORMAT, **facts, "files": files}
    (folder / "index.json").write_text(json.dumps(contents, indent=2) + "\n")
    for path in (*(folder / name for name in files), folder / "index.json", folder):
        sync(path)


def read_contents(folder: Path, names: set[str], *, optional: str) -> dict[str, Any]:
    """What `write_contents` wrote, once every file has the digest that it names.

    Raises IndexFileError if something is missing, damaged or of another format.
    """
    path = folder / "index.json"
    try:
        contents = json.loads(path.read_bytes())
        files, sizes = contents["files"], (contents["n"], contents["n_bits"])
        is_known = contents.get("format") == FORMAT and (
            set(files) - {optional} == names
        )
    except OSError as error:
        raise IndexFileError(f"{path} cannot be read: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexFileError(f"{path} is damaged: {error!r}") from error
    if not is_known:
        raise IndexFileError(f"{path} is not of format {FORMAT}")
    if not all(type(size) is int for size in sizes):
        raise IndexFileError(f"{path} is damaged: sizes {sizes}")
    for name, digest in files.items():
        if digest_of(folder / name) != digest:
            raise IndexFileError(f"{folder / name} is damaged: its digest differs")
    return dict(contents)
