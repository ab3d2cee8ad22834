"""Semblance's deep hashing library: pictures to binary codes, codes to neighbours."""

from hashing.codes import Codes, hamming, pack, unpack
from hashing.encoder import FILES as ENCODER_FILES
from hashing.encoder import SHIPPED, Card, Encoded, Encoder, load_encoder
from hashing.errors import CheckpointError, HashingError, IndexFileError, RecallTooLow
from hashing.index import Allowed, CodeIndex, Hit, Kind
from hashing.matching import Curve, fit_curve, fit_sigmoid
from hashing.near import Found
from hashing.where import Bitmap, Where

__all__ = [
    "Allowed",
    "Bitmap",
    "Card",
    "CheckpointError",
    "CodeIndex",
    "Codes",
    "Curve",
    "ENCODER_FILES",
    "Encoded",
    "Encoder",
    "Found",
    "HashingError",
    "Hit",
    "IndexFileError",
    "Kind",
    "RecallTooLow",
    "SHIPPED",
    "Where",
    "fit_curve",
    "fit_sigmoid",
    "hamming",
    "load_encoder",
    "pack",
    "unpack",
]
