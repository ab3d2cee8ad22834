"""Load the shop as gunicorn's workers would, check it, and end.

    python -m config.server.loading OPTIONS…        # those of gunicorn

Run by the master before it reloads (config/server/master.py).
"""

import os
import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from gunicorn.app.wsgiapp import WSGIApplication


def main() -> None:
    app = WSGIApplication(prog="gunicorn")
    os.environ.update(app.cfg.env)
    app.load()
    try:
        call_command("check")
    except SystemCheckError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
