from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from catalogue.models import Product
from demo import PICTURES


class Command(BaseCommand):
    help = "Fill an empty catalogue with the demo shop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="even where there are products"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if Product.objects.exists() and not options["force"]:
            self.stdout.write("There are products already: the demo was not loaded.")
            return
        catalogue = PICTURES / "catalogue.csv"
        if not catalogue.exists():
            raise CommandError(f"{catalogue} is missing.")
        call_command(
            "import_catalogue",
            catalogue,
            images=PICTURES / "images",
            stdout=self.stdout,
            stderr=self.stderr,
        )
