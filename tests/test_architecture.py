"""The shape that docs/architecture.md promises, and that the docs are complete."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

import hashing
from config.env import BASE_DIR, env

PACKAGES = (
    "config",
    "demo",
    "search",
    "access",
    "catalogue",
    "staff",
    "outages",
    "disk",
    "hashing",
    "pictures",
)
DOCS = BASE_DIR / "docs"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copied_packages(tmp_path: Path) -> Path:
    shutil.copy(BASE_DIR / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            BASE_DIR / package,
            tmp_path / package,
            ignore=lambda folder, names: [
                name for name in names if "." in name and not name.endswith(".py")
            ],
        )
    return tmp_path


def test_no_import_goes_against_the_layers() -> None:
    found = lint_imports(BASE_DIR)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("catalogue.views", "search.models"),
        ("search.web.samples", "demo.products"),
        ("config.urls", "demo.apps"),
        ("catalogue.media.images", "hashing.codes"),
        ("hashing.codes", "django"),
        ("pictures.decoding", "django"),
        ("pictures.decoding", "hashing.codes"),
        ("hashing.index.code_index", "catalogue.media.images"),
        ("search.gallery.holder", "faiss"),
        ("search.encoders.encoding", "onnxruntime"),
        ("search.gallery.holder", "torch"),
        ("search.changes", "config.settings"),
        ("search.gallery.holder", "pymilvus"),
        ("search.gallery.holder", "search.engines.embedded"),
        ("search.words.words_gallery", "search.engines.engine"),
        ("search.answers.similar", "search.web.forms"),
    ],
)
def test_an_import_against_the_layers_is_noticed(
    copied_packages: Path, module: str, imported: str
) -> None:
    path = copied_packages / f"{module.replace('.', '/')}.py"
    path.write_text(f"import {imported}\n{path.read_text()}")
    found = lint_imports(copied_packages)
    assert found.returncode == 1
    assert f"{module} -> {imported} (l.1)" in found.stdout


def test_incoming_pictures_are_opened_in_one_place() -> None:
    opens = re.compile(r"\bImage\.open\(")
    # hashing opens copies that it has just compressed itself.
    rooms = [BASE_DIR / room for room in PACKAGES if room not in ("hashing", "demo")]
    modules = [path for room in rooms for path in room.rglob("*.py")]
    opening = [path.name for path in modules if opens.search(path.read_text())]
    assert opening == ["pixels.py"]


def test_hashing_exports_what_is_public() -> None:
    public = {
        name
        for name, value in vars(hashing).items()
        if not name.startswith("_") and not isinstance(value, type(sys))
    }
    assert set(hashing.__all__) == public


@pytest.mark.parametrize("heavy", ["torch", "django", "celery", "onnx"])
def test_hashing_loads_nothing_heavy(heavy: str) -> None:
    asked = python("-c", f"import sys, hashing; sys.exit({heavy!r} in sys.modules)")
    assert asked.returncode == 0, asked.stderr


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


def test_docs_describe_every_setting_of_the_environment() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (DOCS / "settings.md").read_text(), re.M)
    assert sorted(rows) == sorted(env.scheme)


def test_docs_mention_every_command() -> None:
    ours = {name for name, app in get_commands().items() if app in PACKAGES}
    pages = [BASE_DIR / "README.md", *DOCS.glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    assert {name for name in ours if name not in text} == set()


def test_links_between_the_docs_lead_somewhere() -> None:
    for page in [*BASE_DIR.glob("*.md"), *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_production_settings_give_no_warning(tmp_path: Path) -> None:
    checked = python(
        *("-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        SECRET_KEY="k7" + 30 * "s3cret",
        HTTPS="1",
        ALLOWED_HOSTS="shop.example",
        DATABASE_URL="postgresql://shop:secret@db.example/shop",
        REDIS_URL="redis://redis.example:6379/0",
        DATA_DIR=str(tmp_path),
    )
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_what_docs_and_docstrings_name_is_there() -> None:
    sources = [path for name in PACKAGES for path in (BASE_DIR / name).rglob("*.py")]
    named = re.compile(rf"`((?:{'|'.join(PACKAGES)})(?:\.[a-z_]+)+)`")
    lost = set()
    for path in [*DOCS.glob("*.md"), BASE_DIR / "README.md", *sources]:
        for dotted in named.findall(path.read_text(encoding="utf-8")):
            *parents, last = (BASE_DIR / dotted.replace(".", "/")).parts
            folder = Path(*parents)
            homes = (folder.with_suffix(".py"), folder / "__init__.py")
            written = [home.read_text("utf-8") for home in homes if home.exists()]
            is_module = (folder / f"{last}.py").exists() or (folder / last).is_dir()
            if not is_module and not any(last in text for text in written):
                lost.add(f"{path.relative_to(BASE_DIR)}: {dotted}")
    assert not lost
