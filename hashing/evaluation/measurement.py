"""Measure an encoder on two sets of pictures: everything that a report contains.

`hashing.evaluation.rankings` lists the rankings, `hashing.evaluation.metrics` defines
the figures. Intervals are 95 %, by bootstrap over the queries' classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hashing.arrays import BoolArray
from hashing.encoder import Encoder
from hashing.evaluation.code_statistics import describe_codes, search_time
from hashing.evaluation.intervals import bootstrap_interval
from hashing.evaluation.metrics import (
    FIGURES,
    RECALL_LEVELS,
    QueryFigures,
    equal_pairs,
    within_radius,
)
from hashing.evaluation.query_answers import (
    AnsweredQuery,
    QueryAnswers,
    first_per_label,
    illustrate,
)
from hashing.evaluation.rankings import (
    EncodedSet,
    RankingScores,
    Scores,
    code_similarity,
    cosines,
    count_right_answers,
    exclude,
    rerank,
    same_picture_pairs,
    score_lengths,
    score_rankings,
)
from hashing.picture_sets import PictureSet

RADIUS = 2  # bits; more is not probed in a hash table
RADIUS_RANKINGS = ("code", "itq", "lsh")
N_BEST, N_WORST = 6, 12  # queries that a report shows
PRECISION_TOLERANCE = 1e-9


def evaluate(
    encoder: Encoder,
    *,
    gallery: PictureSet,
    queries: PictureSet,
    label: str,
    trained_on: PictureSet | None = None,
) -> dict[str, Any]:
    """Measure an encoder and return the contents of `report.json`.

    trained_on: pictures whose labels the encoder was trained with. Queries of those
    classes are then reported apart from others, and the baseline `classifier` learns
    from these pictures instead of the gallery.
    """
    return Measurement.encode(
        encoder, gallery=gallery, queries=queries, label=label, trained_on=trained_on
    ).report()


@dataclass(frozen=True)
class Measurement:
    """The encoded queries and gallery of one measurement."""

    encoder: Encoder
    sets: tuple[PictureSet, PictureSet]  # queries, gallery
    label: str
    queries: EncodedSet
    gallery: EncodedSet
    classifier_set: EncodedSet | None  # what the baseline `classifier` learns from
    trained_on: PictureSet | None

    @classmethod
    def encode(
        cls,
        encoder: Encoder,
        *,
        gallery: PictureSet,
        queries: PictureSet,
        label: str,
        trained_on: PictureSet | None = None,
    ) -> "Measurement":
        """Encode all sets; a set that is given twice is encoded once."""
        by_spec: dict[str, EncodedSet] = {}

        def encoded(pictures: PictureSet) -> EncodedSet:
            if pictures.spec not in by_spec:
                by_spec[pictures.spec] = EncodedSet.encode(encoder, pictures, label)
            return by_spec[pictures.spec]

        query_set, gallery_set = encoded(queries), encoded(gallery)
        classifier_set = exclude(encoded(trained_on or gallery), query_set.keys)
        return cls(
            encoder=encoder,
            sets=(queries, gallery),
            label=label,
            queries=query_set,
            gallery=gallery_set,
            classifier_set=classifier_set,
            trained_on=trained_on,
        )

    def report(self) -> dict[str, Any]:
        """Compute all figures."""
        queries, gallery, layer = self.queries, self.gallery, self.encoder.layer
        n_right = count_right_answers(queries, gallery)
        scored = list(
            score_rankings(layer, queries, gallery, classifier_set=self.classifier_set)
        )
        figures = [(*row[:2], self._figures(row[2], queries)) for row in scored]
        return {
            **self._facts(),
            "n_answerable": int((n_right > 0).sum()),
            "right answers": {"least": int(n_right.min()), "most": int(n_right.max())},
            "rows": [self._row(*row) for row in figures],
            "lengths": [
                {"ranking": name, "n_bits": n_bits, **self._figures(s, queries).means()}
                for name, n_bits, s in score_lengths(layer, queries, gallery)
            ],
            "seen": self._by_training(scored),
            "recalls": [round(float(recall), 2) for recall in RECALL_LEVELS],
            "curves": {name: each.curve.round(4).tolist() for name, _, each in figures},
            "codes": describe_codes(gallery.codes),
            "within 2 bits": self._within_radius(scored),
            "search": search_time(queries.codes, gallery.codes),
        }

    def examples(self) -> list[AnsweredQuery]:
        """Return the best and worst answered queries, as the shop ranks answers."""
        queries, gallery = self.queries, self.gallery
        by_code = code_similarity(queries.codes, gallery.codes)
        scores = rerank(by_code, cosines(queries.embeddings, gallery.embeddings))
        is_itself = self._is_itself()
        is_right = equal_pairs(queries.labels, gallery.labels) & ~is_itself
        scores = np.where(is_itself, -np.inf, scores)
        answers = QueryAnswers.sorted(scores, is_right)
        best = first_per_label(answers.order, queries.labels)[:N_BEST]
        worst = first_per_label(answers.order[::-1], queries.labels)[:N_WORST]
        is_imperfect = answers.average_precision < 1 - PRECISION_TOLERANCE
        worst = [query for query in worst if query not in best and is_imperfect[query]]
        groups = {"best": best, "worst": worst}
        return illustrate(answers, groups, self.sets, self.label)

    def _facts(self) -> dict[str, Any]:
        queries, gallery = self.sets
        return {
            "encoder": {
                "name": self.encoder.name,
                "fingerprint": self.encoder.fingerprint,
            },
            "gallery": gallery.spec,
            "queries": queries.spec,
            "label": self.label,
            "trained on": self.trained_on.spec if self.trained_on else None,
            "n_queries": len(queries),
            "n_gallery": len(gallery),
        }

    def _is_itself(self) -> BoolArray:
        return same_picture_pairs(self.queries, self.gallery)

    def _figures(self, scores: Scores, queries: EncodedSet) -> QueryFigures:
        is_itself = same_picture_pairs(queries, self.gallery)
        return QueryFigures.from_scores(
            np.where(is_itself, -np.inf, scores),
            query_labels=queries.labels,
            gallery_labels=self.gallery.labels,
        )

    def _row(self, name: str, n_bits: int | None, each: QueryFigures) -> dict[str, Any]:
        low, high = bootstrap_interval(each.figures, self.queries.labels)
        ends = np.stack([low, high], axis=1).round(4).tolist()
        intervals = dict(zip(FIGURES, ends, strict=True))
        return {
            "ranking": name,
            "n_bits": n_bits,
            **each.means(),
            "95%": intervals,
        }

    def _within_radius(self, scored: Sequence[RankingScores]) -> dict[str, Any]:
        """Measure the rankings by code as a hash table."""
        is_itself = self._is_itself()
        is_right = equal_pairs(self.queries.labels, self.gallery.labels)
        distances = {
            name: (1 - scores) * (n_bits or 0) / 2
            for name, n_bits, scores in scored
            if name in RADIUS_RANKINGS
        }
        return {
            name: within_radius(np.where(is_itself, np.inf, each), is_right, RADIUS)
            for name, each in distances.items()
        }

    def _by_training(self, scored: Sequence[RankingScores]) -> dict[str, Any]:
        """Measure queries whose class was trained on apart from the others."""
        if self.trained_on is None:
            return {}
        trained = {*self.trained_on.column(self.label)}
        is_trained = np.array([label in trained for label in self.queries.labels])
        groups: dict[str, Any] = {}
        for group, is_member in (("seen", is_trained), ("unseen", ~is_trained)):
            rows = np.flatnonzero(is_member)
            queries = self.queries.take(rows)
            groups[group] = {"n_queries": len(queries), "rows": []}
            for name, n_bits, scores in scored if len(rows) else ():
                means = self._figures(scores[rows], queries).means()
                groups[group]["rows"].append(
                    {"ranking": name, "n_bits": n_bits, **means}
                )
        return groups
