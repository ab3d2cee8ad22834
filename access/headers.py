"""What an answer tells of the limits: draft-ietf-httpapi-ratelimit-headers-10."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from access.throttles import Limit


def rate_limit_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """`RateLimit-Policy` and `RateLimit` on each answer that was counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        noted: list[Limit] = getattr(request, "rate_limits", [])
        if noted:
            response["RateLimit-Policy"] = ", ".join(
                f'"{limit.policy}";q={limit.quota};w={limit.window}' for limit in noted
            )
            response["RateLimit"] = ", ".join(
                f'"{limit.policy}";r={limit.left};t={limit.wait}' for limit in noted
            )
        return response

    return middleware
