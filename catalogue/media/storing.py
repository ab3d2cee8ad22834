"""Errors of the picture storage, translated to one."""

from collections.abc import Iterator
from contextlib import contextmanager

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    AWAY: tuple[type[Exception], ...] = (OSError,)
else:
    AWAY = (OSError, BotoCoreError, ClientError)


class StorageAway(OSError):
    """The storage cannot store a picture now; later it may."""


@contextmanager
def stored() -> Iterator[None]:
    """Translate whatever the storage's client raises to StorageAway."""
    try:
        yield
    except AWAY as error:
        raise StorageAway(str(error)) from error
