"""Compare a trained encoder with its start, and promote it if it is no worse.

Both are measured through the files that would be served: the exported graph, int8
embeddings, codes, the re-ranked shortlist. A candidate is promoted by moving its folder
to the encoder's final place.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disk.whole import write_whole
from hashing.arrays import Float64Array
from hashing.cards import write_card
from hashing.disk import replace_folder
from hashing.encoder import Encoded, Encoder, load_encoder
from hashing.errors import TrainingError
from hashing.evaluation.intervals import bootstrap_interval
from hashing.evaluation.metrics import TiedRanking
from hashing.evaluation.rankings import code_similarity, cosines, rerank
from hashing.match_curves import Curve, fit_isotonic, nearest_answers
from hashing.training.training_recipe import TrainingRecipe
from hashing.training.training_set import TrainingSet
from hashing.training.validation import Validation
from hashing.training.views import Views

FIGURES = ("hit@1", "hit@5", "map")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderScores:
    """An encoder's results in a validation."""

    queries: Encoded
    gallery: Encoded
    figures: Float64Array  # (queries, figures), in the order of FIGURES

    @classmethod
    def measure(
        cls, encoder: Encoder, validation: Validation, views: Views
    ) -> "EncoderScores":
        """Search for every query, ranking answers as the shop does."""
        queries, gallery = (
            encoder.encode([views.image(*view) for view in chosen])
            for chosen in (validation.queries, validation.gallery)
        )
        by_code = code_similarity(queries.codes, gallery.codes)
        scores = rerank(by_code, cosines(queries.embeddings, gallery.embeddings))
        scores = np.where(validation.is_itself, -np.inf, scores)
        is_right = validation.is_right & ~validation.is_itself
        rankings = [
            TiedRanking.from_scores(*pair)
            for pair in zip(scores, is_right, strict=True)
        ]
        figures = [(r.hit(1), r.hit(5), r.average_precision()) for r in rankings]
        return cls(queries, gallery, np.array(figures))


@dataclass(frozen=True)
class BeforeAndAfter:
    """The comparison of a candidate with its start, and the candidate's match curve."""

    report: dict[str, Any]
    match_curve: Curve


def measure_candidate(
    candidate: Path, start: Encoder, recipe: TrainingRecipe, training_set: TrainingSet
) -> BeforeAndAfter:
    """Measure a candidate and its start, and write `report.json`."""
    encoder = load_encoder(candidate)
    views = Views(training_set, recipe.seed)
    report: dict[str, Any] = {}
    for name, part in (("held out", "report"), ("learned", "learn")):
        validation = Validation.on(training_set, part)
        before, after = (
            EncoderScores.measure(each, validation, views).figures
            for each in (start, encoder)
        )
        report[name] = compare_figures(before, after, validation.products)
    text = json.dumps(report, indent=1)
    write_whole(recipe.progress / "report.json", text + "\n")
    logger.info("%s", as_text(report))
    not_learned = Validation.on(training_set, "stop", "report")
    return BeforeAndAfter(report, _fit_match_curve(encoder, not_learned, views))


def refuse_worse(
    report: dict[str, Any], start: Encoder, *, n_steps: int, candidate: Path
) -> None:
    """Raise TrainingError if a candidate is worse than its start.

    It is worse if its mean average precision is lower, on the products held out for the
    report or on those that were learned from; or if no step improved on the products
    held out to stop early.
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


def promote(
    candidate: Path, measured: BeforeAndAfter, recipe: TrainingRecipe
) -> Encoder:
    """Complete a candidate's card and move its folder to the recipe's `out`."""
    contents = load_encoder(candidate).card.contents | {"match": measured.match_curve}
    contents["training"] = contents["training"] | {"report": measured.report}
    write_card(candidate, contents)
    recipe.out.parent.mkdir(parents=True, exist_ok=True)
    replace_folder(recipe.out, candidate)
    return load_encoder(recipe.out)


def compare_figures(
    before: Float64Array, after: Float64Array, products: Sequence[str]
) -> dict[str, Any]:
    """Compare figures (queries, figures): means and 95 % intervals, over products.

    The difference is taken query by query.
    """
    values = np.stack([before, after, after - before], axis=1)  # (queries, 3, figures)
    low, high = bootstrap_interval(values, products)
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
    """Format the report as a small table."""
    lines = []
    for name, rows in report.items():
        size = f"{rows['n_queries']} queries of {rows['n_products']} products"
        lines.append(f"{name}: {size}")
        for figure in FIGURES:
            row = rows[figure]
            low, high = row["difference 95%"]
            lines.append(
                f"  {figure:6} {row['before']:.3f} -> {row['after']:.3f}  "
                f"({row['difference']:+.3f}, 95 % of {low:+.3f} to {high:+.3f})"
            )
    return "\n".join(lines)


def _fit_match_curve(encoder: Encoder, validation: Validation, views: Views) -> Curve:
    """Fit the match curve; keep the start's if all answers or none are right."""
    scores = EncoderScores.measure(encoder, validation, views)
    answer_cosines, is_right = nearest_answers(
        scores.queries.embeddings,
        scores.gallery.embeddings,
        is_same_picture=validation.is_itself,
        is_right=validation.is_right,
    )
    if is_right.all() or not is_right.any():
        return encoder.card.match_curve
    return fit_isotonic(answer_cosines, is_right, np.ones(len(answer_cosines)))
