from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from catalogue.models import Product
from demo import PICTURES


class Command(BaseCommand):
    help = "Fill an empty catalogue with the demo shop, or go on where that was killed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="even where there are products"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = Path(settings.DATA_DIR) / "demo_begun"
        is_wanted = options["force"] or begun.exists() or not Product.objects.exists()
        if not is_wanted:
            if options["verbosity"]:
                text = "There are products already: the demo was not loaded."
                self.stdout.write(text)
            return
        catalogue = PICTURES / "catalogue.csv"
        if not catalogue.exists():
            raise CommandError(f"{catalogue} is missing.")
        # Products are imported one by one: it tells a shop that is half loaded from one
        # whose owner removed some of the demo's products.
        begun.touch()
        call_command(
            "import_catalogue",
            catalogue,
            images=PICTURES / "images",
            stdout=self.stdout,
            stderr=self.stderr,
        )
        begun.unlink()
