"""One word for each request, in its answer and in every line of the log about it."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_ids(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The sender's own if it is sane, else a new one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        found = given if SANE.fullmatch(given) else uuid4().hex
        clear_contextvars()
        bind_contextvars(request_id=found)
        response = get_response(request)
        response[HEADER] = found
        return response

    return middleware


@receiver(request_finished)
def forget(**kwargs: object) -> None:
    """Not before: Django tells the log of an error once all middleware is done."""
    clear_contextvars()


def request_id() -> str:
    """Of the request that is being answered; empty outside of one."""
    return str(get_contextvars().get("request_id", ""))
