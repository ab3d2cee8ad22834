"""Admin's history: who did what to which row, also by actions and by pages."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, cast

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise

BATCH = 1000  # entries in one statement


def record(request: HttpRequest, rows: Iterable[Model], what: str | Promise) -> None:
    """Write into the history of each row that this user did this to it."""
    _log(request, rows, CHANGE, str(what))


def record_added(request: HttpRequest, row: Model) -> None:
    _log(request, [row], ADDITION, [{"added": {}}])


def _log(request: HttpRequest, rows: Iterable[Model], flag: int, message: Any) -> None:
    user, left = cast(int, request.user.pk), iter(rows)
    while batch := list(islice(left, BATCH)):
        LogEntry.objects.log_actions(user, cast(Any, batch), flag, message)
