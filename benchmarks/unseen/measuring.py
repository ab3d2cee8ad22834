"""Hit rates of a ranking in a world, alone and among distractors.

Queries to which the gallery holds no right answer are left out and counted apart. Ties
are resolved by expectation, as in `hashing.evaluation.metrics`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.unseen.worlds import Side, World, distractors
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.evaluation.rankings import code_similarity, cosines, rerank
from hashing.layers.hash_layer import HashLayer
from hashing.layers.itq import fit_itq
from hashing.layers.linear import LinearHashLayer, recentre
from hashing.layers.lsh import random_hyperplanes

N_BITS = 256
FITTED_TO = 4000  # pictures of a gallery, at most
ROUNDS = 20  # of ITQ

Scores = npt.NDArray[np.floating]  # (queries, gallery), higher is nearer
Mask = npt.NDArray[np.bool_]  # (queries, gallery)
Vectors = npt.NDArray[np.floating]  # (n, dim)
Embed = Callable[[Side], Vectors]
Hits = dict[str, float]  # hit@1, hit@5


@dataclass(frozen=True, eq=False)
class Question:
    """Which of a gallery is right, and which is no answer, for each query."""

    world: World
    relevant: Mask
    excluded: Mask
    n_unanswerable: int

    @classmethod
    def of(cls, world: World) -> "Question":
        """Compare labels, keys and the column in which answers have to differ."""
        asked, found = (
            [column(sides, name) for name in ("keys", "label", world.apart)]
            for sides in (world.queries, world.gallery)
        )
        excluded = asked[0][:, None] == found[0][None]
        if world.apart:
            excluded |= asked[2][:, None] == found[2][None]
        relevant = (asked[1][:, None] == found[1][None]) & ~excluded
        return cls(world, relevant, excluded, int((~relevant.any(axis=1)).sum()))

    def hits(self, scores: Scores) -> Hits:
        """Return the expected share of answerable queries answered in the first k."""
        gallery = self.relevant.shape[1]
        own = np.where(self.excluded, -np.inf, scores[:, :gallery])
        strangers = scores[:, gallery:]
        rows = np.flatnonzero(self.relevant.any(axis=1))
        counts = [_counts(own[r], self.relevant[r], strangers[r]) for r in rows]
        return {
            f"hit@{k}": round(float(np.mean([_hit(k, *c) for c in counts])), 4)
            for k in (1, 5)
        }


@cache
def question(world: World) -> Question:
    return Question.of(world)


def column(sides: tuple[Side, ...], name: str) -> npt.NDArray[np.str_]:
    """Keys, labels, or a column of the manifest of all sides."""
    values: list[str] = []
    for side in sides:
        chosen = side.label if name == "label" else name
        values += side.keys if name == "keys" else side.column(chosen)
    return np.array(values)


def _counts(
    own: npt.NDArray[np.floating],
    relevant: npt.NDArray[np.bool_],
    strangers: npt.NDArray[np.floating],
) -> tuple[int, int, int]:
    """Entries before the nearest right answer, tied with it, and right among those."""
    best = own[relevant].max()
    before = (own > best).sum() + (strangers > best).sum()
    tied = (own == best).sum() + (strangers == best).sum()
    return int(before), int(tied), int((own[relevant] == best).sum())


def _hit(k: int, before: int, tied: int, right: int) -> float:
    """Chance that one of the first k is right, over all orders of what ties."""
    slots = min(k - before, tied)
    return 1 - comb(tied - right, slots) / comb(tied, slots) if slots > 0 else 0.0


def measure(world: World, rankings: dict[str, "Ranking"]) -> dict[str, dict[str, Any]]:
    """Hits of every ranking, alone and among 10,000 distractors."""
    asked = question(world)
    return {
        name: {
            "alone": asked.hits(ranking(world.queries, world.gallery)),
            "among": asked.hits(
                ranking(world.queries, world.gallery + distractors(world))
            ),
        }
        for name, ranking in rankings.items()
    }


Ranking = Callable[[tuple[Side, ...], tuple[Side, ...]], Scores]


def joined(embed: Embed, sides: tuple[Side, ...]) -> Vectors:
    return np.concatenate([embed(side) for side in sides])


def by_cosine(embed: Embed) -> Ranking:
    """Rank by cosine between vectors as they are."""
    return lambda queries, gallery: cosines(
        joined(embed, queries), joined(embed, gallery)
    )


def by_code(embed: Embed, layer: HashLayer) -> Ranking:
    """Rank by Hamming distance between codes of a given layer."""

    def rank(queries: tuple[Side, ...], gallery: tuple[Side, ...]) -> Scores:
        sides = [
            quantise_embeddings(joined(embed, sides)) for sides in (queries, gallery)
        ]
        return code_similarity(*(layer.codes(side) for side in sides))

    return rank


def reranked(embed: Embed, layer: HashLayer) -> Ranking:
    """Rank the 200 nearest codes by cosine of int8 embeddings, as the shop does."""

    def rank(queries: tuple[Side, ...], gallery: tuple[Side, ...]) -> Scores:
        sides = [
            quantise_embeddings(joined(embed, sides)) for sides in (queries, gallery)
        ]
        return rerank(
            code_similarity(*(layer.codes(side) for side in sides)), cosines(*sides)
        )

    return rank


def by_lsh(embed: Embed) -> Ranking:
    """Rank by random hyperplanes through the gallery's mean."""

    def rank(queries: tuple[Side, ...], gallery: tuple[Side, ...]) -> Scores:
        sides = [
            quantise_embeddings(joined(embed, sides)) for sides in (queries, gallery)
        ]
        layer = recentre(random_hyperplanes(sides[1].shape[1], N_BITS), sides[1])
        return code_similarity(*(layer.codes(side) for side in sides))

    return rank


def by_fitted_code(embed: Embed, *, reference: Vectors | None = None) -> Ranking:
    """Rank by codes of a layer that is fitted to the gallery itself.

    Without `reference` the code has no more bits than the gallery has pictures; with
    it, fewer than 512 pictures are joined by vectors that the encoder learned from,
    moved to the gallery's own mean.
    """

    def rank(queries: tuple[Side, ...], gallery: tuple[Side, ...]) -> Scores:
        sides = [
            quantise_embeddings(joined(embed, sides)) for sides in (queries, gallery)
        ]
        layer = fitted(sides[1], reference)
        return code_similarity(*(layer.codes(side) for side in sides))

    return rank


def fitted(gallery: npt.NDArray[np.int8], reference: Vectors | None) -> LinearHashLayer:
    """Fit a layer to a gallery (n, dim) of any size."""
    if reference is None or len(gallery) >= 2 * N_BITS:
        n_bits = min(N_BITS, len(gallery) // 8 * 8)
        return fit_itq(gallery[:FITTED_TO], n_bits, iterations=ROUNDS, prefixes=False)
    own = l2_normalise(gallery)
    missing = reference[: 2 * N_BITS - len(gallery)]
    moved = l2_normalise(missing - missing.mean(axis=0) + own.mean(axis=0))
    both = quantise_embeddings(np.concatenate([own, moved]))
    return fit_itq(both, N_BITS, iterations=ROUNDS, prefixes=False)
