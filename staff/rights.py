"""What staff may do in admin: each action and each page names the rights it uses.

    @staff_action(_("Hide the selected products"), rights=["catalogue.change_product"])
    def hide(self, request, queryset): ...  # returns the rows that it changed

    @staff_page("search.view_goldenquery")
    def photo_view(self, request): ...

Who lacks a right is neither offered the action nor let through by its name, and a page
answers 403. What an action changed is written to the history of each row.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise

from staff import history
from staff.once import once

Action = Callable[[Any, HttpRequest, "QuerySet[Any]"], Iterable[Model]]
StaffView = Callable[..., HttpResponseBase]


def may(user: Any, rights: Iterable[str]) -> bool:
    """Tell whether this user has each of these rights; to change includes to view."""
    return all(_has(user, right) for right in rights)


def _has(user: Any, right: str) -> bool:
    app, _, codename = right.partition(".")
    if user.has_perm(right):
        return True
    verb, _, model = codename.partition("_")
    return verb == "view" and bool(user.has_perm(f"{app}.change_{model}"))


def staff_action(
    description: str | Promise, *, rights: Sequence[str]
) -> Callable[[Action], Callable[..., None]]:
    """Make a method of a StaffAdmin an action for who has all these rights.

    The method returns the rows that it changed: each gets the description into its
    history. All is one transaction.
    """

    def make(method: Action) -> Callable[..., None]:
        @wraps(method)
        def action(self: Any, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
            with transaction.atomic():
                history.record(request, method(self, request, queryset), description)

        action.rights = tuple(rights)  # type: ignore[attr-defined]
        return admin.action(description=cast(Any, description))(action)

    return make


def staff_page(*rights: str, posted_from: str = "") -> Callable[[StaffView], StaffView]:
    """Make a method of a ModelAdmin a page for who has all these rights; else 403.

    posted_from: the name of the page with the form that is sent here; what comes by
    another method than POST, as after a login, is led there.
    """

    def make(method: StaffView) -> StaffView:
        @wraps(method)
        def page(
            self: Any, request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if not may(request.user, rights):
                raise PermissionDenied
            if posted_from and request.method != "POST":
                return redirect(posted_from)
            work = partial(method, self, request, *args, **kwargs)
            return once(request, work) if posted_from else work()

        page.rights = rights  # type: ignore[attr-defined]
        return page

    return make


def is_offered(user: Any, action: Any) -> bool:
    """Django has looked at the permissions of its own actions already."""
    if hasattr(action, "allowed_permissions"):
        return True
    return hasattr(action, "rights") and may(user, action.rights)
