"""The tree of categories, as answers name parts of it and words are matched to it."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.core.signals import setting_changed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalogue.models import Category

CACHE_SECONDS = 1.0  # that `recent_tree` may be behind the database


class CategoryNode(NamedTuple):
    """A category; depth is 1 at the top."""

    path: str
    depth: int
    slug: str
    name: str
    pk: int

    def is_kin(self, other: "CategoryNode") -> bool:
        """Return whether one of the two lies below the other, or is the other."""
        return self.path.startswith(other.path) or other.path.startswith(self.path)


@dataclass(frozen=True)
class CategoryTree:
    """Every category as of one moment, ordered by path."""

    nodes: tuple[CategoryNode, ...]
    read_at: float  # time.monotonic()

    @classmethod
    def read(cls) -> "CategoryTree":
        """Read it with one query."""
        read_at = time.monotonic()
        rows = Category.objects.order_by("path").values_list(*CategoryNode._fields)
        return cls(tuple(CategoryNode(*row) for row in rows), read_at)

    @cached_property
    def by_id(self) -> dict[int, CategoryNode]:
        return {node.pk: node for node in self.nodes}

    @cached_property
    def by_path(self) -> dict[str, CategoryNode]:
        return {node.path: node for node in self.nodes}

    def ancestors(self, pk: int) -> Iterator[CategoryNode]:
        """Iterate from the top to the category itself; nothing if it was deleted."""
        path = self.by_id[pk].path if pk in self.by_id else ""
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            yield self.by_path[path[:end]]

    def subtree_ids(self, node: CategoryNode) -> frozenset[int]:
        """Return the ids of a category and of everything below it."""
        return frozenset(
            each.pk for each in self.nodes if each.path.startswith(node.path)
        )


_recent: CategoryTree | None = None


def current_tree() -> CategoryTree:
    """Return the tree as of now; `recent_tree` goes on with this one."""
    global _recent  # noqa: PLW0603
    _recent = tree = CategoryTree.read()
    return tree


def recent_tree(having: Iterable[int]) -> CategoryTree:
    """Return the tree as of CACHE_SECONDS ago at most.

    It is read again at once if it lacks one of the categories in `having`, or after
    this process has changed a category.
    """
    tree = _recent
    is_old = tree is None or time.monotonic() - tree.read_at > CACHE_SECONDS
    if tree is None or is_old or not tree.by_id.keys() >= set(having):
        return current_tree()
    return tree


@receiver([setting_changed, post_save, post_delete])
def reset(sender: object = None, **kwargs: object) -> None:
    """Forget the tree that was read."""
    global _recent  # noqa: PLW0603
    if sender is Category or "setting" in kwargs:
        _recent = None
