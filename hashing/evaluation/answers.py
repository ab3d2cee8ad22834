"""Queries with their answers as pictures, for people to look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from hashing.data import PictureSet
from hashing.evaluation.metrics import Ranking

SHOWN = 5  # answers of each query

Scores = npt.NDArray[np.float64]  # (queries, gallery)
Right = npt.NDArray[np.bool_]  # (queries, gallery)


@dataclass(frozen=True)
class Told:
    """A query and its first answers."""

    group: str  # best or worst
    query: Image.Image
    label: str
    answers: list[tuple[Image.Image, str, bool]]  # picture, label, whether it is right
    rank: int  # of the first right answer; with wrong ones that tie, behind them
    wanted: Image.Image  # that first right answer


@dataclass(frozen=True)
class Answers:
    """Who answers what: -inf takes an entry out, and is not right."""

    scores: Scores
    right: Right
    precision: Scores  # (queries,), the average; 1: all that is right comes first
    order: list[int]  # queries that the gallery can answer, the best answered first

    @classmethod
    def of(cls, scores: Scores, right: Right) -> "Answers":
        """Queries in the order of their average precision."""
        pairs = zip(scores, right, strict=True)
        precision = np.array([Ranking.of(*pair).average_precision() for pair in pairs])
        order = np.argsort(-precision, kind="stable")
        return cls(scores, right, precision, [int(q) for q in order if right[q].any()])

    def first(self, query: int) -> list[int]:
        """The first answers to a query."""
        nearest = np.argsort(-self.scores[query], kind="stable")[:SHOWN]
        return [int(n) for n in nearest if np.isfinite(self.scores[query, n])]

    def first_right(self, query: int) -> tuple[int, int]:
        """The nearest right answer, and its rank, from one."""
        scores, right = self.scores[query], self.right[query]
        nearest = int(np.where(right, scores, -np.inf).argmax())
        ahead = (scores > scores[nearest]) | ((scores == scores[nearest]) & ~right)
        return nearest, int(ahead.sum()) + 1


def tell(
    answers: Answers,
    groups: Mapping[str, Sequence[int]],
    sets: tuple[PictureSet, PictureSet],
    label: str,
) -> list[Told]:
    """Queries of each group with their pictures; `sets` are queries and gallery."""
    rows = [query for group in groups.values() for query in group]
    needed = {n for q in rows for n in (*answers.first(q), answers.first_right(q)[0])}
    asked, found = open_rows(sets[0], rows), open_rows(sets[1], needed)
    labels = [pictures.column(label) for pictures in sets]
    told = []
    for group, queries in groups.items():
        for query in queries:
            wanted, rank = answers.first_right(query)
            shown = [
                (found[n], labels[1][n], bool(answers.right[query, n]))
                for n in answers.first(query)
            ]
            told.append(
                Told(group, asked[query], labels[0][query], shown, rank, found[wanted])
            )
    return told


def one_a_label(queries: Sequence[int], labels: Sequence[str]) -> list[int]:
    """The first query of each label: queries of one label tell much the same."""
    first: dict[str, int] = {}
    for query in queries:
        first.setdefault(labels[query], query)
    return list(first.values())


def open_rows(pictures: PictureSet, rows: Iterable[int]) -> dict[int, Image.Image]:
    """Some pictures of a set, by their rows."""
    order = sorted({*rows})
    if not order:
        return {}
    chosen = tuple(pictures.rows[row] for row in order)
    images = PictureSet(pictures.text, pictures.source, chosen).pictures()
    return dict(zip(order, images, strict=True))
