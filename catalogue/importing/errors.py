"""Errors of an import; each text is meant for the sender of the file."""


class ImportFileError(Exception):
    """The file as a whole cannot be imported."""


class PictureUnavailable(Exception):
    """There is no such picture, or it must not be read."""


class BadCell(Exception):
    """A cell has no meaning in its column."""
