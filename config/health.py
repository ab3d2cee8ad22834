"""Whether this process lives, and whether it can answer searches; what is wrong if not.

`/healthz` asks nothing of anybody: a process that does not answer it should be started
again. `/readyz` asks what a search needs: one that says no should get no visitors for
a while, but starting it again would not help.
"""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from kombu import Connection
from kombu.exceptions import OperationalError

from search import encoders, engine, gallery
from search.errors import SearchUnavailable

log = structlog.get_logger()

OK = "ok"
BROKER_SECONDS = 1


def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": OK})


@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Each part and what is wrong with it; 503 if searches cannot be answered.

    The broker is told of, but searches go on without it: a sweep finds what it lost.
    """
    needed = {
        "database": _said(_database, DatabaseError),
        "encoder": _said(encoders.encoder, SearchUnavailable, DatabaseError),
        "engine": _said(engine.check, SearchUnavailable),
        "gallery": _said(gallery.current, SearchUnavailable, DatabaseError),
    }
    others = {"broker": _said(_broker, OperationalError)} if settings.REDIS_URL else {}
    wrong = {name: said for name, said in needed.items() if said != OK}
    if wrong:
        log.warning("not ready", **wrong)
    status = {"status": "not ready" if wrong else "ready", "checks": needed | others}
    return JsonResponse(status, status=503 if wrong else 200)


def _said(check: Callable[[], object], *errors: type[Exception]) -> str:
    try:
        check()
    except errors as error:
        # Of the database and the broker not what their clients say: it names hosts.
        own = isinstance(error, SearchUnavailable)
        return str(error) if own else "it does not answer"
    return OK


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    options = {
        "socket_connect_timeout": BROKER_SECONDS,
        "socket_timeout": BROKER_SECONDS,
        "max_retries": 0,
    }
    with Connection(
        settings.REDIS_URL,
        connect_timeout=BROKER_SECONDS,
        transport_options=options,
    ) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
