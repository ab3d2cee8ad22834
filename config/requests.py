"""Request ids: in each answer, and in every line of the log about it."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_ids(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take the sender's request id if it is well formed, else make one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get(HEADER, "")
        chosen = sent if WELL_FORMED.fullmatch(sent) else uuid4().hex
        clear_contextvars()
        bind_contextvars(request_id=chosen)
        response = get_response(request)
        response[HEADER] = chosen
        return response

    return middleware


@receiver(request_finished)
def forget(**kwargs: object) -> None:
    """Clear the id once Django, after all middleware, has logged errors."""
    clear_contextvars()


def request_id() -> str:
    """Return the id of the current request; empty outside of one."""
    return str(get_contextvars().get("request_id", ""))
