"""Measure what was trained beside its start, and promote it if it is no worse.

Before and after are measured through the files that would be served: the exported
graph, int8 embeddings, codes, the re-ranked shortlist. To promote is to write the
encoder's final folder; until then it is a candidate beside it.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.encoder import Encoded, Encoder, load_encoder
from hashing.errors import TrainingError
from hashing.evaluation.intervals import interval
from hashing.evaluation.metrics import Ranking
from hashing.evaluation.ranking import closeness, cosines, rerank
from hashing.fitting.making import replace
from hashing.matching import answers, fit_curve
from hashing.training.candidate import write_card
from hashing.training.examination import Examination
from hashing.training.recipe import TrainingRecipe
from hashing.training.training_set import TrainingSet
from hashing.training.views import Album

FIGURES = ("hit@1", "hit@5", "map")

Figures = npt.NDArray[np.float64]  # (queries, figures)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sitting:
    """An encoder's answers in an examination."""

    queries: Encoded
    gallery: Encoded
    figures: Figures

    @classmethod
    def of(cls, encoder: Encoder, examination: Examination, album: Album) -> "Sitting":
        """Ask every query of the gallery, as the shop would."""
        queries, gallery = (
            encoder.encode([album.image(*view) for view in wanted])
            for wanted in (examination.queries, examination.gallery)
        )
        by_code = closeness(queries.codes, gallery.codes)
        scores = rerank(by_code, cosines(queries.embeddings, gallery.embeddings))
        scores = np.where(examination.is_itself, -np.inf, scores)
        right = examination.is_right & ~examination.is_itself
        rankings = [Ranking.of(*pair) for pair in zip(scores, right, strict=True)]
        figures = [(r.hit(1), r.hit(5), r.average_precision()) for r in rankings]
        return cls(queries, gallery, np.array(figures))


@dataclass(frozen=True)
class Measured:
    """A report of before and after, and the match curve of after."""

    report: dict[str, Any]
    curve: Any


def measure(
    candidate: Path, start: Encoder, recipe: TrainingRecipe, training_set: TrainingSet
) -> Measured:
    """Measure a candidate beside its start, and write the report."""
    after = load_encoder(candidate)
    album = Album(training_set, recipe.seed)
    report: dict[str, Any] = {}
    for name, part in (("held out", "report"), ("learned", "learn")):
        examination = Examination.of(training_set, part)
        old, new = (Sitting.of(e, examination, album) for e in (start, after))
        report[name] = compare(old.figures, new.figures, examination.products)
    text = json.dumps(report, indent=1)
    (recipe.progress / "report.json").write_text(text + "\n", encoding="utf-8")
    logger.info("%s", as_text(report))
    curve = _match(after, Examination.of(training_set, "stop", "report"), album)
    return Measured(report, curve)


def check(
    report: dict[str, Any], start: Encoder, *, n_steps: int, candidate: Path
) -> None:
    """Raise TrainingError if what was measured is worse than its start.

    Worse is a lower mean average precision on the products held out for the report, or
    on those that were learned from; or no gain on those held out to stop on.
    """
    if n_steps == 0:
        raise TrainingError(
            f"not promoted: no check was better than {start.name} on the products held "
            "out to stop on; --force would promote it as it began"
        )
    worse = [name for name, rows in report.items() if rows["map"]["difference"] < 0]
    if worse:
        raise TrainingError(
            f"not promoted: worse than {start.name} on products {' and '.join(worse)}; "
            f"it is kept in {candidate}, and --force would promote it"
        )


def promote(candidate: Path, measured: Measured, recipe: TrainingRecipe) -> Encoder:
    """Put a candidate in the encoder's final folder, its card completed."""
    contents = load_encoder(candidate).card.contents | {"match": measured.curve}
    contents["training"] = contents["training"] | {"report": measured.report}
    write_card(contents, candidate)
    recipe.out.parent.mkdir(parents=True, exist_ok=True)
    replace(recipe.out, candidate)
    return load_encoder(recipe.out)


def compare(before: Figures, after: Figures, products: Sequence[str]) -> dict[str, Any]:
    """Means before and after, and 95 % intervals from drawing products anew.

    The difference is taken query by query.
    """
    values = np.stack([before, after, after - before], axis=1)  # (queries, 3, figures)
    low, high = interval(values, products)
    rows: dict[str, Any] = {"n_queries": len(products), "n_products": len({*products})}
    for column, figure in enumerate(FIGURES):
        rows[figure] = {}
        for line, name in enumerate(("before", "after", "difference")):
            mean = values[:, line, column].mean()
            rows[figure][name] = round(float(mean), 4)
            ends = (low[line, column], high[line, column])
            rows[figure][f"{name} 95%"] = [round(float(end), 4) for end in ends]
    return rows


def as_text(report: dict[str, Any]) -> str:
    """The report as a small table."""
    lines = []
    for name, rows in report.items():
        asked = f"{rows['n_queries']} queries of {rows['n_products']} products"
        lines.append(f"{name}: {asked}")
        for figure in FIGURES:
            row = rows[figure]
            low, high = row["difference 95%"]
            lines.append(
                f"  {figure:6} {row['before']:.3f} -> {row['after']:.3f}  "
                f"({row['difference']:+.3f}, 95 % of {low:+.3f} to {high:+.3f})"
            )
    return "\n".join(lines)


def _match(encoder: Encoder, examination: Examination, album: Album) -> Any:
    """The match curve, from products that nothing was learned from."""
    sitting = Sitting.of(encoder, examination, album)
    cosine, right = answers(
        sitting.queries.embeddings,
        sitting.gallery.embeddings,
        is_same_picture=examination.is_itself,
        is_right=examination.is_right,
    )
    if right.all() or not right.any():
        return encoder.card.match  # too few to tell: what the start's card says
    return fit_curve(cosine, right, np.ones(len(cosine)))
