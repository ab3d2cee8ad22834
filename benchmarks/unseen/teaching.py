"""What is taught: views of the sets whose licences permit to ship the result."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.unseen.networks import LAST, imagenet
from benchmarks.unseen.pictures import CUT
from benchmarks.unseen.sets import Pictures, plain, views
from benchmarks.unseen.worlds import FURNITURE
from hashing.fitting.deep_tuning import Taught
from hashing.fitting.wide_tuning import may_be_shipped
from hashing.picture_sets import ManifestRow

SHARES = {
    "groceries": 0.2,
    "garments": 0.15,
    "luma": 0.1,
    "demo shops": 0.15,
    "household": 0.2,
    "furniture": 0.2,
}
FOLDS = (
    ("groceries", "demo shops"),
    ("garments", "furniture"),
    ("luma", "household"),
)
GARMENTS = ("clothing", "clothingplus")
DEMO = ("demoshop", "demoshops2")


@dataclass(frozen=True)
class Source:
    """A set with its views, and the column of what they show."""

    name: str
    turns: int  # made-up photos of each catalogue picture
    label: str = "product_id"
    kind: str = "coarse_label"


SOURCES = (
    Source("grocery", 16),
    Source("clothing", 0, "fine_label"),
    Source("clothingplus", 0, "fine_label"),
    Source("luma", 4),
    Source("demoshop", 6),
    Source("demoshops2", 4),
    Source("renders3d", 2),
)


def group(source: str, row: ManifestRow) -> str:
    """Return the group of the sets that teach that a row belongs to."""
    if source == "renders3d":
        kind = row.columns["coarse_label"]
        return "furniture" if kind in FURNITURE else "household"
    if source in GARMENTS:
        return "garments"
    return {"grocery": "groceries", "luma": "luma"}.get(source, "demo shops")


def may_teach(row: ManifestRow) -> bool:
    """Tell whether a row is neither kept to validate on nor under other terms."""
    return may_be_shipped(row) and row.columns["split"] not in ("val", "validation")


def stored(source: Source) -> Iterator[Pictures]:
    """Return a source's pictures and the views of them."""
    yield plain(source.name)
    if source.turns:
        yield views(source.name, source.turns)


def taught(cut: int, hidden: tuple[str, ...] = ()) -> list[Taught]:
    """All views that are taught, without those of hidden groups.

    `cut` is either that of the stored activations or that of the last stage.
    """
    if cut not in (CUT, LAST):
        raise ValueError(f"activations are stored at {CUT} and {LAST}, not {cut}")
    found = []
    for source in SOURCES:
        for pictures in stored(source):
            maps = pictures.seen.maps if cut == CUT else imagenet().maps(pictures)
            pooled = imagenet().features(pictures).pooled
            groups = np.array([group(source.name, row) for row in pictures.rows])
            allowed = np.array([may_teach(row) for row in pictures.rows])
            labels = np.array(pictures.column(source.label))
            kinds = np.array(pictures.column(source.kind))
            for own in np.unique(groups):
                rows = np.flatnonzero(allowed & (groups == own))
                if own in hidden or not len(rows):
                    continue
                found.append(
                    Taught(
                        maps,
                        rows,
                        [f"{own}: {label}" for label in labels[rows]],
                        [f"{own}: {kind}" for kind in kinds[rows]],
                        pooled[rows],
                        str(own),
                    )
                )
    return found
