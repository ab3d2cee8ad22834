"""The report of an import: a CSV with a line for each row, or each remark on it."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogue.export.spreadsheets import safe_row
from catalogue.importing.importer import Result
from catalogue.importing.reading.tables import Problem

COLUMNS = ("line", "sku", "column", "outcome", "reason")


@contextmanager
def report_to(path: Path | None) -> Iterator[Callable[[Result], None]]:
    """Yield a function that writes results to this file; to nowhere without a path."""
    if path is None:
        yield lambda result: None
        return
    # The byte order mark tells spreadsheets that it is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)

        def write(result: Result) -> None:
            for remark in result.remarks or (Problem("", ""),):
                writer.writerow(
                    safe_row(
                        result.line or "",
                        result.sku,
                        remark.column,
                        result.outcome,
                        remark.reason,
                    )
                )

        yield write
