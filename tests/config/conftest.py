"""An empty shop under gunicorn, for tests of what arrives there."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.servers import WebServer, shop_environment

# Prints the key of a session.
SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.create_superuser("staff"))
print(client.cookies["sessionid"].value)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an empty shop with a colleague in it: its environment, and her session."""
    folder = tmp_path_factory.mktemp("shop")
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = shop_environment(
        f"sqlite:///{folder}/db.sqlite3", folder, TMPDIR=str(temporary)
    )
    manage = partial(subprocess.run, env=environment, check=True, capture_output=True)
    for command in (["migrate"], ["collectstatic", "--noinput"]):
        manage([sys.executable, "manage.py", *command])
    made = manage([sys.executable, "manage.py", "shell", "-c", SIGN_IN], text=True)
    return {**environment, "SESSION": made.stdout.split()[-1]}


@pytest.fixture(scope="module")
def gunicorn(shop: dict[str, str], tmp_path_factory: Any) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("gunicorn"), shop) as server:
        yield server
