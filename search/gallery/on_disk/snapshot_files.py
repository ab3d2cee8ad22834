"""A snapshot on disk: a folder that is written once, and read whole or not at all.

Columns are memory-mapped, so that processes share them; the manifest has the digest
of each.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from hashing import CodeIndex, IndexFileError
from hashing.disk import fsync, sha256_of
from search.gallery.columns import WORD_COLUMNS, WordColumn
from search.gallery.on_disk import indexing
from search.gallery.rows import ARRAYS, Rows

FORMAT = "semblance-snapshot-1"
IN_INDEX = ("image_id", "codes")  # which the files of the index have


def write(rows: Rows, folder: Path, *, fingerprint: str) -> tuple[Rows, CodeIndex]:
    """Write a snapshot into a new folder, and verify it.

    Returns the rows and index read back, memory-mapped. Raises RecallTooLow
    (search.gallery.on_disk.indexing).
    """
    indexing.build_index(rows).save(folder / "index")
    columns = {name: getattr(rows, name) for name in ARRAYS if name not in IN_INDEX}
    columns |= {name: column.numbers for name, column in rows.words.items()}
    for name, column in columns.items():
        np.save(folder / f"{name}.npy", column)
    manifest = {
        "format": FORMAT,
        "encoder": fingerprint,
        "images": len(rows),
        "words": {name: column.vocabulary for name, column in rows.words.items()},
        "files": {f"{name}.npy": sha256_of(folder / f"{name}.npy") for name in columns},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False))
    for path in (*folder.iterdir(), folder, folder.parent):
        fsync(path)
    return read_rows(folder, fingerprint)


def read_rows(folder: Path, fingerprint: str) -> tuple[Rows, CodeIndex]:
    """Map the rows and index that `write` wrote.

    Raises IndexFileError if they are not whole.
    """
    manifest = _manifest(folder, fingerprint)
    words = _vocabularies(manifest)
    if words.keys() != WORD_COLUMNS.keys():
        raise IndexFileError(f"{folder} has the words {', '.join(words)}")
    columns: dict[str, Any] = {}
    for file, digest in manifest["files"].items():
        if sha256_of(folder / file) != digest:
            raise IndexFileError(f"{folder / file} is damaged")
        # An empty file cannot be mapped.
        mode: Any = "r" if manifest["images"] else None
        columns[Path(file).stem] = np.load(folder / file, mmap_mode=mode)
    index = CodeIndex.load(folder / "index")
    rows = Rows(
        **{name: column for name, column in columns.items() if name not in words},
        image_id=index.ids,
        codes=index.codes,
        words={
            name: WordColumn(columns[name], tuple(vocabulary))
            for name, vocabulary in words.items()
        },
    )
    lengths = {len(getattr(rows, name)) for name in ARRAYS}
    lengths |= {len(column.numbers) for column in rows.words.values()}
    if lengths != {manifest["images"]}:
        raise IndexFileError(f"{folder}: columns of different length")
    return rows, index


def _vocabularies(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Return the words of each column; before 0.2.0 there were but two columns."""
    if "words" not in manifest:
        return {"brand": manifest["brands"], "colour": manifest["colours"]}
    words: dict[str, list[str]] = manifest["words"]
    return words


def _manifest(folder: Path, fingerprint: str) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path} is missing or damaged") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IndexFileError(f"{path} is not of format {FORMAT}")
    if manifest["encoder"] != fingerprint:
        raise IndexFileError(f"{path} is of encoder {manifest['encoder']}")
    return manifest
