"""The report of an import: a CSV with a line for each row, or each of its mistakes."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogue.importing.importer import Result
from catalogue.importing.rows import Problem

COLUMNS = ("line", "sku", "column", "outcome", "reason")


@contextmanager
def report_to(path: Path | None) -> Iterator[Callable[[Result], None]]:
    """Write what it is called with to this file; to nowhere if there is no path."""
    if path is None:
        yield lambda result: None
        return
    # With BOM: spreadsheets would else take it for Latin-1.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)

        def write(result: Result) -> None:
            for problem in result.problems or (Problem("", ""),):
                writer.writerow(
                    (
                        result.line or "",
                        result.sku,
                        problem.column,
                        result.outcome,
                        problem.reason,
                    )
                )

        yield write
