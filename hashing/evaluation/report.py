"""A measurement as JSON for programs, as HTML for people, as text for a terminal."""

import json
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from disk.whole import write_whole
from hashing.evaluation.metrics import FIGURES
from hashing.evaluation.plots import PlotAxes, bar_plot, column_plot, line_plot
from hashing.evaluation.query_answers import AnsweredQuery
from hashing.evaluation.report_html import (
    answers_as_html,
    facts_as_html,
    page,
    table,
)

TEXT_FIGURES = ("hit@1", "hit@5", "knn", "map", "map@r")
CURVE_RANKINGS = ("code", "rerank", "float", "features", "lsh", "histogram")
LENGTH_NAMES = {"code": "shipped code", "itq": "ITQ, fitted here", "lsh": "LSH"}

RANKING_MEANINGS = {
    "code": "Hamming distance between the shipped codes",
    "asymmetric": "the query's real numbers against the gallery's bits",
    "rerank": "200 nearest codes, sorted by cosine: what the shop does",
    "float": "cosine between embeddings before rounding",
    "features": "cosine between the network's features, nothing fitted",
    "itq": "codes of a hash layer fitted to this gallery",
    "lsh": "codes of random hyperplanes over the features",
    "histogram": "colours alone",
    "classifier": "the predicted class as a code: wins if only classes are measured",
}

FIGURE_MEANINGS = {
    "hit@k": "a right answer is among the first k",
    "p@k": "share of the first k that is right",
    "knn": "the 10 nearest, voting by similarity, name the right label",
    "map": "mean average precision over the whole gallery",
    "map@r": "the same over as many answers as there are right ones",
}


def write_report(
    report: dict[str, Any], folder: Path, *, examples: Sequence[AnsweredQuery] = ()
) -> None:
    """Write `report.json` and `report.html`, which needs no other file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    write_whole(folder / "report.json", text + "\n")
    html = as_html(report, examples)
    write_whole(folder / "report.html", html)


def as_text(report: dict[str, Any]) -> str:
    """Format the figures as a table, with trained and other classes below."""
    groups = {"ranking": report["rows"]}
    by_training = {
        name: group["rows"] for name, group in report["seen"].items() if group["rows"]
    }
    groups |= by_training if len(by_training) > 1 else {}
    lines = []
    for name, rows in groups.items():
        header = "".join(f"{figure:>9}" for figure in TEXT_FIGURES)
        lines.append(f"{name:<12}{header}")
        for row in rows:
            figures = "".join(f"{row[figure]:>9.3f}" for figure in TEXT_FIGURES)
            lines.append(f"{row['ranking']:<12}{figures}")
    if len(by_training) == 1:
        lines.append(f"all queries are of {next(iter(by_training))} classes")
    return "\n".join(lines) + "\n"


def as_html(report: dict[str, Any], examples: Sequence[AnsweredQuery] = ()) -> str:
    """Make a page with tables, plots, and queries with their answers."""
    title = f"How well {report['encoder']['name']} finds"
    return page(title, _sections(report, examples))


def _sections(
    report: dict[str, Any], examples: Sequence[AnsweredQuery]
) -> Iterator[str]:
    yield facts_as_html(_facts(report))
    yield "<h2>First answers</h2><p>How often the first answer is right. The line is "
    yield "the range that 95 of 100 draws of other queries would give.</p>"
    rows = report["rows"]
    ends = {row["ranking"]: (row["hit@1"], *row["95%"]["hit@1"]) for row in rows}
    yield bar_plot(ends, "hit@1 of every ranking, with intervals")
    yield table(rows, FIGURES)
    meanings = {name: RANKING_MEANINGS[name] for name in ends}
    yield facts_as_html(meanings | FIGURE_MEANINGS)
    yield from _by_training(report["seen"])
    yield "<h2>How long a code must be</h2><p>Mean average precision by bits. Codes of "
    yield f"fewer bits are the first bits of the shipped one. {_itq_note(report)}</p>"
    yield _length_plot(report)
    yield "<h2>Precision and recall</h2><p>Which share of the answers is right, once a "
    yield f"given share of all right ones has been found. {_level_note(report)}</p>"
    yield _recall_plot(report)
    yield "<h2>How codes use their bits</h2><p>For each bit, the share of the gallery "
    yield "in which it is one. Half is best.</p>"
    yield column_plot(report["codes"]["ones"], "share of ones by bit")
    yield facts_as_html(_code_facts(report))
    if examples:
        yield answers_as_html(examples)


def _by_training(groups: dict[str, Any]) -> Iterator[str]:
    """Show trained and other classes; a sentence if queries are all of one kind."""
    present = {name: group for name, group in groups.items() if group["n_queries"]}
    for name, group in present.items():
        classes = "trained on" if name == "seen" else "never trained on"
        if len(present) == 1:
            yield f"<p>All of these queries are of classes that were {classes}.</p>"
        else:
            yield f"<h2>Classes that were {classes}</h2>"
            yield f"<p>{group['n_queries']} queries.</p>{table(group['rows'], FIGURES)}"


def _itq_note(report: dict[str, Any]) -> str:
    """Say why the line of ITQ ends early or is missing, where it does."""
    lengths = {row["n_bits"] for row in report["lengths"]}
    itq = {row["n_bits"] for row in report["lengths"] if row["ranking"] == "itq"}
    if lengths == itq:
        return ""
    return "ITQ is fitted where the gallery has at least as many pictures as bits."


def _level_note(report: dict[str, Any]) -> str:
    """Say why lines do not fall, where they cannot."""
    if report["right answers"]["most"] > 1:
        return ""
    return "Here no query has more than one right answer, so lines are about level."


def _facts(report: dict[str, Any]) -> dict[str, str]:
    encoder = report["encoder"]
    facts = {
        "Encoder": f"{encoder['name']} ({encoder['fingerprint']})",
        "Queries": f"{report['n_queries']} of {report['queries']}, "
        f"{report['n_answerable']} of which the gallery can answer",
        "Gallery": f"{report['n_gallery']} of {report['gallery']}",
        "Right is": f"the same {report['label']}: {_n_right(report)} a query",
        "Ties": "resolved by expectation",
    }
    if report["trained on"]:
        facts["Trained on"] = report["trained on"]
    return facts


def _n_right(report: dict[str, Any]) -> str:
    least, most = report["right answers"].values()
    answers = "answer" if most == 1 else "answers"
    return f"{most} {answers}" if least == most else f"{least} to {most} {answers}"


def _code_facts(report: dict[str, Any]) -> dict[str, str]:
    codes, search = report["codes"], report["search"]
    within = report["within 2 bits"]["code"]
    return {
        "Entropy": f"{codes['entropy']:.3f} of 1 a bit",
        "Bias": f"{codes['bias']:.3f}, best 0",
        "Correlation": f"{codes['correlation']:.3f} between bits, best 0",
        "Collisions": f"{codes['colliding']:.1%} share their code; the most "
        f"frequent has {codes['largest_bucket']}",
        "Within 2 bits": f"{within['finds something']:.1%} of queries find something "
        f"there, precision {within['precision']:.3f}, recall {within['recall']:.3f}",
        "Search": f"{search['median_ms']:.2f} ms a query over {search['n_gallery']} "
        f"codes (95 % below {search['p95_ms']:.2f} ms)",
    }


def _length_plot(report: dict[str, Any]) -> str:
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in report["lengths"]:
        line = lines.setdefault(LENGTH_NAMES[row["ranking"]], [])
        line.append((row["n_bits"], row["map"]))
    bits = sorted({row["n_bits"] for row in report["lengths"]})
    ends = (bits[0], bits[-1])
    for row in report["rows"]:
        if row["ranking"] == "float":
            lines["float"] = [(end, row["map"]) for end in ends]
    top = _axis_top(y for line in lines.values() for _, y in line)
    return line_plot(lines, PlotAxes("bits", "mAP", *ends, ticks=bits, top=top))


def _recall_plot(report: dict[str, Any]) -> str:
    lines = {
        name: list(zip(report["recalls"], report["curves"][name], strict=True))
        for name in CURVE_RANKINGS
    }
    ticks = (0, 0.25, 0.5, 0.75, 1)
    top = _axis_top(y for line in lines.values() for _, y in line)
    axes = PlotAxes("recall", "precision", 0, 1, ticks=ticks, top=top)
    return line_plot(lines, axes)


def _axis_top(values: Iterator[float]) -> float:
    """Round the highest value up to a multiple of 0.2."""
    return min(1.0, max(0.2, ceil(5 * max(values)) / 5))
