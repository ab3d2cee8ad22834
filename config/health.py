"""Health checks: whether this process lives, and whether it can answer searches.

`/healthz` depends on nothing: restart a process that does not answer it. `/readyz`
checks what a search needs: send no visitors to a process that is not ready; restarting
it would not help.
"""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from kombu import Connection
from kombu.exceptions import OperationalError

from search.encoders import registry
from search.engines.engine import current_gallery, engine
from search.errors import SearchUnavailable

log = structlog.get_logger()

OK = "ok"
BROKER_TIMEOUT_SECONDS = 1


def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": OK})


@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Report each part and what is wrong with it; 503 if searches cannot be answered.

    Searches work without the broker, so it is reported only: a sweep finds lost work.
    """
    needed = {
        "database": _check(_database, DatabaseError),
        "encoder": _check(registry.encoder, SearchUnavailable, DatabaseError),
        "engine": _check(lambda: engine().check(), SearchUnavailable),
        "gallery": _check(current_gallery, SearchUnavailable, DatabaseError),
    }
    others = {"broker": _check(_broker, OperationalError)} if settings.REDIS_URL else {}
    failing = {name: status for name, status in needed.items() if status != OK}
    if failing:
        log.warning("not ready", **failing)
    status = {"status": "not ready" if failing else "ready", "checks": needed | others}
    return JsonResponse(status, status=503 if failing else 200)


def _check(check: Callable[[], object], *errors: type[Exception]) -> str:
    try:
        check()
    except errors as error:
        # Of the database and the broker not what their clients say: it names hosts.
        is_ours = isinstance(error, SearchUnavailable)
        return str(error) if is_ours else "it does not answer"
    return OK


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    options = {
        "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
        "socket_timeout": BROKER_TIMEOUT_SECONDS,
        "max_retries": 0,
    }
    with Connection(
        settings.REDIS_URL,
        connect_timeout=BROKER_TIMEOUT_SECONDS,
        transport_options=options,
    ) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
