"""Write docs/results.md from every benchmarks/results/*.json.

    python -m benchmarks.results

Each file becomes a section, named by the first line of the benchmark that wrote it,
with its command, commit and machine, the figures as tables, and what others reached
(`benchmarks.anchors`). A result whose figures make no table gives `table`, a list of
flat rows, and that alone is shown of it. A test compares the page with the files.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.anchors import ANCHORS, Anchor

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
PAGE = FOLDER.parent / "docs" / "results.md"
WIDEST = 12  # columns of a table
HEADER = ("commit", "machine", "seed", "seeds", "encoder", "table")

BEGIN = """# Results

What was measured, by which command, on which machine. This page is written by
`python -m benchmarks.results` from the files in `benchmarks/results/`; change those by
running their benchmark. Figures of the shipped encoder on every set are on its card,
`hashing/shipped/card.json`. What others reached is beside ours with its protocol and
its backbone; figures of two protocols cannot be compared. Curves and histograms are in
the files alone.
"""

Row = Mapping[str, Any]


def page() -> str:
    """Return the whole page."""
    sections = [section(path) for path in sorted(RESULTS.glob("*.json"))]
    return BEGIN + "".join(sections)


def section(path: Path) -> str:
    """One result as Markdown."""
    name, result = path.stem, json.loads(path.read_text(encoding="utf-8"))
    blocks = [f"\n## {title(name)}\n", f"`{command(name)}` · {origin(result)}\n"]
    blocks += _tables(result)
    if name in ANCHORS:
        blocks.append(f"Others:\n\n{as_table([_anchor_row(a) for a in ANCHORS[name]])}")
    return "\n".join(blocks)


def module(name: str) -> str:
    """Return the benchmark that writes a result, by what it names or its name."""
    for path in sorted(FOLDER.glob("bench_*.py")):
        if f'save_result("{name}"' in path.read_text(encoding="utf-8"):
            return path.stem
    return f"bench_{name}"


def command(name: str) -> str:
    return f"python -m benchmarks.{module(name)}"


def title(name: str) -> str:
    """Return the first line of the benchmark's docstring, or the name of the result."""
    path = FOLDER / f"{module(name)}.py"
    if not path.exists():
        return name.replace("_", " ").capitalize()
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or name
    return told.splitlines()[0].rstrip(".:")


def origin(result: Row) -> str:
    """Commit, seed and machine in a line."""
    machine = result.get("machine", {})
    words = [f"commit {result.get('commit', 'unknown')}"]
    for key in ("seed", "seeds"):
        if result.get(key) is not None:
            words.append(f"{key} {_text(result[key])}")
    processor = machine.get("processor") or machine.get("cpu")
    if processor:
        words.append(f"{processor}, {machine.get('cores')} cores")
    if isinstance(result.get("encoder"), str):
        words.append(f"encoder {result['encoder']}")
    return " · ".join(words)


def _tables(result: Row) -> Iterator[str]:
    if "table" in result:
        yield as_table(result["table"])
        return
    facts: dict[str, Any] = {}
    for key, value in result.items():
        if key in HEADER:
            continue
        tables = list(_titled_tables(key, value))
        yield from tables
        if not tables:
            facts |= flat(value, key)
    if facts:
        yield as_table(
            [{"figure": key, "value": value} for key, value in facts.items()]
        )


def _titled_tables(title: str, value: Any) -> Iterator[str]:
    """Iterate over the tables in a value; none where it is no table."""
    rows = _rows(value)
    if rows and len(_columns(rows)) <= WIDEST:
        yield f"**{title}**\n\n{as_table(rows)}" if title != "rows" else as_table(rows)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _titled_tables(
                key if title == "rows" else f"{title}: {key}", inner
            )


def _rows(value: Any) -> list[Row]:
    """Flat rows of a list or a table of tables; none of anything else."""
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return [flat(row) for row in value]
    if (
        isinstance(value, dict)
        and value
        and all(isinstance(v, dict) for v in value.values())
    ):
        return [{"": key, **flat(row)} for key, row in value.items()]
    return []


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Every number of nested tables, by its path; a deviation goes to its figure.

    Curves and histograms within are left to the file.
    """
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if key == "±" and found:
                first = next(iter(found))
                found[first] = f"{_text(found[first])} ± {_text(inner)}"
            else:
                found |= flat(inner, f"{name} {key}".strip())
        return found
    if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        return {}
    return {name: value}


def as_table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table."""
    columns = _columns(rows)
    lines = [columns, ["---"] * len(columns)]
    lines += [[_text(row.get(column)) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _anchor_row(anchor: Anchor) -> Row:
    return anchor._asdict()


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value).replace("|", "\\|").replace("\n", " ")


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
