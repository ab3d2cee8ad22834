"""What programs are told of the API: its schema, its docs and their examples."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from access.models import AppKey
from catalogue.media.images import UnreadableImage
from config.problems import KNOWN_ERRORS
from config.settings import BASE_DIR
from config.urls import api
from search.web.forms import FilterForm, PhotoSearchForm, QueryForm, WordsForm
from search.web.parameters import (
    PageParameters,
    PhotoFields,
    QueryParameters,
    WordsParameters,
)
from tests.builders import make_image
from tests.documented import blocks, node, write
from tests.search.asking import API, open_varied_shop, post_photo
from tests.servers import WebServer

DOCS = BASE_DIR / "docs" / "api.md"


def test_the_schema_is_valid_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    assert "application/problem+json" in file.read_text()


def test_the_schema_names_the_fields_that_are_taken() -> None:
    assert set(PageParameters().fields) == set(FilterForm.base_fields)
    assert set(PhotoFields().fields) == set(PhotoSearchForm.base_fields)
    assert set(QueryParameters().fields) == set(QueryForm.base_fields)
    assert set(WordsParameters().fields) == set(WordsForm.base_fields) - {"match_on"}


def test_the_docs_load_nothing_from_elsewhere() -> None:
    page = APIClient().get(f"{API}docs/")
    assert page.status_code == 200
    for mark in ("src=", "href="):
        for part in page.content.decode().split(mark)[1:]:
            assert part.strip("\"'").startswith("/"), part[:80]


def examples() -> list[str]:
    """Return the commands in the docs, each on one line."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").strip().splitlines()


def test_the_docs_name_every_code_and_path() -> None:
    text = DOCS.read_text()
    told = set(re.findall(r"`([a-z_]+)`", text))
    assert set(UnreadableImage.MESSAGES) - {"file_too_large"} <= told
    assert {code for _, code, _ in KNOWN_ERRORS.values()} <= told
    for found in api:
        path = str(found.pattern).replace("<int:pk>", "{id}")
        assert re.sub(r"<str:(\w+)>", r"{\1}", path) in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "file", "runs"),
    [("python", "search.py", lambda: sys.executable), ("js", "search.mjs", node)],
)
def test_the_programs_of_the_docs_search(
    transactional_db: None,
    live_server: Any,
    tmp_path: Path,
    language: str,
    file: str,
    runs: Callable[[], str],
) -> None:
    open_varied_shop()
    (tmp_path / "photo.jpg").write_bytes(make_image(4))
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    (block,) = blocks("api.md", language)
    program = write(block, tmp_path / file, server=live_server.url)

    def run(photo: str) -> subprocess.CompletedProcess[str]:
        command = [runs(), str(program), photo]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    found = run("photo.jpg")
    assert found.returncode == 0, found.stderr
    first, second, *others = found.stdout.splitlines()
    assert first == "best match: exact"
    assert second.split()[0] == "p4" and len(others) >= 4
    refused = run("text.jpg")
    assert refused.returncode == 1
    assert "not_an_image" in refused.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_example_of_the_docs_works(
    transactional_db: None, web_server: Callable[[], WebServer], tmp_path: Path
) -> None:
    products = open_varied_shop()
    (tmp_path / "photo.jpg").write_bytes(make_image(0))
    _, answer = post_photo(APIClient())
    _, secret = AppKey.objects.make("App")
    server = web_server()
    commands = examples()
    assert len(commands) >= 7
    for command in commands:
        here = command.replace("http://127.0.0.1:8000", server.url)
        here = here.replace("products/7/", f"products/{products[7].pk}/")
        here = here.replace('product\\": 7', f'product\\": {products[7].pk}')
        here = here.replace("$QUERY", answer["query"]).replace("$KEY", secret)
        ran = subprocess.run(
            [*shlex.split(here), "--silent", "--show-error", "--fail-with-body"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
