"""A file that never changes, whole or in part (RFC 9110, sections 13 and 14)."""

import re
from typing import Any

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from search.devices.exchange import EncoderFile, part_of

PARTIAL = 206
FOR_EVER = "public, max-age=31536000, immutable"
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class NotSatisfiable(APIException):
    """Of a file of so many bytes; the answer says how many."""

    status_code = 416
    default_code = "range_not_satisfiable"
    default_detail = _("The file has no such range.")

    def __init__(self, size: int) -> None:
        super().__init__()
        self.headers = {"Content-Range": f"bytes */{size}"}


def ranged(request: HttpRequest, file: EncoderFile) -> HttpResponseBase:
    """All of it, the part that `Range` asks for, or 304. Raises NotSatisfiable."""
    etag = quote_etag(file.sha256)
    start, stop, status = 0, file.size, 200
    if wanted := _wanted(request, etag, file.size):
        start, stop, status = *wanted, PARTIAL
    response = FileResponse(
        part_of(file, start, stop),
        status=status,
        content_type="application/octet-stream",
    )
    response["Content-Length"] = str(stop - start)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    if status == PARTIAL:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = FOR_EVER
    response["ETag"] = etag
    conditional: Any = get_conditional_response
    found: HttpResponseBase = conditional(request, etag=etag, response=response)
    if found is not response:
        response.close()
    return found


def _wanted(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """From where to where; None for all, also where the range is none that we know."""
    asked = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if request.method != "GET" or asked is None or asked.group(0) == "bytes=-":
        return None
    if request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:  # the last bytes of it
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise NotSatisfiable(size)
    return start, stop
