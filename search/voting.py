"""What kind of thing is on a photo: its neighbours vote, the nearer the weightier."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.models import Category
from search.gallery import Neighbour

VOTERS = 10


@dataclass(frozen=True)
class Prediction:
    """confidence: the winner's share of the votes."""

    slug: str
    name: str
    confidence: float


def predicted_category(ranked: Sequence[Neighbour]) -> Prediction | None:
    """Of the products nearest to a photo, whatever the filters; the lower id wins a
    tie. None where nothing votes.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    # By the plain cosine: what is on a photo does not change with what one asks of it.
    nearest = sorted(ranked, key=lambda near: (-near.cosine, near.image_id))
    for near in nearest[:VOTERS]:
        weights[near.category_id] += max(near.cosine, 0.0)
    total = sum(weights.values())
    if total <= 0:
        return None
    winner = min(weights, key=lambda pk: (-weights[pk], pk))
    category = Category.objects.filter(pk=winner).first()
    if category is None:  # deleted since
        return None
    confidence = round(weights[winner] / total, 4)
    return Prediction(category.slug, category.name, confidence)
