"""Rate limits of pages, counted as those of the API are."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access import throttles

View = Callable[..., HttpResponse]


def throttled_login(view: View) -> View:
    """Let one address send this form as often as LOGIN_RATE says; then 429."""

    @wraps(view)
    def login(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        wait = throttles.count_page(request, "login", settings.LOGIN_RATE)
        return _refusal(request, wait) if wait else view(request, *args, **kwargs)

    return login


def _refusal(request: HttpRequest, wait: int) -> HttpResponse:
    response = render(request, "429.html", {"seconds": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response
