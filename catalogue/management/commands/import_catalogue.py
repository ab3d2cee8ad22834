import json
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue.importing.errors import ImportFileError
from catalogue.importing.importer import (
    Options,
    Outcome,
    Result,
    Summary,
    import_catalogue,
)
from catalogue.importing.pictures import open_pictures
from catalogue.importing.reading.tables import Table
from catalogue.importing.report import report_to


class Command(BaseCommand):
    help = (
        "Import products from a CSV, XLSX or ODS. A missing column or an empty cell"
        " keeps what is stored; “-” empties. Rows with a mistake are reported and left"
        " out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--images",
            type=Path,
            metavar="DIR|ZIP",
            help="where the pictures are; without it, the folder of the file",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, write nothing"
        )
        parser.add_argument(
            "--deactivate-missing",
            action="store_true",
            help="hide products that are not in the file, if at most 20 %% are missing",
        )
        parser.add_argument(
            "--report", type=Path, help="a CSV of what became of each row"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = self._import(options)
        except ImportFileError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        if options["json"]:
            self.stdout.write(json.dumps(summary.as_dict()))
        else:
            self._print(summary, is_dry_run=options["dry_run"])
        if summary.refused:
            raise CommandError(summary.refused)

    def _import(self, options: dict[str, Any]) -> Summary:
        table = Table(options["file"])
        quiet = options["json"] or not self.stderr.isatty()
        with ExitStack() as stack:
            pictures = open_pictures(options["images"] or options["file"].parent)
            stack.callback(pictures.close)
            report = stack.enter_context(report_to(options["report"]))
            bar = stack.enter_context(tqdm(total=len(table), disable=quiet, unit="row"))

            def note(result: Result) -> None:
                report(result)
                bar.update(result.outcome.is_of_row)
                if not options["json"]:
                    self._tell(result)

            return import_catalogue(
                table,
                pictures,
                Options(
                    dry_run=options["dry_run"],
                    deactivate_missing=options["deactivate_missing"],
                ),
                note,
            )

    def _tell(self, result: Result) -> None:
        for remark in result.remarks:
            where = [f"line {result.line}", result.sku, remark.column]
            text = f"{', '.join(filter(None, where))}: {remark.reason}"
            with tqdm.external_write_mode(file=self.stderr):
                self.stderr.write(text)

    def _print(self, summary: Summary, *, is_dry_run: bool) -> None:
        counts = [
            f"{summary.counts[outcome]} {outcome}"
            for outcome in Outcome
            if summary.counts[outcome] and outcome != Outcome.WARNING
        ]
        would = "Nothing was written; it would be: " if is_dry_run else ""
        self.stdout.write(f"{would}{summary.rows} rows: {', '.join(counts) or '0'}.")
