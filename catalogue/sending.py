"""Messages to workers: they make soon what a sweep would find later."""

from typing import Any

import structlog
from celery import Task
from kombu.exceptions import OperationalError
from redis import RedisError

from outages.pause import Pause

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 5.0

_pause = Pause(PAUSE_SECONDS)


def send(task: "Task[..., Any]", *arguments: Any, **options: Any) -> None:
    """Send the task, unless the broker is unreachable, hangs, or takes nothing more."""
    if _pause.is_on():
        return
    try:
        task.apply_async(arguments, **options)
    except (OperationalError, RedisError) as error:
        _pause.begin()
        log.warning("not sent; a sweep will find it", task=task.name, reason=str(error))
    else:
        _pause.end()


def reset() -> None:
    """Forget that the broker did not answer."""
    _pause.end()
