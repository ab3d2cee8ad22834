from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue import exporting
from catalogue.models import ProductImage


class Command(BaseCommand):
    help = (
        "Write the shop's pictures as a set that python -m hashing train learns from."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        total = ProductImage.objects.count()
        try:
            with tqdm(total=total, unit="picture", disable=not total) as bar:
                done = exporting.export(folder, on_progress=bar.update)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error}") from error
        for name in done.missing:
            self.stderr.write(f"left out, its file is missing: {name}")
        self.stdout.write(f"{done.pictures} pictures in {folder / 'manifest.csv'}.")
