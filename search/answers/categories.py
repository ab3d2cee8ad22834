"""The tree of categories, and the category that a photo seems to be of.

Each process caches the tree for a second, and reads it again at once if it lacks a
category or this process has changed one.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from django.core.signals import setting_changed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalogue.models import Category
from search.gallery.neighbours import Neighbours

CACHE_SECONDS = 1.0
VOTERS = 10  # nearest products that vote on what a photo shows


class CategoryNode(NamedTuple):
    """A category in the tree; depth is 1 at the top."""

    path: str
    depth: int
    slug: str
    name: str


@dataclass(frozen=True)
class CategoryTree:
    """All categories, by id and by path."""

    by_id: dict[int, CategoryNode]
    by_path: dict[str, CategoryNode]
    read_at: float

    @classmethod
    def read(cls) -> Self:
        """Read the tree with one query."""
        now = time.monotonic()
        rows = Category.objects.values_list("pk", "path", "depth", "slug", "name")
        by_id = {pk: CategoryNode(*rest) for pk, *rest in rows}
        return cls(by_id, {each.path: each for each in by_id.values()}, now)

    def ancestors(self, pk: int) -> Iterator[CategoryNode]:
        """Iterate from the top to the category itself; nothing if it was deleted."""
        path = self.by_id[pk].path if pk in self.by_id else ""
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            yield self.by_path[path[:end]]


_cached: CategoryTree | None = None


def tree(having: Iterable[int]) -> CategoryTree:
    """Return the tree, at most a second old, with these categories if they exist."""
    global _cached  # noqa: PLW0603
    cached = _cached
    is_old = cached is None or time.monotonic() - cached.read_at > CACHE_SECONDS
    if cached is None or is_old or not cached.by_id.keys() >= set(having):
        cached = _cached = CategoryTree.read()
    return cached


@receiver([setting_changed, post_save, post_delete])
def reset(sender: object = None, **kwargs: object) -> None:
    """Forget the tree."""
    global _cached  # noqa: PLW0603
    if sender is Category or "setting" in kwargs:
        _cached = None


@dataclass(frozen=True)
class PredictedCategory:
    """The category that a photo seems to be of.

    confidence: its share of the votes.
    """

    slug: str
    name: str
    confidence: float


def predicted_category(ranked: Neighbours) -> PredictedCategory | None:
    """Predict the category from the products nearest to a photo, without filters.

    Each votes with its cosine; the lower id wins a tie. None where nothing votes.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    # By the plain cosine: what is on a photo does not depend on what is matched.
    nearest = ranked.take(np.lexsort((ranked.image_id, -ranked.cosine))[:VOTERS])
    votes = np.maximum(nearest.cosine, 0.0).tolist()
    for category_id, vote in zip(nearest.column("category_id"), votes, strict=True):
        weights[category_id] += vote
    total = sum(weights.values())
    if total <= 0:
        return None
    winner = min(weights, key=lambda pk: (-weights[pk], pk))
    category = tree([winner]).by_id.get(winner)
    if category is None:  # deleted since
        return None
    confidence = round(weights[winner] / total, 4)
    return PredictedCategory(category.slug, category.name, confidence)
