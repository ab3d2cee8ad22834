"""All tables of search, one module a subject."""

from search.models.codes import ImageCode
from search.models.duplicates import Comparison, Resemblance
from search.models.encoders import Encoder
from search.models.feedback import Feedback, Salt
from search.models.galleries import Change, Collection, Snapshot
from search.models.golden import GoldenQuery
from search.models.missed import Missed
from search.models.product_texts import ProductText

__all__ = [
    "Change",
    "Collection",
    "Comparison",
    "Encoder",
    "Feedback",
    "GoldenQuery",
    "ImageCode",
    "Missed",
    "ProductText",
    "Resemblance",
    "Salt",
    "Snapshot",
]
