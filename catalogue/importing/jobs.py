"""Running the catalogue files that staff sent: in a worker, never in a web request.

Whoever runs one writes a heartbeat. If it is killed, the heartbeat ages, and the
next one begins again: rows that were already imported are found unchanged.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalogue.importing.files import ImportFileError, Table
from catalogue.importing.importer import Options, Result, Summary, import_catalogue
from catalogue.importing.pictures import open_pictures
from catalogue.importing.report import report_to
from catalogue.models import CatalogueImport

log = structlog.get_logger()

HEARTBEAT = 1.0
# A file that kills the worker must not do so for ever.
ATTEMPTS = 5
# On the page; the report has them all.
PROBLEMS_SHOWN = 200


class Superseded(Exception):
    """Somebody else took this import over, or it was deleted."""


def run_waiting() -> None:
    """Run what waits or was left by a killed worker, in the order it was sent."""
    for pk in list(CatalogueImport.objects.runnable().values_list("pk", flat=True)):
        run(pk)


def run(pk: int) -> None:
    """Run this import, if it is its turn and nobody else runs it."""
    job = _claim(pk)
    if job is None:
        return
    if job.attempt > ATTEMPTS:
        _finish(job, CatalogueImport.State.FAILED, message=_("It stopped every time."))
        return
    try:
        summary = _import(job)
    except Superseded:
        log.warning("import was taken over", id=pk, attempt=job.attempt)
    except ImportFileError as error:
        _finish(job, CatalogueImport.State.FAILED, message=str(error))
    except BaseException:
        # Also when the worker is asked to stop: another one may begin at once.
        _of(job).update(state=CatalogueImport.State.WAITING)
        raise
    else:
        _finish(job, CatalogueImport.State.DONE, message=summary.refused)


def _claim(pk: int) -> CatalogueImport | None:
    """Take it, in one statement, so that only one of several can."""
    claimed = CatalogueImport.objects.runnable().filter(pk=pk)
    if not claimed.order_by().update(
        state=CatalogueImport.State.RUNNING,
        heartbeat=timezone.now(),
        attempt=F("attempt") + 1,
    ):
        return None
    return CatalogueImport.objects.filter(pk=pk).first()


def _of(job: CatalogueImport) -> Any:
    """Its row, as long as it is ours."""
    return CatalogueImport.objects.filter(
        pk=job.pk, attempt=job.attempt, state=CatalogueImport.State.RUNNING
    )


def _import(job: CatalogueImport) -> Summary:
    table = Table(Path(job.table.path))
    progress = _Progress(job, len(table))
    with ExitStack() as stack:
        pictures = open_pictures(Path(job.pictures.path) if job.pictures else None)
        stack.callback(pictures.close)
        report = stack.enter_context(report_to(_report_path(job)))

        def note(result: Result) -> None:
            report(result)
            progress.note(result)

        summary = import_catalogue(
            table,
            pictures,
            Options(dry_run=job.dry_run, deactivate_missing=job.deactivate_missing),
            note,
        )
    progress.write()
    return summary


class _Progress:
    """How far an import is; written to its row, which is also its heartbeat."""

    def __init__(self, job: CatalogueImport, total: int) -> None:
        self._job = job
        self._total = total
        self._done = 0
        self._counts: dict[str, int] = {}
        self._problems: list[list[str | int]] = []
        self.write()

    def note(self, result: Result) -> None:
        self._done += result.line > 1
        self._counts[result.outcome] = self._counts.get(result.outcome, 0) + 1
        for problem in result.problems:
            if len(self._problems) < PROBLEMS_SHOWN:
                row: list[str | int] = [result.line, result.sku]
                self._problems.append([*row, problem.column, problem.reason])
        if time.monotonic() > self._written + HEARTBEAT:
            self.write()

    def write(self) -> None:
        self._written = time.monotonic()
        if not _of(self._job).update(
            done=self._done,
            total=self._total,
            counts=self._counts,
            problems=self._problems,
            heartbeat=timezone.now(),
        ):
            raise Superseded


def _report_path(job: CatalogueImport) -> Path:
    return Path(job.report.storage.path(_report_name(job)))


def _report_name(job: CatalogueImport) -> str:
    return f"report-{job.pk}-{job.attempt}.csv"


def _finish(job: CatalogueImport, state: str, *, message: str) -> None:
    has_report = _report_path(job).exists()
    if _of(job).update(
        state=state,
        message=message,
        report=_report_name(job) if has_report else "",
        finished=timezone.now(),
        table="",
        pictures="",
    ):
        job.remove_uploads()
