"""Measure an encoder on two sets of pictures: all that goes into a report.

`hashing.evaluation.ranking` says which rankings there are, and
`hashing.evaluation.metrics` what the figures mean. Intervals are of 95 %, by drawing
classes of queries anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hashing.data import PictureSet
from hashing.encoder import Encoder
from hashing.evaluation.answers import Answers, Told, one_a_label, tell
from hashing.evaluation.code_use import describe, search_time
from hashing.evaluation.intervals import interval
from hashing.evaluation.metrics import FIGURES, RECALLS, Measured, same, within_radius
from hashing.evaluation.ranking import (
    Ranked,
    Scores,
    Side,
    by_length,
    closeness,
    cosines,
    itself,
    rankings,
    rerank,
    right_answers,
    without,
)

RADIUS = 2  # bits that a hash table probes at most
BEST, WORST = 6, 12  # queries that a report shows
ROUNDING = 1e-9  # of a precision


def evaluate(
    encoder: Encoder,
    *,
    gallery: PictureSet,
    queries: PictureSet,
    label: str,
    trained_on: PictureSet | None = None,
) -> dict[str, Any]:
    """The report of a measurement, as it goes into `report.json`.

    With `trained_on`, pictures that whatever is measured learned labels from, queries
    of their classes and queries of others are told apart, and the baseline of
    predicted classes learns from them; else it learns from the gallery.
    """
    return Measurement.of(
        encoder, gallery=gallery, queries=queries, label=label, trained_on=trained_on
    ).report()


@dataclass(frozen=True)
class Measurement:
    """Both sides of a measurement, encoded, and what is measured with."""

    encoder: Encoder
    sets: tuple[PictureSet, PictureSet]  # queries, gallery
    label: str
    queries: Side
    gallery: Side
    taught: Side | None  # what the baseline of predicted classes learns from
    trained_on: PictureSet | None

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        *,
        gallery: PictureSet,
        queries: PictureSet,
        label: str,
        trained_on: PictureSet | None = None,
    ) -> "Measurement":
        """Let the encoder see all sets; one that is given twice is seen once."""
        sides: dict[str, Side] = {}

        def side(pictures: PictureSet) -> Side:
            if pictures.text not in sides:
                sides[pictures.text] = Side.encode(encoder, pictures, label)
            return sides[pictures.text]

        asked, found = side(queries), side(gallery)
        taught = without(side(trained_on or gallery), asked.keys)
        return cls(encoder, (queries, gallery), label, asked, found, taught, trained_on)

    def report(self) -> dict[str, Any]:
        """The figures of everything."""
        asked, found = self.queries, self.gallery
        layer, name = self.encoder.layer, self.encoder.name
        n_right = right_answers(asked, found)
        ranked = list(rankings(layer, asked, found, taught=self.taught))
        measured = [(*row[:2], self._measured(row[2], asked)) for row in ranked]
        return {
            "encoder": {"name": name, "fingerprint": self.encoder.fingerprint},
            "gallery": self.sets[1].text,
            "queries": self.sets[0].text,
            "label": self.label,
            "trained on": self.trained_on.text if self.trained_on else None,
            "n_queries": len(asked),
            "n_gallery": len(found),
            "n_answerable": int((n_right > 0).sum()),
            "right answers": {"least": int(n_right.min()), "most": int(n_right.max())},
            "rows": [self._row(*row) for row in measured],
            "lengths": [
                {"ranking": name, "n_bits": n_bits, **self._measured(s, asked).means()}
                for name, n_bits, s in by_length(layer, asked, found)
            ],
            "seen": self._apart(ranked),
            "recalls": [round(float(recall), 2) for recall in RECALLS],
            "curves": {name: m.curve.round(4).tolist() for name, _, m in measured},
            "codes": describe(found.codes),
            "within 2 bits": {
                name: within_radius(
                    np.where(itself(asked, found), np.inf, (1 - s) * (n_bits or 0) / 2),
                    same(asked.labels, found.labels),
                    RADIUS,
                )
                for name, n_bits, s in ranked
                if name in ("code", "itq", "lsh")
            },
            "search": search_time(asked.codes, found.codes),
        }

    def _measured(self, scores: Scores, asked: Side) -> Measured:
        return Measured.of(
            np.where(itself(asked, self.gallery), -np.inf, scores),
            query_labels=asked.labels,
            gallery_labels=self.gallery.labels,
        )

    def _row(self, name: str, n_bits: int | None, measured: Measured) -> dict[str, Any]:
        low, high = interval(measured.figures, self.queries.labels)
        ends = np.stack([low, high], axis=1).round(4).tolist()
        intervals = dict(zip(FIGURES, ends, strict=True))
        return {
            "ranking": name,
            "n_bits": n_bits,
            **measured.means(),
            "95%": intervals,
        }

    def _apart(self, ranked: Sequence[Ranked]) -> dict[str, Any]:
        """Rows of queries whose class was trained on, and of the others."""
        if self.trained_on is None:
            return {}
        known = {*self.trained_on.column(self.label)}
        is_seen = np.array([label in known for label in self.queries.labels])
        groups: dict[str, Any] = {}
        for group, chosen in (("seen", is_seen), ("unseen", ~is_seen)):
            rows = np.flatnonzero(chosen)
            asked = self.queries.of(rows)
            groups[group] = {"n_queries": len(asked), "rows": []}
            for name, n_bits, scores in ranked if len(rows) else ():
                means = self._measured(scores[rows], asked).means()
                groups[group]["rows"].append(
                    {"ranking": name, "n_bits": n_bits, **means}
                )
        return groups

    def told(self) -> list[Told]:
        """The best and the worst answered queries, as the shop ranks, with answers."""
        asked, found = self.queries, self.gallery
        by_code = closeness(asked.codes, found.codes)
        scores = rerank(by_code, cosines(asked.embeddings, found.embeddings))
        own = itself(asked, found)
        right = same(asked.labels, found.labels) & ~own
        answers = Answers.of(np.where(own, -np.inf, scores), right)
        best = one_a_label(answers.order, asked.labels)[:BEST]
        worst = one_a_label(answers.order[::-1], asked.labels)[:WORST]
        missed = answers.precision < 1 - ROUNDING
        worst = [query for query in worst if query not in best and missed[query]]
        return tell(answers, {"best": best, "worst": worst}, self.sets, self.label)
