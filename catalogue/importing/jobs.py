"""Imports that staff sent, run by a worker and never in a web request.

A worker writes a heartbeat to the import that it runs. If it is killed, the heartbeat
ages, and another worker begins again: rows imported before are found unchanged. Staff
stop an import by its row, which the worker reads whenever it writes its heartbeat.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalogue.importing.errors import ImportFileError
from catalogue.importing.importer import (
    Options,
    Result,
    Summary,
    import_catalogue,
)
from catalogue.importing.pictures import Pictures, open_pictures
from catalogue.importing.reading.tables import Table
from catalogue.importing.report import report_to
from catalogue.models import CatalogueImport
from outages.disk import is_full

log = structlog.get_logger()

HEARTBEAT_SECONDS = 1.0
MAX_ATTEMPTS = 5  # of a file that kills its worker
PROBLEMS_SHOWN = 200  # on the page; the report has all of them


class Superseded(Exception):
    """The import was stopped or deleted, or another worker took it over."""


def run_waiting() -> None:
    """Run imports that wait or were left by a killed worker, oldest first."""
    for pk in list(CatalogueImport.objects.runnable().values_list("pk", flat=True)):
        run(pk)


def run(pk: int) -> None:
    """Run this import, if it is its turn and no other worker runs it."""
    job = _claim(pk)
    if job is None:
        return
    if job.attempt > MAX_ATTEMPTS:
        _finish(job, CatalogueImport.State.FAILED, message=_("It stopped every time."))
        return
    try:
        with _full_disk_reported():
            summary = _import(job)
    except Superseded:
        log.warning("import stopped or taken over", id=pk, attempt=job.attempt)
        _remove_unwanted_report(job)
    except ImportFileError as error:
        _finish(job, CatalogueImport.State.FAILED, message=str(error))
    except BaseException:
        # Also when the worker is asked to exit: another one may begin at once.
        _of(job).update(state=CatalogueImport.State.WAITING)
        raise
    else:
        _finish(job, CatalogueImport.State.DONE, message=summary.refused)


@contextmanager
def _full_disk_reported() -> Iterator[None]:
    """Translate a disk without room to an ImportFileError: trying again is no use."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        message = _("The disk is full. Make room, then send the file again.")
        raise ImportFileError(message) from error


def stop(pk: int) -> bool:
    """Stop an import that waits or runs, for good; return whether it did.

    What was imported before stays. A worker that runs it notices within seconds.
    """
    under_way = (CatalogueImport.State.WAITING, CatalogueImport.State.RUNNING)
    job = CatalogueImport.objects.filter(pk=pk, state__in=under_way).first()
    if job is None:
        return False
    stopped = CatalogueImport.objects.filter(pk=pk, state__in=under_way).update(
        state=CatalogueImport.State.FAILED,
        message=_("It was stopped. What was imported before stays."),
        report=_report_name(job) if _report_path(job).exists() else "",
        finished=timezone.now(),
        table="",
        pictures="",
    )
    if stopped:
        job.remove_uploads()
    return bool(stopped)


def _claim(pk: int) -> CatalogueImport | None:
    """Claim it with one statement, so that only one of several workers can."""
    claimed = CatalogueImport.objects.runnable().filter(pk=pk)
    if not claimed.order_by().update(
        state=CatalogueImport.State.RUNNING,
        heartbeat=timezone.now(),
        attempt=F("attempt") + 1,
    ):
        return None
    return CatalogueImport.objects.filter(pk=pk).first()


def _of(job: CatalogueImport) -> Any:
    """Return a query for its row, empty once it is no longer ours."""
    return CatalogueImport.objects.filter(
        pk=job.pk, attempt=job.attempt, state=CatalogueImport.State.RUNNING
    )


def _import(job: CatalogueImport) -> Summary:
    progress = _Progress(job)
    table = Table(Path(job.table.path), on_row=progress.beat)
    progress.total = len(table)
    with ExitStack() as stack:
        opened = open_pictures(Path(job.pictures.path) if job.pictures else None)
        stack.callback(opened.close)
        pictures = _BeatingPictures(opened, progress)
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
    """The progress of an import, written to its row as its heartbeat."""

    def __init__(self, job: CatalogueImport) -> None:
        self.total = 0
        self._job = job
        self._done = 0
        self._counts: dict[str, int] = {}
        self._problems: list[list[str | int]] = []
        self.write()

    def note(self, result: Result) -> None:
        self._done += result.outcome.is_of_row
        self._counts[result.outcome] = self._counts.get(result.outcome, 0) + 1
        for remark in result.remarks:
            if len(self._problems) < PROBLEMS_SHOWN:
                row: list[str | int] = [result.line, result.sku]
                self._problems.append([*row, remark.column, remark.reason])
        self.beat()

    def beat(self) -> None:
        """Write, unless that was done a moment ago. Raises Superseded."""
        if time.monotonic() > self._written + HEARTBEAT_SECONDS:
            self.write()

    def write(self) -> None:
        self._written = time.monotonic()
        if not _of(self._job).update(
            done=self._done,
            total=self.total,
            counts=self._counts,
            problems=self._problems,
            heartbeat=timezone.now(),
        ):
            raise Superseded


class _BeatingPictures:
    """Pictures whose reading is a sign of life: a row may have thirty large ones."""

    def __init__(self, pictures: Pictures, progress: _Progress) -> None:
        self._pictures = pictures
        self._progress = progress
        self.close = pictures.close

    def read(self, name: str) -> bytes:
        self._progress.beat()
        return self._pictures.read(name)


def _report_path(job: CatalogueImport) -> Path:
    return Path(job.report.storage.path(_report_name(job)))


def _report_name(job: CatalogueImport) -> str:
    return f"report-{job.pk}-{job.attempt}.csv"


def _remove_unwanted_report(job: CatalogueImport) -> None:
    """Remove what this attempt reported, unless the import names it."""
    name = _report_name(job)
    if not CatalogueImport.objects.filter(pk=job.pk, report=name).exists():
        _report_path(job).unlink(missing_ok=True)


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
