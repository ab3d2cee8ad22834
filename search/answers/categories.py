"""The tree of categories, as every answer names parts of it.

It is read again after a second, and at once where a category is asked for that it lacks
or that this process has changed.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.core.signals import setting_changed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalogue.models import Category

KEPT_FOR = 1.0  # seconds


class Named(NamedTuple):
    """A category; depth is 1 at the top."""

    path: str
    depth: int
    slug: str
    name: str


@dataclass(frozen=True)
class Tree:
    by_id: dict[int, Named]
    by_path: dict[str, Named]
    read_at: float

    @classmethod
    def read(cls) -> "Tree":
        now = time.monotonic()
        rows = Category.objects.values_list("pk", "path", "depth", "slug", "name")
        by_id = {pk: Named(*rest) for pk, *rest in rows}
        return cls(by_id, {each.path: each for each in by_id.values()}, now)

    def with_those_above(self, pk: int) -> Iterator[Named]:
        """From the top down; nothing of a category that there is no more."""
        path = self.by_id[pk].path if pk in self.by_id else ""
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            yield self.by_path[path[:end]]


_held: Tree | None = None


def tree(having: Iterable[int]) -> Tree:
    """As of a second ago at most; of these categories, as of now if they are new."""
    global _held  # noqa: PLW0603
    held = _held
    is_old = held is None or time.monotonic() - held.read_at > KEPT_FOR
    if held is None or is_old or not held.by_id.keys() >= set(having):
        held = _held = Tree.read()
    return held


@receiver([setting_changed, post_save, post_delete])
def reset(sender: object = None, **kwargs: object) -> None:
    """Forget what was read."""
    global _held  # noqa: PLW0603
    if sender is Category or "setting" in kwargs:
        _held = None
