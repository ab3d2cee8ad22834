"""RateLimit headers, by draft-ietf-httpapi-ratelimit-headers-10."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from access.throttles import Limit


def rate_limit_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Add `RateLimit-Policy` and `RateLimit` to each answer that was counted."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        counted_limits: list[Limit] = getattr(request, "rate_limits", [])
        if counted_limits:
            response["RateLimit-Policy"] = ", ".join(
                f'"{limit.policy}";q={limit.quota};w={limit.window}'
                for limit in counted_limits
            )
            response["RateLimit"] = ", ".join(
                f'"{limit.policy}";r={limit.left};t={limit.wait}'
                for limit in counted_limits
            )
        return response

    return middleware
