"""Problem documents (RFC 9457) for every error under /api/."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import Error
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer

from catalogue.media.images import reason
from catalogue.media.storing import StorageAway
from config.requests import request_id
from outages.disk import is_full
from pictures.errors import DecoderBusy, UnreadableImage
from search.errors import (
    CodeMismatch,
    ForeignEncoder,
    KeyReused,
    NotAnswered,
    QueryExpired,
    SearchUnavailable,
    UnknownProduct,
    WrongLength,
)
from search.web.uploads import BodyTooLarge

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
RETRY_AFTER = 10  # seconds

TOO_LARGE = _("The request is larger than what is accepted here.")
DISK_FULL = _(
    "The shop's disk is full, and nothing was saved. Tell who keeps the shop."
)
TOO_MANY = _("There are too many fields.")
TOO_MANY_FILES = format_lazy(
    _("These are more than {files} files at once. Go back, and send fewer at a time."),
    files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
)

DATABASE_AWAY = (
    503,
    "database_unavailable",
    _("The shop's database does not answer. Try again in a moment."),
)

# What is raised below, and how it is told: the first that fits. A text may name what
# the error carries.
KNOWN_ERRORS: dict[type[Exception], tuple[int, str, Any]] = {
    SearchUnavailable: (
        503,
        "search_unavailable",
        _("The photo search is getting ready. Try again in a moment."),
    ),
    DecoderBusy: (
        503,
        "decoder_busy",
        _("Other large pictures are being opened. Try again in a moment."),
    ),
    QueryExpired: (
        410,
        "query_expired",
        _("The query is unknown or too old. Send the photo again."),
    ),
    ForeignEncoder: (
        409,
        "foreign_encoder",
        _(
            "The encoder %(fingerprint)s does not serve here. Send the photo again, "
            "or encode it with the one that encoder/ names."
        ),
    ),
    WrongLength: (
        400,
        "wrong_length",
        _("%(name)s must be %(expected)s bytes long."),
    ),
    CodeMismatch: (
        422,
        "code_mismatch",
        _(
            "%(bits)s bits of the code are not those of the embedding. Compare your "
            "arithmetic with the documentation."
        ),
    ),
    UnknownProduct: (
        400,
        "unknown_product",
        _("There is no such product on sale."),
    ),
    NotAnswered: (
        400,
        "not_answered",
        _(
            "This product is not in the answer to that query. If the answer had "
            "filters, send them along."
        ),
    ),
    KeyReused: (
        422,
        "idempotency_key_reused",
        _("This Idempotency-Key came with another body before."),
    ),
    BodyTooLarge: (413, "body_too_large", TOO_LARGE),
    RequestDataTooBig: (413, "body_too_large", TOO_LARGE),
    TooManyFieldsSent: (400, "too_many_fields", TOO_MANY),
    TooManyFilesSent: (400, "too_many_fields", TOO_MANY_FILES),
    SuspiciousOperation: (400, "bad_request", _("The request is malformed.")),
    UnreadablePostError: (400, "incomplete_body", _("The body did not arrive whole.")),
    OperationalError: DATABASE_AWAY,
    InterfaceError: DATABASE_AWAY,
    StorageAway: (
        503,
        "storage_unavailable",
        _(
            "The storage of pictures does not answer. Nothing was saved: go back, and "
            "try again in a moment."
        ),
    ),
}


class Refusal(APIException):
    """One of our errors as an exception of the framework."""

    def __init__(self, status: int, code: str, detail: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status


class ProblemHandler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, UnreadableImage):
            return Refusal(422 if exc.is_image else 415, exc.code, reason(exc))
        for known, (status, code, detail) in KNOWN_ERRORS.items():
            if isinstance(exc, known):
                return Refusal(status, code, str(detail) % vars(exc))
        converted: Exception = super().convert_known_exceptions(exc)
        return converted

    def get_response(self, exc: APIException, data: dict[str, Any]) -> Any:
        headers = {**self.get_headers(exc), **getattr(exc, "headers", {})}
        if exc.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(RETRY_AFTER)
        # Not the framework's response: a view's renderer may be for YAML or HTML.
        return HttpResponse(
            JSONRenderer().render(data),
            status=exc.status_code,
            headers=headers,
            content_type=PROBLEM,
        )

    def report_exception(self, exc: APIException, response: Any) -> None:
        """Log with a traceback, unless the state will pass by itself."""
        if not isinstance(self.exc, SearchUnavailable | DecoderBusy):
            super().report_exception(exc, response)


class ProblemFormatter(ExceptionFormatter):
    def run(self) -> dict[str, Any]:
        errors_found = self.get_errors()
        if isinstance(self.exc, ValidationError):
            code, errors = "invalid", [_field_error(error) for error in errors_found]
            detail = " ".join(_with_field(error) for error in errors)
        else:
            code, detail, errors = errors_found[0].code, errors_found[0].detail, []
        if isinstance(self.original_exc, UnreadableImage):
            errors = [{"field": "photo", "code": code, "detail": detail}]
        return problem(self.exc.status_code, code=code, detail=detail, errors=errors)


def problem(
    status: int,
    *,
    code: str = "",
    detail: str = "",
    errors: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    meaning = HTTPStatus(status)
    return {
        # Says that the status is the whole meaning; `code` is more precise.
        "type": "about:blank",
        "title": meaning.phrase,
        "status": status,
        "detail": detail or meaning.phrase,
        "code": code or meaning.name.lower(),
        "errors": errors or [],
        "request_id": request_id(),
    }


class SomethingAway:
    """Answer pages with 503 while the database or the picture storage is unreachable.

    In plain text: a template would ask the database who is logged in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler; Django calls this once, at the start."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        for known in (OperationalError, InterfaceError, StorageAway, DecoderBusy):
            if isinstance(exception, known):
                status, code, detail = KNOWN_ERRORS[known]
                log.warning(code, reason=str(exception))
                response = HttpResponse(detail, "text/plain; charset=utf-8", status)
                response["Retry-After"] = str(RETRY_AFTER)
                return response
        if is_full(exception):
            log.error("disk full", reason=str(exception))
            response = HttpResponse(DISK_FULL, "text/plain; charset=utf-8", 503)
            response["Retry-After"] = str(RETRY_AFTER)
            return response
        return None


def problems_under_api(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Turn Django's own errors under /api/ (404, 400, 500 …) into problems."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/api/") and _is_bare_error(response):
            response.content = JSONRenderer().render(problem(response.status_code))
            response["Content-Type"] = PROBLEM
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def _is_bare_error(response: HttpResponse) -> bool:
    is_error = response.status_code >= HTTPStatus.BAD_REQUEST
    return is_error and response.get("Content-Type") != PROBLEM


def _field_error(error: Error) -> dict[str, Any]:
    field = None if error.attr == NON_FIELD_ERRORS else error.attr
    return {"field": field, "code": error.code, "detail": error.detail}


def _with_field(error: dict[str, Any]) -> str:
    field, detail = error["field"], error["detail"]
    return str(detail) if field is None else f"{field}: {detail}"
