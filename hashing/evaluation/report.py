"""A measurement as JSON for programs, as HTML for people, as text for a terminal."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hashing.evaluation.answers import Told
from hashing.evaluation.metrics import FIGURES
from hashing.evaluation.plots import Axes, bars, columns, lines
from hashing.evaluation.report_pages import STYLE, answers_as_html, facts_as_html, table

IN_TEXT = ("hit@1", "hit@5", "knn", "map", "map@r")

MEANING = {
    "code": "Hamming distance between the shipped codes",
    "asymmetric": "the query's real numbers against the gallery's bits",
    "rerank": "200 nearest codes, sorted by cosine: what the shop does",
    "float": "cosine between embeddings before rounding",
    "features": "cosine between the network's features, nothing fitted",
    "itq": "codes of a hash layer fitted to this gallery",
    "lsh": "codes of random hyperplanes over the features",
    "histogram": "colours alone",
    "classifier": "the predicted class as a code: wins where classes are all",
}

FIGURES_TOLD = {
    "hit@k": "a right answer is among the first k",
    "p@k": "share of the first k that is right",
    "knn": "the 10 nearest, voting by similarity, name the right label",
    "map": "mean average precision over the whole gallery",
    "map@r": "the same over as many answers as there are right ones",
}


def write_report(
    report: dict[str, Any], folder: Path, *, told: Sequence[Told] = ()
) -> None:
    """Write `report.json` and `report.html`, which needs no other file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(as_html(report, told), encoding="utf-8")


def as_text(report: dict[str, Any]) -> str:
    """The table of figures in fixed columns, seen and unseen classes below."""
    groups = {"ranking": report["rows"]}
    apart = {n: group["rows"] for n, group in report["seen"].items() if group["rows"]}
    groups |= apart if len(apart) > 1 else {}
    lines_ = []
    for name, rows in groups.items():
        header = "".join(f"{figure:>9}" for figure in IN_TEXT)
        lines_.append(f"{name:<12}{header}")
        for row in rows:
            figures = "".join(f"{row[figure]:>9.3f}" for figure in IN_TEXT)
            lines_.append(f"{row['ranking']:<12}{figures}")
    if len(apart) == 1:
        lines_.append(f"all queries are of {next(iter(apart))} classes")
    return "\n".join(lines_) + "\n"


def as_html(report: dict[str, Any], told: Sequence[Told] = ()) -> str:
    """A page with tables, plots, and queries with their answers."""
    name = escape(report["encoder"]["name"])
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: how well it finds</title><style>{STYLE}</style>"
        f"<h1>How well {name} finds</h1>{''.join(_sections(report, told))}</html>\n"
    )


def _sections(report: dict[str, Any], told: Sequence[Told]) -> Iterator[str]:
    yield facts_as_html(_facts(report))
    yield "<h2>First answers</h2><p>How often the first answer is right. The line is "
    yield "the range that 95 of 100 draws of other queries would give.</p>"
    rows = report["rows"]
    ends = {row["ranking"]: (row["hit@1"], *row["95%"]["hit@1"]) for row in rows}
    yield bars(ends, "hit@1 of every ranking, with intervals")
    yield table(rows, FIGURES)
    yield facts_as_html({name: MEANING[name] for name in ends} | FIGURES_TOLD)
    yield from _apart(report["seen"])
    yield "<h2>How long a code must be</h2><p>Mean average precision by bits. Codes of "
    yield f"fewer bits are the shipped one's first. {_without_itq(report)}</p>"
    yield _lengths(report)
    yield "<h2>Precision and recall</h2><p>How many answers are right, when so large a "
    yield f"share of all right ones has been found. {_level(report)}</p>"
    yield _curves(report)
    yield "<h2>How codes use their bits</h2><p>For each bit, in what share of the "
    yield "gallery it is one. Half is best.</p>"
    yield columns(report["codes"]["ones"], "share of ones by bit")
    yield facts_as_html(_codes(report))
    if told:
        yield answers_as_html(told)


def _apart(groups: dict[str, Any]) -> Iterator[str]:
    """Classes that were trained on and others; where there is but one kind, a word."""
    asked = {name: group for name, group in groups.items() if group["n_queries"]}
    for name, group in asked.items():
        classes = "trained on" if name == "seen" else "never trained on"
        if len(asked) == 1:
            yield f"<p>All of these queries are of classes that were {classes}.</p>"
        else:
            yield f"<h2>Classes that were {classes}</h2>"
            yield f"<p>{group['n_queries']} queries.</p>{table(group['rows'], FIGURES)}"


def _without_itq(report: dict[str, Any]) -> str:
    """Why lines of ITQ end early, or are not there."""
    bits = {row["n_bits"] for row in report["lengths"]}
    if bits == {row["n_bits"] for row in report["lengths"] if row["ranking"] == "itq"}:
        return ""
    return "ITQ is fitted where the gallery has at least as many pictures as bits."


def _level(report: dict[str, Any]) -> str:
    """Why lines do not fall, where they do not."""
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
        "Right is": f"the same {report['label']}: {_how_many(report)} a query",
        "Ties": "resolved by expectation",
    }
    if report["trained on"]:
        facts["Trained on"] = report["trained on"]
    return facts


def _how_many(report: dict[str, Any]) -> str:
    least, most = report["right answers"].values()
    answers = "answer" if most == 1 else "answers"
    return f"{most} {answers}" if least == most else f"{least} to {most} {answers}"


def _codes(report: dict[str, Any]) -> dict[str, str]:
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


def _lengths(report: dict[str, Any]) -> str:
    plotted: dict[str, list[tuple[float, float]]] = {}
    for row in report["lengths"]:
        name = {"code": "shipped code", "itq": "ITQ, fitted here", "lsh": "LSH"}
        line = plotted.setdefault(name[row["ranking"]], [])
        line.append((row["n_bits"], row["map"]))
    bits = sorted({row["n_bits"] for row in report["lengths"]})
    ends = (bits[0], bits[-1])
    for row in report["rows"]:
        if row["ranking"] == "float":
            plotted["float"] = [(end, row["map"]) for end in ends]
    top = _top(y for line in plotted.values() for _, y in line)
    return lines(plotted, Axes("bits", "mAP", *ends, ticks=bits, top=top))


def _curves(report: dict[str, Any]) -> str:
    wanted = ("code", "rerank", "float", "features", "lsh", "histogram")
    plotted = {
        name: list(zip(report["recalls"], report["curves"][name], strict=True))
        for name in wanted
    }
    ticks = (0, 0.25, 0.5, 0.75, 1)
    top = _top(y for line in plotted.values() for _, y in line)
    return lines(plotted, Axes("recall", "precision", 0, 1, ticks=ticks, top=top))


def _top(values: Iterator[float]) -> float:
    """The fifth above the highest value."""
    return min(1.0, max(0.2, -(-max(values) * 5 // 1) / 5))
