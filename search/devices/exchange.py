"""Encoding outside this server: what a device needs for it, and what it sends.

The device runs the network; embedding and code it makes by the arithmetic that
hashing/layers/linear.py states. Both are sent, and the code must be that of the
embedding: a device that reckons wrongly would get answers that are almost right.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO, FileIO
from pathlib import Path

import numpy as np
from django.conf import settings

from hashing import ENCODER_FILES, Encoder
from hashing.layers.linear import LinearHashLayer
from search.answers.query import Query
from search.encoders import registry
from search.errors import CodeMismatch, ForeignEncoder, WrongLength

LAYER = "layer.bin"
FILES = (*ENCODER_FILES, LAYER, "card.json")


@dataclass(frozen=True)
class EncoderFile:
    """One file of an encoder: at `path`, or, where that is None, made of its layer."""

    name: str
    size: int  # bytes
    sha256: str
    path: Path | None
    content: bytes = b""


def query_from_device(fingerprint: str, code: bytes, embedding: bytes) -> Query:
    """Return the query that a device encoded, of n_bits / 8 and dim bytes.

    Raises ForeignEncoder unless its encoder serves, WrongLength, and CodeMismatch if
    the code is not the embedding's.
    """
    now = registry.encoder()
    if now.fingerprint != fingerprint:
        raise ForeignEncoder(fingerprint)
    for name, given, expected in (
        ("code", code, now.n_bits // 8),
        ("embedding", embedding, now.layer.dim),
    ):
        if len(given) != expected:
            raise WrongLength(name, expected)
    query = Query(fingerprint, np.frombuffer(embedding, np.int8))
    own, sent = query.codes[0], np.frombuffer(code, np.uint8)
    if bits := int(np.bitwise_count(own ^ sent).sum()):
        raise CodeMismatch(bits)
    return query


def files_of(encoder: Encoder) -> list[EncoderFile]:
    """List the files of a living encoder to download. Raises ForeignEncoder."""
    names = (name for name in FILES if name != LAYER or encoder.has_linear_layer)
    return [file_of(encoder, name) for name in names]


def file_of(encoder: Encoder, name: str) -> EncoderFile:
    """Find one file. Raises ForeignEncoder if its files are gone, KeyError for others.

    Only a linear hash layer has a `layer.bin`.
    """
    if name not in FILES:
        raise KeyError(name)
    if name == LAYER:
        return _layer_of(encoder)
    path = _folder_of(encoder.fingerprint) / name
    checksums: dict[str, str] = encoder.card.contents["checksums"]
    digest = checksums.get(name) or hashlib.sha256(path.read_bytes()).hexdigest()
    return EncoderFile(name, path.stat().st_size, digest, path)


@lru_cache(maxsize=4)
def _layer_of(encoder: Encoder) -> EncoderFile:
    """Return the hash layer without NumPy's format.

    The rotation (dim, n_bits) as int16, row by row, then the thresholds (n_bits,) as
    float64; little-endian, nothing between.
    """
    layer = encoder.layer
    if not isinstance(layer, LinearHashLayer):
        raise KeyError(LAYER)
    content = layer.rotation.astype("<i2").tobytes()
    content += layer.thresholds.astype("<f8").tobytes()
    digest = hashlib.sha256(content).hexdigest()
    return EncoderFile(LAYER, len(content), digest, None, content)


def _folder_of(fingerprint: str) -> Path:
    for row in registry.live():
        if row.fingerprint == fingerprint:
            return Path(settings.ENCODER) if row.pk is None else row.folder
    raise ForeignEncoder(fingerprint)


class FilePart:
    """A part of a file, which a server can send without reading it into memory.

    It is opened when it is sent: an answer to HEAD, or with 304, is not.
    """

    def __init__(self, path: Path, start: int, stop: int) -> None:
        self._path, self._start = path, start
        self._left = stop - start
        self._opened: FileIO | None = None

    def fileno(self) -> int:
        return self._file().fileno()

    def read(self, size: int) -> bytes:
        if not self._left:
            return b""
        data = self._file().read(min(size, self._left)) or b""
        self._left -= len(data)
        if not self._left:
            self.close()
        return data

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _file(self) -> FileIO:
        if self._opened is None:
            self._opened = FileIO(self._path)
            self._opened.seek(self._start)
        return self._opened


def part_of(file: EncoderFile, start: int, stop: int) -> FilePart | BytesIO:
    """Open the bytes from start to stop (exclusive)."""
    if file.path is None:
        return BytesIO(file.content[start:stop])
    return FilePart(file.path, start, stop)
