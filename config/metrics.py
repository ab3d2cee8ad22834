"""GET /metrics for Prometheus, over all processes of this host's web server.

Off without METRICS_TOKEN, since sales and visitors are nobody's business. Under
gunicorn each process writes its numbers to a folder that all read
(config/gunicorn.py); elsewhere they are those of the one process.
"""

import os
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from search.answers.metrics import SECONDS, GalleryCollector, harmless

requests_seconds = Histogram(
    "semblance_http_request_seconds",
    "Time to an answer, by the name of its address.",
    ["view"],
    buckets=SECONDS,
)
requests_total = Counter(
    "semblance_http_requests",
    "Answers, by the name of their address, method and status.",
    ["view", "method", "status"],
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def measured(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Count requests and their duration by the name of their address (middleware)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        # Never the path itself: there is no end of those.
        view = match.view_name if match and match.view_name else "none"
        method = request.method if request.method in METHODS else "other"
        with harmless():
            requests_seconds.labels(view).observe(time.perf_counter() - start)
            requests_total.labels(view, method, str(response.status_code)).inc()
        return response

    return middleware


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics, for callers who send the token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "").encode()
    if not secrets.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        response = HttpResponse("METRICS_TOKEN, as a bearer", "text/plain", 401)
        response["WWW-Authenticate"] = "Bearer"
        return response
    return HttpResponse(_exposition(), content_type=CONTENT_TYPE_LATEST)


def _exposition() -> bytes:
    """Write the numbers down; of all processes, as far as their files can be read."""
    registry = CollectorRegistry()
    registry.register(GalleryCollector())
    text = generate_latest(registry)
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY) + text
    with harmless():
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
        text += generate_latest(processes)
    return text
