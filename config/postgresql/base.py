"""Django's PostgreSQL, with an end to waiting.

A server that is stopped, or a host that has vanished, closes no connection: whoever
reads from it waits for ever. A process that serves pages gives up after
DATABASE_SECONDS and answers 503. It counts here and not on the server, which may be the
one that hangs, and which poolers allow no settings for; the server is asked to cancel.
"""

import time
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg.errors import ConnectionTimeout

from config.postgresql import CONNECT_SECONDS
from outages.pause import Pause

_pause = Pause(2)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; fail at once where that took too long a moment ago."""
        seconds = settings.DATABASE_SECONDS
        if seconds and _pause.is_on():
            raise psycopg.OperationalError("PostgreSQL did not answer a moment ago")
        try:
            connection = super().get_new_connection(conn_params)
        except ConnectionTimeout:
            _pause.begin()
            raise
        _pause.end()
        if seconds:
            connection.wait = Wait(connection, seconds)
        return connection

    def is_usable(self) -> bool:
        """Whether the connection lives, which is soon told."""
        wait = getattr(self.connection, "wait", None)
        if not isinstance(wait, Wait):
            return bool(super().is_usable())
        wait.seconds = CONNECT_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            wait.seconds = settings.DATABASE_SECONDS


class Wait:
    """`Connection.wait` of psycopg, which everything goes through that is sent."""

    def __init__(self, connection: "psycopg.Connection[Any]", seconds: float) -> None:
        self.seconds = seconds
        self._connection = connection
        self._wait = connection.wait

    def __call__(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """Raise OperationalError and close the connection if it takes too long."""
        until = time.monotonic() + self.seconds
        try:
            return self._wait(gen, *args, **{"timeout": self.seconds, **kwargs})
        except psycopg.OperationalError:
            if time.monotonic() >= until:
                _pause.begin()
                self._give_up()
            raise

    def _give_up(self) -> None:
        """Cancel the running statement, whose result nobody needs."""
        try:
            self._connection.cancel_safe(timeout=1)
        except psycopg.Error:
            pass
        finally:
            self._connection.close()
