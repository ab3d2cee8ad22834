"""Messages to workers: they make soon what a sweep would find later."""

import time
from typing import Any

import structlog
from celery import Task
from kombu.exceptions import OperationalError
from redis import RedisError

log = structlog.get_logger(__name__)

# After a failure nobody waits for the broker again during these seconds.
PAUSE = 5.0

_paused_until = 0.0


def send(task: "Task[..., Any]", *arguments: Any, **options: Any) -> None:
    """Send the task, unless the broker is unreachable, hangs, or takes nothing more."""
    global _paused_until  # noqa: PLW0603
    if time.monotonic() < _paused_until:
        return
    try:
        task.apply_async(arguments, **options)
    except (OperationalError, RedisError) as error:
        _paused_until = time.monotonic() + PAUSE
        log.warning("not sent; a sweep will find it", task=task.name, reason=str(error))


def reset() -> None:
    """Forget that the broker did not answer."""
    global _paused_until  # noqa: PLW0603
    _paused_until = 0.0
