"""What a deletion takes along, in as many lines as somebody reads."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.admin.utils import NestedObjects
from django.db import router
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import ngettext

NAMED = 100  # rows that are named; more are counted


class Deletion(NamedTuple):
    """As ModelAdmin.get_deleted_objects returns it."""

    to_delete: list[Any]
    model_count: dict[Any, int]
    perms_needed: set[Any]
    protected: list[Any]


def summary_of(rows: Any) -> Deletion | None:
    """Return a summary where rows are too many to be named; None where they are few.

    perms_needed is left to the caller.
    """
    rows = list(rows)
    if not rows:
        return None
    collector = NestedObjects(using=router.db_for_write(type(rows[0])), origin=rows)
    collector.collect(rows)
    by_model: dict[Any, Any] = collector.model_objs
    counts = {model: len(found) for model, found in by_model.items()}
    if sum(counts.values()) + len(collector.protected) <= NAMED:
        return None
    along = [
        f"{capfirst(str(model._meta.verbose_name_plural))}: {count}"
        for model, count in counts.items()
        if model is not type(rows[0])
    ]
    return Deletion(
        [*named(rows), along] if along else named(rows),
        {model._meta.verbose_name_plural: count for model, count in counts.items()},
        set(),
        named(collector.protected),
    )


def named(rows: Iterable[Model]) -> list[str]:
    """Name the first of these rows, and count the others."""
    rows = list(rows)
    names = [f"{capfirst(str(row._meta.verbose_name))}: {row}" for row in rows[:NAMED]]
    if more := len(rows) - NAMED:
        text = ngettext("and %d more", "and %d more", max(more, 0))
        names += [text % more] if more > 0 else []
    return names
