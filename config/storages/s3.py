"""S3, left alone for a moment when it does not answer. Needs the extra of S3.

A page shows dozens of pictures, and each may ask the storage whether its thumbnail is
there: waiting for all of them in turn would hold the page for minutes.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError
from storages.backends import s3

from outages.pause import Pause

# For pictures and snapshots alike: they are in one place.
_pause = Pause(2)


class StorageHangs(BotoCoreError):  # type: ignore[misc]
    """Raised at once in a pause; one of the client's own errors, and not retried."""

    fmt = "The storage did not answer a moment ago"


class S3Storage(s3.S3Storage):  # type: ignore[misc]
    """The package's, whose every request goes through the two handlers below."""

    def _create_session(self) -> Any:
        session = super()._create_session()
        session.events.register("before-send.s3", _refuse_in_a_pause)
        session.events.register("response-received.s3", _note_outcome)
        return session


def _refuse_in_a_pause(**kwargs: Any) -> None:
    if _pause.is_on():
        raise StorageHangs


def _note_outcome(
    response_dict: Any = None, exception: Any = None, **kwargs: Any
) -> None:
    if isinstance(exception, ConnectTimeoutError | ReadTimeoutError):
        _pause.begin()
    elif response_dict is not None:
        _pause.end()


def reset() -> None:
    """Forget that it did not answer."""
    _pause.end()
