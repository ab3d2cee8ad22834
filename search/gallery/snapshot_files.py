"""A snapshot as files: a folder that is written once, and read whole or not at all.

Columns are mapped, so processes share them; the manifest has the digest of each.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from hashing import CodeIndex, IndexFileError
from hashing.disk import digest_of, sync
from search.gallery import indexing
from search.gallery.rows import COLUMNS, Rows

FORMAT = "semblance-snapshot-1"


def write(found: Rows, folder: Path, *, fingerprint: str) -> tuple[Rows, CodeIndex]:
    """Write a snapshot into a folder that is not there yet, and verify it.

    Returns what was read back, mapped. Raises RecallTooLow (search.gallery.indexing).
    """
    indexing.build_index(found).save(folder / "index")
    names = [name for name in COLUMNS if name not in ("image_id", "codes")]
    for name in names:
        np.save(folder / f"{name}.npy", getattr(found, name))
    manifest = {
        "format": FORMAT,
        "encoder": fingerprint,
        "images": len(found),
        "brands": found.brands,
        "colours": found.colours,
        "files": {f"{name}.npy": digest_of(folder / f"{name}.npy") for name in names},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False))
    for path in (*folder.iterdir(), folder, folder.parent):
        sync(path)
    return read_rows(folder, fingerprint)


def read_rows(folder: Path, fingerprint: str) -> tuple[Rows, CodeIndex]:
    """Map what `write` wrote. Raises IndexFileError if it is not whole."""
    manifest = _manifest(folder, fingerprint)
    columns: dict[str, Any] = {}
    for file, digest in manifest["files"].items():
        if digest_of(folder / file) != digest:
            raise IndexFileError(f"{folder / file} is damaged")
        # An empty file cannot be mapped.
        mode: Any = "r" if manifest["images"] else None
        columns[Path(file).stem] = np.load(folder / file, mmap_mode=mode)
    index = CodeIndex.load(folder / "index")
    found = Rows(
        **columns,
        image_id=index.ids,
        codes=index.codes,
        brands=tuple(manifest["brands"]),
        colours=tuple(manifest["colours"]),
    )
    if {len(getattr(found, name)) for name in COLUMNS} != {manifest["images"]}:
        raise IndexFileError(f"{folder}: columns of different length")
    return found, index


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
