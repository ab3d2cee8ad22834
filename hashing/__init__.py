"""Semblance's deep hashing library: turn pictures into binary codes and search them."""

from hashing.cards import ENCODER_FILES, EncoderCard
from hashing.codes import Codes, hamming, pack, unpack
from hashing.encoder import SHIPPED, Encoded, Encoder, load_encoder
from hashing.errors import CheckpointError, HashingError, IndexFileError, RecallTooLow
from hashing.index.candidates import RowHits
from hashing.index.code_index import Allowed, CodeIndex, Hit, IndexKind
from hashing.index.row_filter import Bitmap, RowFilter
from hashing.match_curves import Curve, fit_isotonic, fit_sigmoid

__all__ = [
    "Allowed",
    "Bitmap",
    "CheckpointError",
    "CodeIndex",
    "Codes",
    "Curve",
    "ENCODER_FILES",
    "Encoded",
    "Encoder",
    "EncoderCard",
    "HashingError",
    "Hit",
    "IndexFileError",
    "IndexKind",
    "RecallTooLow",
    "RowFilter",
    "RowHits",
    "SHIPPED",
    "fit_isotonic",
    "fit_sigmoid",
    "hamming",
    "load_encoder",
    "pack",
    "unpack",
]
