"""The category that a photo seems to be of, by vote of its nearest products."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from search.gallery.neighbours import Neighbours
from search.words.categories import recent_tree

VOTERS = 10  # nearest products that vote on what a photo shows


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
    category = recent_tree([winner]).by_id.get(winner)
    if category is None:  # deleted since
        return None
    confidence = round(weights[winner] / total, 4)
    return PredictedCategory(category.slug, category.name, confidence)
