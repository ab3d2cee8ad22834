"""Semblance's deep hashing library: pictures to binary codes, codes to neighbours."""

from hashing.codes import Codes, hamming, pack, unpack
from hashing.encoder import SHIPPED, Card, Encoded, Encoder, load_encoder
from hashing.errors import CheckpointError, HashingError, IndexFileError
from hashing.index import Bitmap, CodeIndex, Hit

__all__ = [
    "SHIPPED",
    "Bitmap",
    "Card",
    "CheckpointError",
    "CodeIndex",
    "Codes",
    "Encoded",
    "Encoder",
    "HashingError",
    "Hit",
    "IndexFileError",
    "hamming",
    "load_encoder",
    "pack",
    "unpack",
]
