"""A measurement as JSON for programs, as HTML for people, as text for a terminal."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

FIGURES = ("hit@1", "hit@5", "knn", "map", "map@r")

MEANING = {
    "code": "Hamming distance between the shipped codes",
    "asymmetric": "the query's real numbers against the gallery's bits",
    "rerank": "200 nearest codes, sorted by cosine: what the shop does",
    "float": "cosine between embeddings before rounding",
    "features": "cosine between the network's features, nothing fitted",
    "itq": "codes of a hash layer fitted to this gallery",
    "lsh": "codes of random hyperplanes over the features",
    "histogram": "colours alone",
}

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; color: #1d2329; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #d9dee3; }
th:first-child, td:first-child, td:last-child, th:last-child { text-align: left; }
td.best { font-weight: 700; }
td:last-child { color: #59636e; }
dt { color: #59636e; float: left; clear: left; width: 8rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e9ec; background: #15191d; }
  th, td { border-color: #343b42; }
}
"""


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write `report.json` and `report.html`, which needs no other file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(as_html(report), encoding="utf-8")


def as_text(report: dict[str, Any]) -> str:
    """The table of figures in fixed columns."""
    lines = [f"{'ranking':<12}" + "".join(f"{name:>9}" for name in FIGURES)]
    for row in report["rows"]:
        figures = "".join(f"{row[name]:>9.3f}" for name in FIGURES)
        lines.append(f"{row['ranking']:<12}{figures}")
    return "\n".join(lines) + "\n"


def as_html(report: dict[str, Any]) -> str:
    """A page with the table, the best of each column in bold."""
    encoder = report["encoder"]
    facts = {
        "Encoder": f"{encoder['name']} ({encoder['fingerprint']})",
        "Queries": f"{report['n_queries']} of {report['queries']}, "
        f"{report['n_answerable']} of which the gallery can answer",
        "Gallery": f"{report['n_gallery']} of {report['gallery']}",
        "Right is": f"the same {report['label']}",
        "Ties": "resolved by expectation",
    }
    told = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(encoder['name'])}</title><style>{STYLE}</style>"
        f"<h1>How well it finds</h1><dl>{told}</dl>"
        f"<table>{''.join(_rows(report['rows']))}</table></html>\n"
    )


def _rows(rows: list[dict[str, Any]]) -> Iterator[str]:
    best = {name: max(row[name] for row in rows) for name in FIGURES}
    names = "".join(f"<th>{escape(name)}</th>" for name in FIGURES)
    yield f"<tr><th>ranking</th><th>bits</th>{names}<th>what it is</th></tr>"
    for row in rows:
        classes = ["best" if row[name] == best[name] else "" for name in FIGURES]
        cells = "".join(
            f'<td class="{css}">{row[name]:.3f}</td>'
            for name, css in zip(FIGURES, classes, strict=True)
        )
        yield (
            f"<tr><td>{escape(row['ranking'])}</td><td>{row['n_bits'] or '–'}</td>"
            f"{cells}<td>{escape(MEANING.get(row['ranking'], ''))}</td></tr>"
        )
