"""Celery's door to the catalogue: imports that staff sent, files that nobody has."""

from celery import shared_task

from catalogue import orphans
from catalogue.importing import jobs


@shared_task
def run_import(import_id: int) -> None:
    jobs.run(import_id)


@shared_task
def run_waiting_imports() -> None:
    """What lost its message, or its worker."""
    jobs.run_waiting()


@shared_task
def sweep_files() -> None:
    orphans.sweep(orphans.whose_turn())
