"""Catalogue files and ZIPs, as staff would send them."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
from django.core.files.storage import default_storage
from django.core.management import call_command

HEAD = "sku,name,category,price,images"
MUG = "m1,Mug,Kitchen > Mugs,9.50,"


def write_csv(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def write_xlsx(path: Path, *rows: tuple[Any, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def zip_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def run_import(path: Path, **options: Any) -> dict[str, Any]:
    """By the command; its summary."""
    out = io.StringIO()
    call_command("import_catalogue", path, json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def report_of(path: Path, **options: Any) -> list[tuple[str, ...]]:
    """(line, sku, column, outcome, reason) of each line of the report."""
    report = path.with_suffix(".report.csv")
    run_import(path, report=report, **options)
    with report.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def stored_files() -> set[str]:
    root = Path(default_storage.location)
    return {str(path) for path in root.rglob("*") if path.is_file()}


def put(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / f"{name}.jpg").write_bytes(content)
