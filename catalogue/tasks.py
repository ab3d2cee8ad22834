"""Celery tasks of the catalogue: imports, and removal of orphaned files."""

from celery import shared_task

from catalogue.importing import jobs
from catalogue.media import orphans


@shared_task
def run_import(import_id: int) -> None:
    jobs.run(import_id)


@shared_task
def run_waiting_imports() -> None:
    """Run imports whose message or worker was lost."""
    jobs.run_waiting()


@shared_task
def sweep_files() -> None:
    orphans.sweep(orphans.whose_turn())
