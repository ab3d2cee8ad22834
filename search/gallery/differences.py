"""Compare two tables of rows, picture by picture."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from search.gallery.columns import WORD_COLUMNS
from search.gallery.rows import Int64s, Rows

REASONS = {
    "product_id": "product",
    "category_id": "category",
    "price": "price",
    "in_stock": "stock",
    "codes": "code",
    "embeddings": "embedding",
}


class DifferenceKind(StrEnum):
    """How the gallery differs from the database."""

    MISSING = "missing"
    STALE = "stale"
    EXTRA = "extra"


@dataclass(frozen=True)
class Difference:
    """A picture of which gallery and database disagree."""

    kind: DifferenceKind
    image_id: int
    product_id: int
    reason: str


def differences(found: Rows, stored: Rows) -> list[Difference]:
    """Compare by image id what a gallery holds with what the database stores."""
    extra = ~np.isin(found.image_id, stored.image_id)
    missing = ~np.isin(stored.image_id, found.image_id)
    both, ours, theirs = np.intersect1d(
        found.image_id, stored.image_id, return_indices=True
    )
    reasons = _reasons(found, ours, stored, theirs)
    stale = {
        int(both[at]): (int(stored.product_id[theirs[at]]), ", ".join(why))
        for at, why in reasons.items()
    }
    # A picture that moved to another product is out of date for both.
    moved = np.flatnonzero(found.product_id[ours] != stored.product_id[theirs])
    return [
        *_each(DifferenceKind.MISSING, stored, missing, "it is not in the gallery"),
        *_each(DifferenceKind.EXTRA, found, extra, "it is not in the database"),
        *(Difference(DifferenceKind.STALE, pk, *rest) for pk, rest in stale.items()),
        *_each(
            DifferenceKind.EXTRA, found, ours[moved], "it belongs to another product"
        ),
    ]


def _each(
    kind: DifferenceKind, table: Rows, which: Int64s | np.ndarray, reason: str
) -> list[Difference]:
    pairs = zip(
        table.image_id[which].tolist(), table.product_id[which].tolist(), strict=True
    )
    return [Difference(kind, image, product, reason) for image, product in pairs]


def _reasons(
    found: Rows, ours: Int64s, stored: Rows, theirs: Int64s
) -> dict[int, list[str]]:
    """Return the columns in which each pair differs, by the pair's number."""
    reasons: dict[int, list[str]] = {}
    for column, reason in {**REASONS, **{name: name for name in WORD_COLUMNS}}.items():
        differs = _column(found, column, ours) != _column(stored, column, theirs)
        if differs.ndim > 1:
            differs = differs.any(axis=1)
        for at in np.flatnonzero(differs).tolist():
            reasons.setdefault(at, []).append(reason)
    return reasons


def _column(table: Rows, name: str, rows: Int64s) -> np.ndarray:
    if name in table.words:
        return np.array(table.words[name].words(rows), dtype=object)
    values: np.ndarray = getattr(table, name)[rows]
    return values
