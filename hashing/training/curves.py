"""How a training went, as a table (CSV) and as a page of plots (HTML)."""

import csv
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from disk.whole import whole_file, write_whole
from hashing.evaluation.plots import Line, PlotAxes, line_plot
from hashing.evaluation.report_html import page

COLUMNS = ("step", "loss", "held_out")
TITLES = {"loss": "Loss", "held_out": "Precision on held-out products"}

History = Sequence[dict[str, Any]]  # rows with COLUMNS; the first has no loss


def write_curves(history: History, folder: Path) -> None:
    """Write `curves.csv` and `curves.html`."""
    with whole_file(folder / "curves.csv", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        rows.writerows(history)
    html = page("How the training went", _sections(history))
    write_whole(folder / "curves.html", html)


def _sections(history: History) -> Iterator[str]:
    for column, title in TITLES.items():
        line = [
            (row["step"], row[column]) for row in history if row[column] is not None
        ]
        if line:
            yield f"<h2>{escape(title)}</h2><p>{_range(line)}</p>"
            yield line_plot({title.lower(): line}, _axes(line, history[-1]["step"]))


def _range(line: Line) -> str:
    values = [value for _, value in line]
    return f"{min(values):.4f} to {max(values):.4f}, last {values[-1]:.4f}"


def _axes(line: Line, last_step: int) -> PlotAxes:
    """Make axes from the lowest to the highest value, up to the last step."""
    values = [value for _, value in line]
    return PlotAxes(
        *("step", "value", 0, last_step),
        ticks=(0, last_step),
        bottom=min(values),
        top=max(values),
    )
