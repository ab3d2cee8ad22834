"""A backup, as docs/operating.md has it, makes the whole shop again somewhere else."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from catalogue.models import Product
from search.encoders import encoding
from tests.builders import make_image
from tests.search.shops import open_shop
from tests.servers import PostgresServer, postgres_binaries

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
]

ASK = """
import django, io, json, sys
django.setup()
from catalogue.media.images import open_photo
from search.answers.similar import similar_to_photo
found = [
    similar_to_photo(open_photo(io.BytesIO(open(path, "rb").read()))).results[0]
    for path in sys.argv[1:]
]
print(json.dumps([result.product.name for result in found]))
"""


def dump_and_restore(folder: Path, environment: dict[str, str], request: object) -> str:
    """Return the database somewhere else; its URL."""
    if connection.vendor == "sqlite":
        copy = folder / "db.sqlite3"
        source = sqlite3.connect(connection.settings_dict["NAME"], uri=True)
        with sqlite3.connect(copy) as target:
            source.backup(target)
        target.close()
        source.close()
        return f"sqlite:///{copy}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    binaries = postgres_binaries(settings.PROCESS_DIR)
    dump = folder / "shop.dump"
    for command in (
        ["pg_dump", "--format=custom", f"--file={dump}", environment["DATABASE_URL"]],
        ["pg_restore", "--no-owner", f"--dbname={server.url}", str(dump)],
    ):
        subprocess.run([str(binaries / command[0]), *command[1:]], check=True)
    return server.url


def test_database_and_pictures_are_all_that_a_shop_needs(
    environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    open_shop(6)
    assert not encoding.waiting_images().exists()
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    url = dump_and_restore(elsewhere, environment, request)
    shutil.copytree(settings.MEDIA_ROOT, elsewhere / "media")
    # The first shop is gone: nothing of it can be what answers.
    shutil.rmtree(settings.MEDIA_ROOT)
    shutil.rmtree(settings.SNAPSHOTS_DIR)
    Product.objects.all().delete()
    place = {**environment, "DATABASE_URL": url, "DATA_DIR": str(elsewhere)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env={**place, "DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    said = run("manage.py", "set_up")
    assert "pictures encoded" not in said
    verified = json.loads(run("manage.py", "verify_gallery", "--json"))
    assert (verified["images"], verified["differences"]) == (6, [])
    photos = []
    for seed in range(6):
        photos.append(tmp_path / f"{seed}.jpg")
        photos[-1].write_bytes(make_image(seed))
    names = json.loads(run("-c", ASK, *map(os.fspath, photos)))
    assert names == [f"Thing {seed}" for seed in range(6)]
