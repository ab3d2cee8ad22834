"""Every address and every action of admin, read from the site itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import models
from django.urls import URLPattern, reverse
from django.urls.resolvers import URLResolver

from catalogue.models import Category

# Of the site itself: for all staff, or for who is not yet known.
FOR_ALL = {
    *("login/", "logout/", "password_change/", "password_change/done/", ""),
    *("autocomplete/", "jsi18n/", "catalogue/category/jsi18n/"),
    "r/<path:content_type_id>/<path:object_id>/",
}
# Django asks for the rights to these itself; the last leads to the one before.
DJANGOS = {
    *("", "add/", "<path:object_id>/history/", "<path:object_id>/delete/"),
    *("<path:object_id>/change/", "<path:object_id>/", "<id>/password/"),
}
ARGUMENT = re.compile(r"<(?:\w+:)?\w+>")


@dataclass(frozen=True)
class Address:
    """Where a page of admin is: `catalogue/product/<path:object_id>/change/`."""

    route: str
    rights: tuple[str, ...] | None

    def __str__(self) -> str:
        return self.route

    @property
    def is_django_s(self) -> bool:
        return self.rights is None and self.route.split("/", 2)[-1] in DJANGOS

    def url(self) -> str:
        """With the first row of its model, where it is about one."""
        if not ARGUMENT.search(self.route):
            return f"/admin/{self.route}"
        model = {path_of(each): each for each in admin.site._registry}[
            "/".join(self.route.split("/")[:2])
        ]
        row = model._default_manager.order_by("pk").first()
        assert row is not None, f"the full shop lacks a row of {model}"
        return f"/admin/{ARGUMENT.sub(str(row.pk), self.route)}"


def path_of(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}/{model._meta.model_name}"


def addresses() -> list[Address]:
    """Those that are not for all staff."""
    every = _addresses(admin.site.get_urls(), "")
    return [
        each for each in every if each.route not in FOR_ALL and "(?P" not in each.route
    ]


def _addresses(patterns: Any, before: str) -> Iterator[Address]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _addresses(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield Address(route, getattr(each.callback, "rights", None))


@dataclass(frozen=True)
class Action:
    """One that can be chosen on the list of this model."""

    model: type[models.Model]
    name: str
    function: Any

    def __str__(self) -> str:
        return f"{self.model._meta.label} {self.name}"

    @property
    def rights(self) -> tuple[str, ...] | None:
        """What it says that it needs; Django's own says it by verbs."""
        if hasattr(self.function, "rights"):
            return tuple(self.function.rights)
        verbs = getattr(self.function, "allowed_permissions", None)
        app, model = path_of(self.model).split("/")
        return verbs and tuple(f"{app}.{verb}_{model}" for verb in verbs)

    @property
    def url(self) -> str:
        return reverse(f"admin:{path_of(self.model).replace('/', '_')}_changelist")

    def form(self) -> dict[str, Any]:
        """With all rows, and sure of it."""
        rows = self.model._default_manager.order_by("pk")
        if self.model is Category:
            rows = rows.filter(products=None, numchild=0)  # others are not deleted
        if self.model is User:
            rows = rows.exclude(username="somebody")  # who does it
        chosen = [str(pk) for pk in rows.values_list("pk", flat=True)]
        return {"action": self.name, "_selected_action": chosen, "post": "yes"}


def actions() -> list[Action]:
    return [
        Action(model, name, function)
        for model, owner in admin.site._registry.items()
        for function, name, _ in owner._get_base_actions()  # type: ignore[attr-defined]
    ]


def everything_kept() -> dict[type[models.Model], list[Any]]:
    """All rows of all tables, but for sessions and the history."""
    return {
        model: sorted(map(repr, model._base_manager.values_list()))
        for model in apps.get_models()
        if model not in (LogEntry, Session)
    }
