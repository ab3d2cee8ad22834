"""The library as `pip install .` leaves it: built, and used where nothing else is."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.hashing.pictures import HUES, picture

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(*command, cwd=None):
    process = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def tracked(*names):
    listed = run("git", "ls-files", *names, cwd=ROOT).splitlines()
    return [name for name in listed if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    packages = ("disk", "hashing", "pictures", "search")
    for name in tracked(*packages, "*.toml", "*.md", "*.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for name in ("LICENSE", "NOTICE"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index")
    run(*pip, "--no-build-isolation", "--wheel-dir", folder / "built", folder)
    (built,) = (folder / "built").iterdir()
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Make an environment with the wheel, and with what it says it needs."""
    env = tmp_path_factory.mktemp("env")
    run(sys.executable, "-m", "venv", "--without-pip", env)
    python = env / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(env)}))
    for name in needed(PROJECT["dependencies"]):
        link_distribution(name, site)
    run(*pip, "check")
    return python


def needed(requirements, seen=frozenset()):
    """Name the distributions that requirements ask for, directly or in turn."""
    names = set(seen)
    for text in requirements:
        requirement = Requirement(text)
        wanted = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in names:
            names.add(requirement.name)
            names |= needed(distribution(requirement.name).requires or (), names)
    return names


def link_distribution(name, site):
    """Link the files of an installed distribution into another environment."""
    installed = distribution(name)
    tops = {file.parts[0] for file in installed.files if file.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        (site / top).symlink_to(Path(installed.locate_file(top)))


@pytest.mark.slow
def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = {name for name in names if name.startswith("semblance-")}
    assert names - info == set(tracked("disk", "hashing", "pictures"))
    assert {Path(name).name for name in info} == {
        *("METADATA", "WHEEL", "RECORD", "top_level.txt", "LICENSE", "NOTICE")
    }


@pytest.mark.slow
def test_the_example_of_the_readme_runs_where_only_the_wheel_is(python, tmp_path):
    (tmp_path / "pictures").mkdir()
    for hue in HUES:
        picture(hue).save(tmp_path / "pictures" / f"{hue}.jpg")
    picture("blue", seed=1).save(tmp_path / "photo.jpg")
    (example,) = re.findall(r"```python\n(from pathlib.*?)```", README, re.DOTALL)
    first, *others = run(
        python, "-I", "-W", "error", "-c", example, cwd=tmp_path
    ).splitlines()
    assert first.startswith("pictures/blue.jpg ")
    assert len(others) == len(HUES) - 1


@pytest.mark.slow
def test_commands_that_need_no_torch_run_where_only_the_wheel_is(python, tmp_path):
    for number in range(2):
        picture(seed=number).save(tmp_path / f"{number}.png")
    where = "import hashing; print(hashing.SHIPPED)"
    shipped = run(python, "-I", "-c", where).strip()
    assert shipped.startswith(str(python.parents[1]))
    command = (python, "-I", "-m", "hashing")
    run(*command, "explain", "0.png", "1.png", "--out", "why.png", cwd=tmp_path)
    options = ("--encoder", shipped, "--images", ".", "--out", "codes.npz")
    told = run(*command, "encode", *options, cwd=tmp_path)
    assert "encoded into codes.npz" in told


@pytest.mark.slow
def test_the_wheel_brings_nothing_of_the_shop_with_it(python):
    probe = "import importlib.util as u; print([u.find_spec(n) for n in {!r}])"
    modules = ["config", "search", "catalogue", "django", "torch", "tests"]
    assert run(python, "-I", "-c", probe.format(modules)).strip() == str([None] * 6)


def pinned(file):
    """Read the pins of a requirements file, without what they need in turn."""
    ours, _ = (ROOT / file).read_text().split("# What these need in turn")
    pins = [Requirement(line) for line in ours.splitlines() if "==" in line]
    return {canonicalize_name(pin.name): pin for pin in pins}


@pytest.mark.parametrize("extra", ["shop", "train"])
def test_an_extra_asks_for_what_the_requirements_file_pins(extra):
    file = {"shop": "requirements.txt", "train": "requirements-train.txt"}[extra]
    texts = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]
    asked = {canonicalize_name(r.name): r for r in map(Requirement, texts)}
    pins = pinned("requirements.txt") | pinned(file)
    for name, requirement in asked.items():
        (pin,) = pins[name].specifier
        assert requirement.specifier.contains(pin.version), name
    assert asked.keys() >= pinned(file).keys()
