"""What keeps the laws, each with a test that fails without it.

    python -m tests.protections [WORD …]

Takes each protection of protections.toml away, one after the other, in a copy of the
checkout, and runs its test there: it must fail. With words, only those whose name has
one of them. docs/testing.md lists them, as `python -m tests.protections --docs` writes
the list; test_protections.py checks that it is up to date.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent
SOURCE = Path(__file__).with_suffix(".toml")
LIMIT = 300  # seconds: a test that hangs has failed
FAILED = 1  # as pytest ends
DOCS = BASE_DIR / "docs" / "testing.md"
HEADING = (
    "| for | protection | file | test that fails without it |\n|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Protection:
    """Lines that are replaced, and the test that fails then.

    guards: the law, or the fault, that it is there for; replaced: (line, by what), each
    found once in the file; environment: beside what tests run with anyhow.
    """

    guards: str
    name: str
    file: str
    replaced: tuple[tuple[str, str], ...]
    test: str
    environment: dict[str, str]

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Protection":
        pairs = row.get("replaced") or [[row["line"], row["by"]]]
        return cls(
            row["guards"],
            row["name"],
            row["file"],
            tuple((old, new) for old, new in pairs),
            row["test"],
            {"TEST_DATABASE": "sqlite", **row.get("environment", {})},
        )

    def taken_away(self, text: str) -> str:
        """Return the file's text without it. Raises ValueError where it is gone."""
        for old, new in self.replaced:
            if text.count(old) != 1:
                raise ValueError(f"{self.name}: {self.file} has it {text.count(old)} x")
            text = text.replace(old, new)
        return text


def protections() -> list[Protection]:
    rows = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["protection"]
    return [Protection.of(row) for row in rows]


def documented() -> str:
    """Return docs/testing.md with its list as protections.toml has it now."""
    before, rest = DOCS.read_text(encoding="utf-8").split(HEADING)
    _, gap, after = rest.partition("\n\n")
    rows = [
        f"| {each.guards} | {each.name} | `{each.file}` | `{each.test}` |"
        for each in protections()
    ]
    return before + HEADING + "\n".join(rows) + gap + after


def copy_checkout(folder: Path) -> None:
    """Return what git knows, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=BASE_DIR, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (BASE_DIR / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(BASE_DIR / name, folder / name)


def run_test(protection: Protection, folder: Path) -> tuple[int, str]:
    """How pytest ends without the protection, and what it says last."""
    path = folder / protection.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(protection.taken_away(whole), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-qx", *protection.test.split()],
            cwd=folder,
            env={**os.environ, **protection.environment},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return FAILED, f"hangs for {LIMIT} s"
    finally:
        path.write_text(whole, encoding="utf-8")
    told = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return done.returncode, (told or done.stdout.splitlines() or [""])[-1]


def main(words: list[str]) -> int:
    if words == ["--docs"]:
        DOCS.write_text(documented(), encoding="utf-8")
        return 0
    chosen = [
        each
        for each in protections()
        if not words or any(word in each.name for word in words)
    ]
    unguarded = 0
    with tempfile.TemporaryDirectory(prefix="semblance-protections-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user
        copy_checkout(folder)
        for protection in chosen:
            code, told = run_test(protection, folder)
            unguarded += code != FAILED
            verdict = "fails" if code == FAILED else f"PASSES ({code})"
            sys.stdout.write(f"{verdict:12}{protection.name}: {told}\n")
            sys.stdout.flush()
    return unguarded


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
