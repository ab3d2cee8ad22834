"""How good a ranking is, with ties resolved by expectation.

Hamming distances tie all the time, and to let the order of files decide is to measure
the files. Every figure here is the mean over all orders of the tied entries (McSherry
and Najork, "Computing Information Retrieval Performance Measures Efficiently in the
Presence of Tied Scores", ECIR 2008).

A query has scores (gallery,), where higher is nearer and -inf excludes an entry, and a
row that says which entries of the gallery are relevant. A query without relevant
entries counts as zero.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from hashing.arrays import BoolArray, Float64Array, FloatArray

N_VOTERS = 10
FIGURES = ("hit@1", "hit@5", "hit@10", "p@5", "p@10", "knn", "map", "map@r")
# Points of a precision-recall curve.
RECALL_LEVELS = np.linspace(0.05, 1.0, 20)
RECALL_TOLERANCE = 1e-9  # expected numbers are sums of fractions


@dataclass(frozen=True)
class TiedRanking:
    """One query's gallery, best first; entry i describes the tie that rank i is in."""

    before: Float64Array  # (ranks,), entries ranked before the tie
    relevant_before: Float64Array  # (ranks,), relevant ones among those
    tied: Float64Array  # (ranks,), entries in the tie
    relevant_tied: Float64Array  # (ranks,), relevant ones among those
    n_relevant: int

    @classmethod
    def from_scores(cls, scores: Float64Array, is_relevant: BoolArray) -> "TiedRanking":
        """Sort entries by score and count those that tie."""
        kept = np.isfinite(scores)
        order = np.argsort(-scores[kept], kind="stable")
        ranked, relevant = scores[kept][order], is_relevant[kept][order]
        _, starts, sizes = np.unique(-ranked, return_index=True, return_counts=True)
        cumulative = np.concatenate([[0], np.cumsum(relevant)])
        inside = cumulative[starts + sizes] - cumulative[starts]
        return cls(
            before=np.repeat(starts.astype(np.float64), sizes),
            relevant_before=np.repeat(cumulative[starts].astype(np.float64), sizes),
            tied=np.repeat(sizes.astype(np.float64), sizes),
            relevant_tied=np.repeat(inside.astype(np.float64), sizes),
            n_relevant=int(relevant.sum()),
        )

    def __len__(self) -> int:
        return len(self.tied)

    def gains(self) -> Float64Array:
        """Return each rank's chance of being relevant, times its expected precision."""
        earlier_tied = np.arange(len(self)) - self.before
        other_relevant = np.maximum(self.relevant_tied - 1, 0)
        earlier = earlier_tied * other_relevant / np.maximum(self.tied - 1, 1)
        precision = (self.relevant_before + earlier + 1) / np.arange(1, len(self) + 1)
        return self.relevant_tied / self.tied * precision

    def hit(self, k: int) -> float:
        """Return the chance that one of the first k is relevant."""
        if len(self) == 0:
            return 0.0
        last = min(k, len(self)) - 1
        if self.relevant_before[last]:
            return 1.0
        tied, relevant = int(self.tied[last]), int(self.relevant_tied[last])
        slots = last + 1 - int(self.before[last])
        return 1 - comb(tied - relevant, slots) / comb(tied, slots)

    def expected_relevant(self) -> Float64Array:
        """Return the expected number of relevant entries up to each rank: (ranks,)."""
        tied_so_far = np.arange(1, len(self) + 1) - self.before
        return self.relevant_before + tied_so_far * self.relevant_tied / self.tied

    def precision(self, k: int) -> float:
        """Return the expected share of the first k that is relevant."""
        if len(self) == 0:
            return 0.0
        first = min(k, len(self))
        return float(self.expected_relevant()[first - 1] / first)

    def precision_at_recall(self, recalls: Float64Array) -> Float64Array:
        """Return the precision at the first rank that is expected to reach each recall.

        Nothing is interpolated: a later rank may have a higher precision.
        """
        if self.n_relevant == 0:
            return np.zeros(len(recalls))
        n_expected = self.expected_relevant()
        n_needed = recalls * self.n_relevant - RECALL_TOLERANCE
        ranks = np.searchsorted(n_expected, n_needed)
        precision: Float64Array = n_expected[ranks] / (ranks + 1)
        return precision

    def average_precision(self) -> float:
        """Return the mean of the precision at each relevant entry."""
        return float(self.gains().sum() / self.n_relevant) if self.n_relevant else 0.0

    def average_precision_at_r(self) -> float:
        """Return the same over as many first ranks as there are relevant entries.

        Musgrave, Belongie and Lim, "A Metric Learning Reality Check", ECCV 2020.
        """
        first = self.gains()[: self.n_relevant]
        return float(first.sum() / self.n_relevant) if self.n_relevant else 0.0


def vote_share(scores: Float64Array, labels: Sequence[str], label: str) -> float:
    """Return how far `label` wins the vote of the 10 nearest, weighted by similarity.

    Entries tied at the tenth place share the remaining votes. Labels that tie share the
    win. Scores at or below zero have no vote.
    """
    kept = np.flatnonzero(np.isfinite(scores))
    votes: defaultdict[str, float] = defaultdict(float)
    if len(kept):
        ranked = np.sort(scores[kept])[::-1]
        border = ranked[min(N_VOTERS, len(ranked)) - 1]
        is_above = scores[kept] > border
        is_border = scores[kept] == border
        share = (min(N_VOTERS, len(kept)) - is_above.sum()) / is_border.sum()
        weights = (is_above + share * is_border) * np.maximum(scores[kept], 0)
        for index in np.flatnonzero(weights):
            votes[labels[kept[index]]] += float(weights[index])
    most = max(votes.values(), default=0.0)
    winners = [name for name, vote in votes.items() if np.isclose(vote, most)]
    return 1 / len(winners) if label in winners else 0.0


@dataclass(frozen=True)
class QueryFigures:
    """Every figure of every query, under one ranking."""

    figures: Float64Array  # (queries, figures), in the order of FIGURES
    curve: Float64Array  # mean precision at each of RECALL_LEVELS

    @classmethod
    def from_scores(
        cls,
        scores: Float64Array,
        *,
        query_labels: Sequence[str],
        gallery_labels: Sequence[str],
    ) -> "QueryFigures":
        """Compute the figures of scores (queries, gallery)."""
        relevant = equal_pairs(query_labels, gallery_labels)
        figures, curves = [], []
        for row, is_relevant, label in zip(scores, relevant, query_labels, strict=True):
            ranking = TiedRanking.from_scores(row, is_relevant)
            hits = [ranking.hit(k) for k in (1, 5, 10)]
            precisions = [ranking.precision(k) for k in (5, 10)]
            knn = vote_share(row, gallery_labels, label)
            average = ranking.average_precision()
            at_r = ranking.average_precision_at_r()
            figures.append([*hits, *precisions, knn, average, at_r])
            curves.append(ranking.precision_at_recall(RECALL_LEVELS))
        return cls(np.array(figures), np.mean(curves, axis=0))

    def means(self) -> dict[str, float]:
        """Return the mean over queries of every figure."""
        means = self.figures.mean(axis=0).tolist()
        return {name: round(m, 4) for name, m in zip(FIGURES, means, strict=True)}


def mean_figures(
    scores: Float64Array,
    *,
    query_labels: Sequence[str],
    gallery_labels: Sequence[str],
) -> dict[str, float]:
    """Return the mean over queries of every figure, for scores (queries, gallery)."""
    labels = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    return QueryFigures.from_scores(scores, **labels).means()


def within_radius(
    distances: FloatArray, is_relevant: BoolArray, radius: int
) -> dict[str, float]:
    """Measure what a hash table finds: codes that differ in `radius` bits at most.

    Distances and relevance are (queries, gallery); an infinite distance excludes an
    entry. Figures are means over queries; the precision of one without hits is zero.
    """
    is_near = distances <= radius
    n_right = (is_near & is_relevant).sum(axis=1)
    n_relevant = (is_relevant & np.isfinite(distances)).sum(axis=1)
    means = {
        "precision": n_right / np.maximum(is_near.sum(axis=1), 1),
        "recall": n_right / np.maximum(n_relevant, 1),
        "finds something": is_near.any(axis=1),
    }
    return {name: round(float(values.mean()), 4) for name, values in means.items()}


def equal_pairs(first: Sequence[str], second: Sequence[str]) -> BoolArray:
    """Compare every pair of two sequences, of n and m strings: (n, m)."""
    equal: BoolArray = np.array(first)[:, None] == np.array(second)[None]
    return equal
