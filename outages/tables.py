"""Waiting for a database that is not there yet, or has not all tables yet."""

import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

log = structlog.get_logger(__name__)

SECONDS = 1.0  # between looks
SAY_SECONDS = 30.0


def wait_for_tables(is_over: Callable[[float], bool] | None = None) -> None:
    """Wait until the database has what this version of the shop needs.

    Workers are started beside `migrate`, or before it. is_over: waits for so many
    seconds and returns whether to give up; without, it never does.
    """
    is_over = is_over or _never
    said_at = -SAY_SECONDS
    while reason := missing():
        if time.monotonic() - said_at >= SAY_SECONDS:
            said_at = time.monotonic()
            log.warning("waiting for the database", reason=reason)
        connection.close()
        if is_over(SECONDS):
            return


def missing() -> str:
    """Say what the database lacks; empty if nothing."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return str(error).strip()
    return f"manage.py migrate has {len(plan)} migrations to apply" if plan else ""


def _never(seconds: float) -> bool:
    time.sleep(seconds)
    return False
