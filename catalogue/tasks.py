"""Celery's door to the catalogue: imports that staff sent."""

from celery import shared_task

from catalogue.importing import jobs


@shared_task
def run_import(import_id: int) -> None:
    jobs.run(import_id)


@shared_task
def run_waiting_imports() -> None:
    """What lost its message, or its worker."""
    jobs.run_waiting()
