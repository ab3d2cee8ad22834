"""Semblance's deep hashing library: pictures to binary codes, codes to neighbours."""

from hashing.codes import Codes, hamming, pack, unpack
from hashing.errors import CheckpointError, HashingError, IndexFileError
from hashing.index import Bitmap, CodeIndex, Hit

__all__ = [
    "Bitmap",
    "CheckpointError",
    "CodeIndex",
    "Codes",
    "HashingError",
    "Hit",
    "IndexFileError",
    "hamming",
    "pack",
    "unpack",
]
