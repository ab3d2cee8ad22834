"""How good a ranking is, with ties resolved by expectation.

Hamming distances tie all the time, and whoever lets the order of files decide measures
the files. Every figure here is the mean over all orders of what ties (McSherry and
Najork, "Computing Information Retrieval Performance Measures Efficiently in the
Presence of Tied Scores", ECIR 2008).

A query is a row of scores (gallery,), higher is nearer, and a row that says which of
the gallery is relevant. A score of -inf takes an entry out. A query to which nothing
is relevant counts as zero.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]  # (gallery,)
Relevant = npt.NDArray[np.bool_]  # (gallery,)
PerRank = npt.NDArray[np.float64]  # (ranked,)

VOTERS = 10
FIGURES = ("hit@1", "hit@5", "hit@10", "p@5", "p@10", "knn", "map", "map@r")
RECALLS = np.linspace(0.05, 1.0, 20)  # where a precision-recall curve is told


@dataclass(frozen=True)
class Ranking:
    """One query's gallery, best first; entry i describes the tie that rank i is in."""

    before: PerRank  # entries ranked before the tie
    relevant_before: PerRank  # relevant ones among those
    tied: PerRank  # entries in the tie
    relevant_tied: PerRank  # relevant ones among those
    n_relevant: int

    @classmethod
    def of(cls, scores: Scores, relevant: Relevant) -> "Ranking":
        """Sort by score and count what ties."""
        kept = np.isfinite(scores)
        order = np.argsort(-scores[kept], kind="stable")
        ranked, is_relevant = scores[kept][order], relevant[kept][order]
        _, starts, sizes = np.unique(-ranked, return_index=True, return_counts=True)
        so_far = np.concatenate([[0], np.cumsum(is_relevant)])
        inside = so_far[starts + sizes] - so_far[starts]
        return cls(
            before=np.repeat(starts.astype(np.float64), sizes),
            relevant_before=np.repeat(so_far[starts].astype(np.float64), sizes),
            tied=np.repeat(sizes.astype(np.float64), sizes),
            relevant_tied=np.repeat(inside.astype(np.float64), sizes),
            n_relevant=int(is_relevant.sum()),
        )

    def __len__(self) -> int:
        return len(self.tied)

    def gains(self) -> PerRank:
        """Expected precision at each rank, times the chance that it is relevant."""
        within = np.arange(len(self)) - self.before  # earlier ones in the same tie
        others = np.maximum(self.relevant_tied - 1, 0)
        earlier = within * others / np.maximum(self.tied - 1, 1)
        precision = (self.relevant_before + earlier + 1) / np.arange(1, len(self) + 1)
        return self.relevant_tied / self.tied * precision

    def hit(self, k: int) -> float:
        """Chance that one of the first k is relevant."""
        if len(self) == 0:
            return 0.0
        last = min(k, len(self)) - 1
        if self.relevant_before[last]:
            return 1.0
        tied, relevant = int(self.tied[last]), int(self.relevant_tied[last])
        slots = last + 1 - int(self.before[last])
        return 1 - comb(tied - relevant, slots) / comb(tied, slots)

    def found(self) -> PerRank:
        """Expected number of relevant entries up to and with each rank."""
        within = np.arange(1, len(self) + 1) - self.before
        return self.relevant_before + within * self.relevant_tied / self.tied

    def precision(self, k: int) -> float:
        """Expected share of the first k that is relevant; of all, if they are fewer."""
        if len(self) == 0:
            return 0.0
        first = min(k, len(self))
        return float(self.found()[first - 1] / first)

    def precision_at_recall(self, recalls: npt.NDArray[np.float64]) -> PerRank:
        """Precision at the first rank where so much of what is relevant is expected.

        Nothing is interpolated: a later rank may be more precise.
        """
        if self.n_relevant == 0:
            return np.zeros(len(recalls))
        found = self.found()
        wanted = recalls * self.n_relevant - 1e-9  # found is a sum of fractions
        ranks = np.searchsorted(found, wanted)
        precise: PerRank = found[ranks] / (ranks + 1)
        return precise

    def average_precision(self) -> float:
        """Mean of the precision at each relevant entry."""
        return float(self.gains().sum() / self.n_relevant) if self.n_relevant else 0.0

    def average_precision_at_r(self) -> float:
        """The same over as many first ranks as there are relevant entries.

        Musgrave, Belongie and Lim, "A Metric Learning Reality Check", ECCV 2020.
        """
        first = self.gains()[: self.n_relevant]
        return float(first.sum() / self.n_relevant) if self.n_relevant else 0.0


def wins_vote(scores: Scores, labels: Sequence[str], label: str) -> float:
    """Whether `label` wins the vote of the 10 nearest, weighed by similarity.

    Entries tied at the tenth place share the places left. Labels that tie share the
    win. Scores at or below zero have no vote.
    """
    kept = np.flatnonzero(np.isfinite(scores))
    votes: defaultdict[str, float] = defaultdict(float)
    if len(kept):
        ranked = np.sort(scores[kept])[::-1]
        border = ranked[min(VOTERS, len(ranked)) - 1]
        above = scores[kept] > border
        on_border = scores[kept] == border
        share = (min(VOTERS, len(kept)) - above.sum()) / on_border.sum()
        weights = (above + share * on_border) * np.maximum(scores[kept], 0)
        for index in np.flatnonzero(weights):
            votes[labels[kept[index]]] += float(weights[index])
    most = max(votes.values(), default=0.0)
    winners = [name for name, vote in votes.items() if np.isclose(vote, most)]
    return 1 / len(winners) if label in winners else 0.0


@dataclass(frozen=True)
class Measured:
    """What each query came to, under one ranking."""

    figures: npt.NDArray[np.float64]  # (queries, figures), as in FIGURES
    curve: npt.NDArray[np.float64]  # mean precision at each of RECALLS

    @classmethod
    def of(
        cls,
        scores: npt.NDArray[np.float64],
        *,
        query_labels: Sequence[str],
        gallery_labels: Sequence[str],
    ) -> "Measured":
        """Every figure of every query, for scores (queries, gallery)."""
        relevant = same(query_labels, gallery_labels)
        figures, curves = [], []
        for row, is_relevant, label in zip(scores, relevant, query_labels, strict=True):
            ranking = Ranking.of(row, is_relevant)
            hits = [ranking.hit(k) for k in (1, 5, 10)]
            precisions = [ranking.precision(k) for k in (5, 10)]
            knn = wins_vote(row, gallery_labels, label)
            average = ranking.average_precision()
            at_r = ranking.average_precision_at_r()
            figures.append([*hits, *precisions, knn, average, at_r])
            curves.append(ranking.precision_at_recall(RECALLS))
        return cls(np.array(figures), np.mean(curves, axis=0))

    def means(self) -> dict[str, float]:
        """The mean of every figure over queries."""
        means = self.figures.mean(axis=0).tolist()
        return {name: round(m, 4) for name, m in zip(FIGURES, means, strict=True)}


def summarise(
    scores: npt.NDArray[np.float64],
    *,
    query_labels: Sequence[str],
    gallery_labels: Sequence[str],
) -> dict[str, float]:
    """Means over queries of every figure, for scores (queries, gallery)."""
    labels = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    return Measured.of(scores, **labels).means()


def within_radius(
    distances: npt.NDArray[np.floating], relevant: npt.NDArray[np.bool_], radius: int
) -> dict[str, float]:
    """What a hash table finds: entries whose codes differ in `radius` bits at most.

    For distances and relevance (queries, gallery); an infinite distance takes an entry
    out. Means over queries; one that finds nothing has a precision of zero.
    """
    near = distances <= radius
    right = (near & relevant).sum(axis=1)
    n_relevant = (relevant & np.isfinite(distances)).sum(axis=1)
    means = {
        "precision": right / np.maximum(near.sum(axis=1), 1),
        "recall": right / np.maximum(n_relevant, 1),
        "finds something": near.any(axis=1),
    }
    return {name: round(float(values.mean()), 4) for name, values in means.items()}


def same(ones: Sequence[str], others: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of ones (n) equals which of others (m): (n, m)."""
    equal: npt.NDArray[np.bool_] = np.array(ones)[:, None] == np.array(others)[None]
    return equal
