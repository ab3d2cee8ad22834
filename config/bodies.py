"""How much of a body is read, from whom, and where it may go.

A stranger sends a form, or a photo where one is searched with; it stays in memory.
Staff send more in admin, and only the pages that take catalogue files and pictures
write to a temporary file: whoever sends there is asked for the permission first,
before anything has read the body.
"""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import (
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _
from gunicorn.http.errors import ParseException
from rest_framework.renderers import JSONRenderer

from catalogue.forms import MAX_PICTURES_BYTES, MAX_TABLE_BYTES, MAX_ZIP_BYTES
from config.problems import (
    DISK_FULL,
    PROBLEM,
    RETRY_AFTER,
    TOO_LARGE,
    TOO_MANY,
    TOO_MANY_FILES,
    problem,
)
from outages.disk import is_full
from search.web.uploads import MAX_FORM_BYTES, BodyTooLarge, MemoryOnly

PHOTO_VIEWS = ("search", "why", "api:search-photo")
PICTURES_BYTES = MAX_PICTURES_BYTES + MAX_FORM_BYTES
IMPORT_BYTES = MAX_TABLE_BYTES + MAX_ZIP_BYTES + MAX_FORM_BYTES
# How many large bodies a process reads at a time, each by a thread that waits for it.
LARGE_AT_ONCE = 2
COPY_BYTES = 1024 * 1024
# Where a request keeps what came in chunks.
RECEIVED = "shop.received"
# What reading raises when a body stops, or its chunks are malformed.
READ_ERRORS = (OSError, ParseException)


@dataclass(frozen=True)
class LargePage:
    """A page of admin that takes large files, and who may send them."""

    permission: str
    max_bytes: int


LARGE_PAGES = {
    "admin:catalogue_catalogueimport_add": LargePage(
        "catalogue.add_catalogueimport", IMPORT_BYTES
    ),
    "admin:catalogue_product_add": LargePage("catalogue.add_product", PICTURES_BYTES),
    "admin:catalogue_product_change": LargePage(
        "catalogue.change_product", PICTURES_BYTES
    ),
}

REFUSALS = {
    400: ("incomplete_body", _("The body is malformed, or did not arrive whole.")),
    403: ("permission_denied", _("You may not send files to this page.")),
    408: ("request_timeout", _("The request took too long to arrive.")),
    413: ("body_too_large", TOO_LARGE),
    503: ("busy", _("Too much is being sent at once. Try again in a moment.")),
}

_large_slots = threading.BoundedSemaphore(LARGE_AT_ONCE)


def photo_bytes() -> int:
    """Return how large a photo may be, with the form around it."""
    return int(settings.MAX_PHOTO_BYTES) + MAX_FORM_BYTES


@cache
def _photo_paths() -> frozenset[str]:
    return frozenset(reverse(name) for name in PHOTO_VIEWS)


def max_bytes_for_anyone(path: str) -> int:
    """Return how much a stranger may send to this address."""
    return photo_bytes() if path in _photo_paths() else MAX_FORM_BYTES


class BoundedBodies:
    """Refuse a body by its size before anything reads it.

    Stands behind the middleware that knows the user, and reads a form before Django's
    check of CSRF tokens would.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler; Django calls this once, at the start."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # What the server found out while the body arrived: config/server/worker.py.
        if status := getattr(request.META.get("wsgi.input"), "refusal", 0):
            return refused(request, status if status in REFUSALS else 400)
        is_photo = request.path_info in _photo_paths()
        refusal = _receive_photo(request) if is_photo else _receive(request)
        return self._get_response(request) if refusal is None else refusal

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer for a view that read a photo by itself and did not get it whole."""
        if isinstance(exception, BodyTooLarge):
            return refused(request, 413)
        if isinstance(exception, UnreadablePostError):
            return refused(request, _status_of(exception))
        return None


def refused(request: HttpRequest, status: int, text: Any = "") -> HttpResponse:
    """Answer in plain text, or with a problem document under /api/."""
    code, usual_text = REFUSALS[status]
    detail = str(text or usual_text)
    if request.path_info.startswith("/api/"):
        document = JSONRenderer().render(problem(status, code=code, detail=detail))
        response = HttpResponse(document, PROBLEM, status)
    else:
        response = HttpResponse(detail, "text/plain; charset=utf-8", status)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _receive_photo(request: HttpRequest) -> HttpResponse | None:
    """Leave a photo to its view, which says in its own words that it is too large."""
    try:
        if _is_larger(request, photo_bytes()):
            request.META["CONTENT_LENGTH"] = str(photo_bytes() + 1)
    except READ_ERRORS as error:
        return refused(request, _status_of(error))
    return None


def _receive(request: HttpRequest) -> HttpResponse | None:
    """Read the request's form, if it is one; return a refusal where it is too large."""
    try:
        if not _is_larger(request, MAX_FORM_BYTES):
            return _read_small(request)
        if not _is_for_staff(request.path_info):
            return refused(request, 413)
        if not admin.site.has_permission(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        page = LARGE_PAGES.get(resolve(request.path_info).view_name)
        if page is not None:
            return _receive_large(request, page)
        if _is_larger(request, photo_bytes()):
            return _too_large(request, photo_bytes())
        return _read_form(request, in_memory=True)
    except READ_ERRORS as error:
        if is_full(error):
            return refused(request, 503, DISK_FULL)
        return refused(request, _status_of(error))


def _read_small(request: HttpRequest) -> HttpResponse | None:
    if not request.path_info.startswith("/api/"):
        return _read_form(request, in_memory=True)
    # The API takes JSON, and refuses a form unread. Nobody is signed in there, so that
    # no token is looked for in it, not even for the page of an unknown address.
    request.csrf_processing_done = True  # type: ignore[attr-defined]
    request.upload_handlers = [MemoryOnly(request)]
    return None


def _is_for_staff(path: str) -> bool:
    return path.startswith(reverse("admin:index")) and path != reverse("admin:login")


def _receive_large(request: HttpRequest, page: LargePage) -> HttpResponse | None:
    """Read a large form while it arrives: few at a time, since a thread waits."""
    if not request.user.has_perm(page.permission):
        return refused(request, 403)
    if not _large_slots.acquire(blocking=False):
        return refused(request, 503)
    try:
        with tempfile.TemporaryFile() as file:
            if chunks := request.META.get(RECEIVED):
                file.write(chunks.getvalue())
                request.META[RECEIVED] = file
            if _is_larger(request, page.max_bytes):
                return _too_large(request, page.max_bytes)
            return _read_form(request, in_memory=False)
    finally:
        _large_slots.release()


def _too_large(request: HttpRequest, most: int) -> HttpResponse:
    text = _("This page takes %(megabytes)d MB at a time, and this was more.")
    return refused(request, 413, text % {"megabytes": most // 1_000_000})


def _read_form(request: HttpRequest, *, in_memory: bool) -> HttpResponse | None:
    """Let Django read the form; return a refusal where it cannot be read."""
    if in_memory:
        request.upload_handlers = [MemoryOnly(request)]
    try:
        request.POST  # noqa: B018 - reads the body
    except (BodyTooLarge, RequestDataTooBig):
        return refused(request, 413)
    except TooManyFilesSent:
        return refused(request, 400, TOO_MANY_FILES)
    except TooManyFieldsSent:
        return refused(request, 400, TOO_MANY)
    except MultiPartParserError:
        return refused(request, 400)
    return None


def _status_of(error: BaseException) -> int:
    cause = error.__cause__ if isinstance(error, UnreadablePostError) else error
    return 408 if isinstance(cause, TimeoutError) else 400


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0


def _is_chunked(request: HttpRequest) -> bool:
    """Tell whether a body comes whose length nobody knows, but the server its end."""
    is_safe = request.META.get("wsgi.input_terminated", False)
    return is_safe and "HTTP_TRANSFER_ENCODING" in request.META


def _is_larger(request: HttpRequest, most: int) -> bool:
    """Compare the body with what is allowed.

    A body in chunks, whose length nobody knows, is read that far. Django takes one for
    empty: it is given its length once it is there.
    """
    if _length(request) or not _is_chunked(request):
        return _length(request) > most
    body: IO[bytes] = request.META.setdefault(RECEIVED, BytesIO())
    while (size := body.tell()) <= most:
        piece = request.META["wsgi.input"].read(min(COPY_BYTES, most + 1 - size))
        if not piece:
            request.META["CONTENT_LENGTH"] = str(size)
            body.seek(0)
            request._stream = cast(BinaryIO, body)
            return False
        body.write(piece)
    return True
