"""The storage of pictures, when it does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    AWAY: tuple[type[Exception], ...] = (OSError,)
else:
    AWAY = (OSError, BotoCoreError, ClientError)


class StorageAway(OSError):
    """A picture cannot be stored now; later it may."""


@contextmanager
def stored() -> Iterator[None]:
    """Raises StorageAway, whatever the storage's own client says."""
    try:
        yield
    except AWAY as error:
        raise StorageAway(str(error)) from error
