"""What can go wrong with files that this library reads.

HashingError
├── CheckpointError     an encoder's folder or a file of weights is missing, damaged
│                       or of another format
├── IndexFileError      an index's folder is missing, damaged or of another format
├── NoBetter            a hash layer that was fitted and keeps no more neighbours
├── RecallTooLow        lists of codes that would lose too many of the nearest
└── TrainingError       pictures nothing can be learned from, or nothing better learned

Wrong shapes, lengths and types are the caller's bug and raise ValueError.
"""


class HashingError(Exception):
    """Base of all errors that the library raises on purpose."""


class CheckpointError(HashingError):
    """An encoder's folder or weights are missing, damaged or of another format."""


class IndexFileError(HashingError):
    """The folder of an index is missing, damaged or of another format."""


class NoBetter(HashingError):
    """A fitted hash layer keeps no more of the nearest than the one before it."""


class RecallTooLow(HashingError):
    """Lists of codes would lose more of the nearest than is allowed."""


class TrainingError(HashingError):
    """Nothing can be learned from these pictures, or what was learned is no better."""
