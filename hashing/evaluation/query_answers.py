"""Queries with their answers as pictures, for people to look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hashing.arrays import BoolArray, Float64Array
from hashing.evaluation.metrics import TiedRanking
from hashing.picture_sets import PictureSet

MAX_SHOWN = 5  # answers of each query


@dataclass(frozen=True)
class AnsweredQuery:
    """A query and its first answers, as pictures."""

    group: str  # best or worst
    query: Image.Image
    label: str
    answers: list[tuple[Image.Image, str, bool]]  # picture, label, whether it is right
    right_rank: int  # of the first right answer, behind wrong ones that tie with it
    right_answer: Image.Image


@dataclass(frozen=True)
class QueryAnswers:
    """Scores of all answers to all queries; -inf excludes an answer."""

    scores: Float64Array  # (queries, gallery)
    is_right: BoolArray  # (queries, gallery); false where excluded
    average_precision: Float64Array  # (queries,)
    order: list[int]  # queries that have a right answer, the best answered first

    @classmethod
    def sorted(cls, scores: Float64Array, is_right: BoolArray) -> "QueryAnswers":
        """Sort queries by their average precision."""
        pairs = zip(scores, is_right, strict=True)
        precision = np.array(
            [TiedRanking.from_scores(*pair).average_precision() for pair in pairs]
        )
        order = np.argsort(-precision, kind="stable")
        answerable = [int(query) for query in order if is_right[query].any()]
        return cls(scores, is_right, precision, answerable)

    def first(self, query: int) -> list[int]:
        """Return the gallery rows of the first answers to a query."""
        nearest = np.argsort(-self.scores[query], kind="stable")[:MAX_SHOWN]
        return [int(row) for row in nearest if np.isfinite(self.scores[query, row])]

    def first_right(self, query: int) -> tuple[int, int]:
        """Return the gallery row of the first right answer, and its rank from one."""
        scores, is_right = self.scores[query], self.is_right[query]
        row = int(np.where(is_right, scores, -np.inf).argmax())
        is_ahead = (scores > scores[row]) | ((scores == scores[row]) & ~is_right)
        return row, int(is_ahead.sum()) + 1


def illustrate(
    answers: QueryAnswers,
    groups: Mapping[str, Sequence[int]],
    sets: tuple[PictureSet, PictureSet],
    label: str,
) -> list[AnsweredQuery]:
    """Open the pictures of each group's queries and of their answers.

    sets: queries and gallery. label: the manifest's column that says what is right.
    """
    queries = [query for group in groups.values() for query in group]
    rows = {
        row
        for query in queries
        for row in (*answers.first(query), answers.first_right(query)[0])
    }
    query_images, images = open_rows(sets[0], queries), open_rows(sets[1], rows)
    query_labels, labels = (pictures.column(label) for pictures in sets)
    answered = []
    for group, members in groups.items():
        for query in members:
            right_row, rank = answers.first_right(query)
            first = [
                (images[row], labels[row], bool(answers.is_right[query, row]))
                for row in answers.first(query)
            ]
            answered.append(
                AnsweredQuery(
                    *(group, query_images[query], query_labels[query]),
                    *(first, rank, images[right_row]),
                )
            )
    return answered


def first_per_label(queries: Sequence[int], labels: Sequence[str]) -> list[int]:
    """Keep the first query of each label: those of one label show much the same."""
    first: dict[str, int] = {}
    for query in queries:
        first.setdefault(labels[query], query)
    return list(first.values())


def open_rows(pictures: PictureSet, rows: Iterable[int]) -> dict[int, Image.Image]:
    """Decode some pictures of a set, by row."""
    order = sorted({*rows})
    if not order:
        return {}
    chosen = tuple(pictures.rows[row] for row in order)
    images = PictureSet(pictures.spec, pictures.source, chosen).pictures()
    return dict(zip(order, images, strict=True))
