"""A TypeScript client generated from the schema, as docs/api.md describes it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.builders import make_image
from tests.documented import blocks, node, npm, write
from tests.search.asking import open_varied_shop

PROJECT = Path(__file__).parent / "typescript"
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT")

pytestmark = pytest.mark.slow


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(node()).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the pinned packages; skip where npm's registry is unreachable."""
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
    done = run(*npm(), "ci", *flags, folder=folder)
    is_unreachable = any(reason in done.stderr for reason in UNREACHABLE)
    if done.returncode and is_unreachable and not os.environ.get("CI"):
        pytest.skip("npm's registry is unreachable")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def client(installed: Path, tmp_path: Path) -> Path:
    """Return the same folder with types generated from the schema of now."""
    call_command("spectacular", format="openapi-json", file=str(tmp_path / "schema"))
    generator = "node_modules/openapi-typescript/bin/cli.js"
    done = run(
        *(node(), generator, str(tmp_path / "schema"), "--output", "semblance.d.ts"),
        folder=installed,
    )
    assert done.returncode == 0, done.stderr
    return installed


@pytest.fixture
def type_errors(client: Path) -> Callable[[str], str]:
    def check(program: str) -> str:
        (client / "use.ts").write_text(program, encoding="utf-8")
        done = run(node(), "node_modules/typescript/bin/tsc", folder=client)
        return done.stdout

    return check


@pytest.fixture(scope="module")
def program() -> str:
    (block,) = blocks("api.md", "ts")
    return block


@pytest.mark.django_db(transaction=True)
def test_the_documented_client_searches(
    client: Path, program: str, live_server: Any, tmp_path: Path
) -> None:
    open_varied_shop()
    (tmp_path / "photo.jpg").write_bytes(make_image(4))
    file = write(program, client / "use.ts", server=live_server.url)
    done = run(node(), file.name, str(tmp_path / "photo.jpg"), folder=client)
    assert done.returncode == 0, done.stderr
    *results, refused = done.stdout.splitlines()
    assert results[0].split()[0] == "p4"
    assert sum(line.startswith("page 2:") for line in results) == 3
    assert refused == "refused: not_found"


def test_the_documented_client_has_right_types(
    type_errors: Callable[[str], str], program: str
) -> None:
    assert type_errors(program) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("limit: 3 }", 'limit: "three" }'),
        ("product.sku", "product.number"),
        ('"/api/v1/search/"', '"/api/v1/find/"'),
        ("path: { id: 99999999 }", "path: {}"),
    ],
)
def test_a_wrong_use_of_the_api_is_a_type_error(
    type_errors: Callable[[str], str], program: str, right: str, wrong: str
) -> None:
    assert right in program
    assert "error TS" in type_errors(program.replace(right, wrong))
