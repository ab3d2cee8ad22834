from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from search.feedback.export import export


class Command(BaseCommand):
    help = "Write the feedback that staff approved, without pictures, to a .npz file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        count = export(options["file"])
        self.stdout.write(f"{count} verdicts written to {options['file']}")
