"""How the code is laid out: rooms, arrows, chains, sizes, names, and ways through it.

    python -m benchmarks.bench_house [CHECKOUT …]

Each checkout is a folder with the project in it, this one if none is given: for two of
them, before and after stand side by side. Tests, migrations and benchmarks are left
out. A chain is the longest row of modules of which each imports the next; modules that
import each other count as one. A function's size is its lines, docstring included. The
requests are made to a demo shop of each checkout (benchmarks.house_trace).
"""

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx

from benchmarks.results import as_table
from benchmarks.shop import BASE_DIR, save_result

PACKAGES = ("config", "demo", "search", "access", "catalogue", "hashing", "pictures")
# Names that Django and its friends look for, one in each part of a package.
DOORS = {"__init__", "admin", "api", "apps", "forms", "models", "serializers", "urls"}
DOORS |= {"views", "tasks", "signals", "__main__"}
FILTER = "brand"  # one whose modules are counted


class House:
    """The modules of one checkout, parsed."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.trees = dict(self._parsed())

    def _parsed(self) -> Iterator[tuple[str, ast.Module]]:
        for package in PACKAGES:
            for path in sorted((self.checkout / package).rglob("*.py")):
                parts = path.relative_to(self.checkout).with_suffix("").parts
                if "migrations" not in parts:
                    yield ".".join(parts), ast.parse(path.read_text(encoding="utf-8"))

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """Which modules each imports, wherever the import stands."""
        return {
            name: {found for found in _imported(tree, self.trees) if found != name}
            for name, tree in self.trees.items()
        }

    @property
    def fullest_folder(self) -> tuple[str, int]:
        """The folder with the most modules in it, and how many."""
        folders = Counter(
            name.rpartition(".")[0]
            for name in self.trees
            if not name.endswith("__init__")
        )
        return folders.most_common(1)[0]

    @cached_property
    def circles(self) -> networkx.DiGraph:
        """The imports between groups of modules that import each other around."""
        return networkx.condensation(networkx.DiGraph(self.imports))

    @property
    def imports_in_circles(self) -> int:
        """Imports inside search that lead back to where they started."""
        group = self.circles.graph["mapping"]
        return sum(
            group[name] == group[other] and name.startswith("search.")
            for name, others in self.imports.items()
            for other in others
        )

    @property
    def longest_chain(self) -> list[str]:
        """One of the longest rows of modules of which each imports the next."""
        members = self.circles.nodes(data="members")
        longest = networkx.dag_longest_path(self.circles)
        return [min(members[number]) for number in longest]

    @property
    def lines(self) -> dict[str, int]:
        """Lines by module."""
        return {
            name: (self.checkout / f"{name.replace('.', '/')}.py")
            .read_text(encoding="utf-8")
            .count("\n")
            for name in self.trees
        }

    @property
    def functions(self) -> dict[str, int]:
        """Lines by function."""
        return {
            f"{module}.{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
            for module, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    @property
    def double_names(self) -> list[str]:
        """Names that two classes or two modules of one package have."""
        names: Counter[tuple[str, str]] = Counter()
        for module, tree in self.trees.items():
            package, name = module.split(".")[0], module.split(".")[-1]
            if name not in DOORS and "management" not in module:
                names[package, f"module {name}"] += 1
                for node in tree.body:
                    if isinstance(node, ast.ClassDef):
                        names[package, f"class {node.name}"] += 1
        doubled = (f"{each[0]}: {each[1]}" for each, n in names.items() if n > 1)
        return sorted(doubled)

    @property
    def modules_that_name_the_filter(self) -> list[str]:
        """Modules of search, without its dictionaries, in which FILTER is a name."""
        return sorted(
            module
            for module, tree in self.trees.items()
            if module.startswith("search.") and _names(tree, FILTER)
        )


def _imported(tree: ast.Module, modules: Mapping[str, Any]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                for name in (f"{node.module}.{each.name}", node.module):
                    if name in modules or f"{name}.__init__" in modules:
                        yield name if name in modules else f"{name}.__init__"
                        break


def _names(tree: ast.Module, word: str) -> bool:
    """Whether the word, or its plural, is an identifier or a whole string in it."""
    words = {word, f"{word}s"}
    for node in ast.walk(tree):
        names = (
            getattr(node, "id", None),
            getattr(node, "attr", None),
            getattr(node, "arg", None),
            getattr(node, "value", None) if isinstance(node, ast.Constant) else None,
        )
        if any(isinstance(name, str) and name in words for name in names):
            return True
    return False


def traced(checkout: Path) -> dict[str, Any]:
    """Make a demo shop of the checkout, and trace requests to it."""
    script = BASE_DIR / "benchmarks" / "house_trace.py"
    with tempfile.TemporaryDirectory(prefix="semblance-house-") as folder:
        environment = {
            **os.environ,
            "DATA_DIR": f"{folder}/data",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "1",
            "OMP_NUM_THREADS": "1",
        }

        def run(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command],
                cwd=checkout,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            return done.stdout

        run("manage.py", "set_up", "--demo")
        answer: dict[str, Any] = json.loads(run(str(script)).splitlines()[-1])
        return answer


def measured(checkout: Path) -> dict[str, Any]:
    """Return all figures of one checkout."""
    house = House(checkout)
    folder, flat = house.fullest_folder
    chain = house.longest_chain
    functions, lines = house.functions, house.lines
    packages: Counter[str] = Counter()
    for name, count in lines.items():
        packages[name.split(".")[0]] += count
    largest_function = max(functions, key=functions.__getitem__)
    largest_file = max(lines, key=lines.__getitem__)
    figures: dict[str, Any] = {
        "modules": len(lines),
        "most modules flat in a folder": f"{flat} in {folder}",
        "imports inside search that run in circles": house.imports_in_circles,
        "longest import chain": len(chain),
        "median function, lines": statistics.median(functions.values()),
        "largest function, lines": f"{functions[largest_function]}: {largest_function}",
        "median file, lines": statistics.median(lines.values()),
        "largest file, lines": f"{lines[largest_file]}: {largest_file}",
        "double names in a package": len(house.double_names),
        f"modules of search that name {FILTER}": len(
            house.modules_that_name_the_filter
        ),
        **{f"lines of {name}": count for name, count in sorted(packages.items())},
    }
    for name, way in traced(checkout).items():
        figures[f"{name}: our files"] = len(way["files"])
        figures[f"{name}: calls between them"] = way["moves"]
        figures[f"{name}: database queries"] = way["queries"]
    return {
        "figures": figures,
        "chain": chain,
        "double": house.double_names,
        "filter": house.modules_that_name_the_filter,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[BASE_DIR])
    checkouts = [path.resolve() for path in parser.parse_args().checkouts]
    houses = [measured(checkout) for checkout in checkouts]
    names = list(dict.fromkeys(name for each in houses for name in each["figures"]))
    labels = ["before", "after"] if len(houses) == 2 else [p.name for p in checkouts]
    table = [
        {"": name}
        | {
            label: each["figures"].get(name, "")
            for label, each in zip(labels, houses, strict=True)
        }
        for name in names
    ]
    print(as_table(table))
    for each in houses:
        print("chain:", " → ".join(each["chain"]))
        print("double:", ", ".join(each["double"]) or "none")
        print(f"{FILTER}:", ", ".join(each["filter"]))
    save_result("house", {"seed": None, "table": table})


if __name__ == "__main__":
    main()
