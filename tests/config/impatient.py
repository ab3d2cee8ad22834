"""gunicorn's settings with limits that a test need not wait for."""

from config.gunicorn import *  # noqa: F403
from config.server import connections

workers = 1
connections.HEAD_SECONDS = 0.3
connections.BODY_SECONDS = 0.3
connections.BODY_BYTES_A_SECOND = 100_000_000
