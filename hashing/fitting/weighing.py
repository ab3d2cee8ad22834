"""How much the look counts beside the item in one shop, from pictures it has.

A shop of recoloured twins tells its products apart by colour, a grocer does not. Where
products have several pictures each, they say which: every picture is asked for the
others of its product, with the look weighed more and less. No label is needed beyond
which pictures belong together.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hashing.encoder import Card, Part
from hashing.layers.linear import Embeddings, unit

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
FEWEST = 50  # pictures whose product has another; with fewer nothing is learned
QUERIES = 1000  # at most

Labels = npt.NDArray[np.generic]  # (n,)


@dataclass(frozen=True)
class Weighed:
    """What the look's weight is multiplied with, and mean precision without and with.

    Precision is the reciprocal rank of the first picture of the same product.
    """

    factor: float
    before: float
    after: float
    n_queries: int


def weigh_look(
    embeddings: Embeddings, products: Labels, parts: Sequence[Part]
) -> Weighed:
    """The factor under which pictures (n, dim) find others of their product best.

    1 where too few have any, or where no other is better beyond chance: by two standard
    errors of the difference, query by query.
    """
    look = next((part for part in parts if part.name == "look"), None)
    _, own, counts = np.unique(products, return_inverse=True, return_counts=True)
    asked = np.flatnonzero(counts[own] > 1)
    asked = asked[:: -(-len(asked) // QUERIES) or 1]
    if look is None or len(asked) < FEWEST:
        return Weighed(1.0, 0.0, 0.0, len(asked))
    ranks = {
        factor: _precision(_scaled(embeddings, look, factor), own, asked)
        for factor in FACTORS
    }
    usual = ranks[1.0]
    best = max(FACTORS, key=lambda factor: ranks[factor].mean())
    gain = ranks[best] - usual
    if gain.mean() <= 2 * gain.std() / np.sqrt(len(gain)):
        best = 1.0
    before, after = float(usual.mean()), float(ranks[best].mean())
    return Weighed(best, before, after, len(asked))


def write_factor(folder: Path, factor: float) -> None:
    """Put a factor on the card of the encoder in a folder; `look_factor` reads it."""
    path = folder / "card.json"
    contents = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(contents | {"look_factor": factor}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def look_factor(card: Card) -> float:
    """What the look's weight is multiplied with for the same item; 1 if unknown."""
    return float(card.contents.get("look_factor", 1.0))


def _scaled(
    embeddings: Embeddings, part: Part, factor: float
) -> npt.NDArray[np.float32]:
    scaled = unit(embeddings)
    scaled[:, part.start : part.stop] *= factor
    return unit(scaled)


def _precision(
    vectors: npt.NDArray[np.float32],
    products: Labels,
    asked: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Reciprocal rank of the nearest other picture of the same product, (asked,)."""
    found = []
    for place in asked:
        cosines = vectors @ vectors[place]
        cosines[place] = -np.inf
        nearest = cosines[products == products[place]].max()
        found.append(1 / (1 + (cosines > nearest).sum()))
    return np.array(found)
