"""gunicorn's settings with few connections, and all the time in the world for each."""

from config.gunicorn import *  # noqa: F403
from config.server import connections

workers = 1
worker_connections = 40
connections.HEAD_SECONDS = 3600.0
