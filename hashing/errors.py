"""Errors that the library raises on purpose; those of one branch are caught alike.

HashingError
├── CheckpointError     files of an encoder or of weights
├── IndexFileError      files of an index
├── NoImprovement       a fitted hash layer
├── RecallTooLow        an index with inverted lists
└── TrainingError       a training

Wrong shapes, lengths and types are mistakes of the caller and raise ValueError.
"""


class HashingError(Exception):
    """Base of all errors that the library raises on purpose."""


class CheckpointError(HashingError):
    """A file of an encoder or of weights is missing, damaged or of another format."""


class IndexFileError(HashingError):
    """A file of an index is missing, damaged or of another format."""


class NoImprovement(HashingError):
    """A fitted hash layer keeps no more nearest neighbours than the one before it."""


class RecallTooLow(HashingError):
    """Inverted lists would miss more of the nearest neighbours than is allowed."""


class TrainingError(HashingError):
    """The pictures cannot be trained on, or the trained encoder is no better."""
