"""How much colours should count beside the item in one shop, learned from its pictures.

A shop of recoloured twins tells its products apart by colour; a grocer does not. Where
products have several pictures each, they show it: every picture searches for the others
of its product, with the look weighted more and less. No label is needed beyond which
pictures belong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hashing.arrays import Float32Array, Float64Array
from hashing.cards import LOOK_FACTOR, Part, read_card, write_card
from hashing.embeddings import Embeddings, l2_normalise

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
MIN_QUERIES = 50  # with fewer, nothing is learned
MAX_QUERIES = 1000
MIN_STANDARD_ERRORS = 2  # by which a gain must exceed zero

Labels = npt.NDArray[np.generic]  # (n,)


@dataclass(frozen=True)
class LookWeight:
    """A factor for the look's weight, and mean reciprocal ranks without and with it.

    A query's rank is that of the first other picture of its product.
    """

    factor: float
    before: float
    after: float
    n_queries: int


def choose_look_factor(
    embeddings: Embeddings, products: Labels, parts: Sequence[Part]
) -> LookWeight:
    """Choose the factor with which pictures (n, dim) find their products best.

    The factor is 1 with too few queries, and where no other is significantly better:
    the mean difference between queries must exceed two standard errors.
    """
    look = next((part for part in parts if part.name == "look"), None)
    _, members, counts = np.unique(products, return_inverse=True, return_counts=True)
    queries = np.flatnonzero(counts[members] > 1)
    queries = queries[:: max(1, ceil(len(queries) / MAX_QUERIES))]
    if look is None or len(queries) < MIN_QUERIES:
        return LookWeight(1.0, 0.0, 0.0, len(queries))
    reciprocal_ranks = {
        factor: _reciprocal_ranks(
            _scale_part(embeddings, look, factor), members, queries
        )
        for factor in FACTORS
    }
    unchanged = reciprocal_ranks[1.0]
    best = max(FACTORS, key=lambda factor: reciprocal_ranks[factor].mean())
    gain = reciprocal_ranks[best] - unchanged
    if gain.mean() <= MIN_STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
        best = 1.0
    before, after = float(unchanged.mean()), float(reciprocal_ranks[best].mean())
    return LookWeight(best, before, after, len(queries))


def write_look_factor(folder: Path, factor: float) -> None:
    """Write a factor to the card of the encoder in a folder."""
    write_card(folder, read_card(folder).contents | {LOOK_FACTOR: factor})


def _scale_part(embeddings: Embeddings, part: Part, factor: float) -> Float32Array:
    scaled = l2_normalise(embeddings)
    scaled[:, part.start : part.stop] *= factor
    return l2_normalise(scaled)


def _reciprocal_ranks(
    vectors: Float32Array, products: Labels, queries: npt.NDArray[np.intp]
) -> Float64Array:
    """Return each query's reciprocal rank of another picture of its product."""
    ranks = []
    for query in queries:
        cosines = vectors @ vectors[query]
        cosines[query] = -np.inf
        nearest = cosines[products == products[query]].max()
        ranks.append(1 / (1 + (cosines > nearest).sum()))
    return np.array(ranks)
