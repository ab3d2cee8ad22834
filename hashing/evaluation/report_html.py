"""Pages without other files: their frame and style, and tables, facts and pictures."""

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from PIL import Image

from hashing.evaluation.query_answers import AnsweredQuery

THUMBNAIL_SIDE = 112  # pixels, as a page shows it
JPEG_QUALITY = 72

STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #59636e; --line: #d9dee3;
        --page: #fff; --right: #1a7f37; --wrong: #b3382c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4ae;
        --line: #343b42; --page: #15191d; --right: #4ac26b; --wrong: #f0806f; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; color: var(--ink); background: var(--page); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p { color: var(--soft); margin: .2rem 0 .8rem; max-width: 44rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right;
       border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
       background: var(--page); }
td.best { font-weight: 700; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.plot { overflow-x: auto; }
svg { width: 100%; min-width: 32rem; max-width: 40rem; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: var(--line); }
.asked { display: flex; gap: .5rem; padding: .8rem 0; overflow-x: auto;
         border-bottom: 1px solid var(--line); }
figure { margin: 0; flex: 0 0 7rem; width: 7rem; }
figure img { display: block; width: 7rem; height: 7rem; object-fit: contain;
             box-sizing: border-box; background: #fff; border: 3px solid transparent; }
figure.query { margin-right: .8rem; }
figure.right img { border-color: var(--right); }
figure.wrong img { border-color: var(--wrong); }
figcaption { font-size: .75rem; line-height: 1.3; color: var(--soft);
             overflow-wrap: anywhere; }
@media (max-width: 30rem) {
  figure, figure img { width: 5rem; } figure { flex-basis: 5rem; }
  figure img { height: 5rem; }
}
"""


HEADINGS = {"best": "Answered best", "worst": "Answered worst"}


def page(title: str, sections: Iterable[str]) -> str:
    """Make a whole page of sections of HTML."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{escape(title)}</h1>{''.join(sections)}</html>\n"
    )


def facts_as_html(facts: Mapping[str, str]) -> str:
    """List facts by name."""
    rows = (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


def table(rows: Sequence[Mapping[str, Any]], figures: Sequence[str]) -> str:
    """Make a table of figures by ranking, with the best of each column in bold."""
    body = "".join(_table_rows(rows, figures))
    return f'<div class="wide"><table>{body}</table></div>'


def _table_rows(
    rows: Sequence[Mapping[str, Any]], figures: Sequence[str]
) -> Iterator[str]:
    best = {name: max(row[name] for row in rows) for name in figures}
    names = "".join(f"<th>{escape(name)}</th>" for name in figures)
    yield f"<tr><th>ranking</th><th>bits</th>{names}</tr>"
    for row in rows:
        cells = "".join(
            f'<td class="{css}">{row[name]:.3f}</td>'
            for name in figures
            for css in ["best" if row[name] == best[name] else ""]
        )
        bits = row["n_bits"] or "–"
        yield f"<tr><td>{escape(row['ranking'])}</td><td>{bits}</td>{cells}</tr>"


def answers_as_html(answered: Sequence[AnsweredQuery]) -> str:
    """Show queries with their first answers; if none is right, with the right one."""
    parts = []
    for group, queries in groupby(answered, key=lambda query: query.group):
        parts.append(f"<h2>{HEADINGS[group]}</h2><p>Left the query, then its first ")
        parts.append("answers as the shop ranks them; a right one has a green edge. ")
        parts.append("Where none is right, the first right one comes last.</p>")
        parts += [_answered_query(query) for query in queries]
    return "".join(parts)


def _answered_query(query: AnsweredQuery) -> str:
    figures = [_figure(query.query, f"query: {query.label}", "query")]
    figures += [
        _figure(image, label, "right" if is_right else "wrong")
        for image, label, is_right in query.answers
    ]
    if not any(is_right for *_, is_right in query.answers):
        caption = f"right, at place {query.right_rank}"
        figures.append(_figure(query.right_answer, caption, "right"))
    return f'<div class="asked">{"".join(figures)}</div>'


def _figure(image: Image.Image, caption: str, css: str) -> str:
    thumbnail = image.copy()
    size = (THUMBNAIL_SIDE * 2, THUMBNAIL_SIDE * 2)  # for screens with a ratio of two
    thumbnail.thumbnail(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    thumbnail.save(file, "JPEG", quality=JPEG_QUALITY)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    text = escape(caption)
    return (
        f'<figure class="{css}"><img alt="{text}" '
        f'src="data:image/jpeg;base64,{data}"><figcaption>{text}</figcaption></figure>'
    )
