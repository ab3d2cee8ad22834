import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.engines import verification
from search.engines.engine import current_gallery
from search.errors import SearchUnavailable
from search.gallery.differences import Difference


class Command(BaseCommand):
    help = "Compare what can be found with the database; exit 1 if anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--heal",
            action="store_true",
            help="have every process read again what differs",
        )
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, heal: bool, json: bool, **options: Any) -> None:
        try:
            images, found = self._compared(quiet=json)
        except SearchUnavailable as error:
            raise CommandError(str(error)) from error
        healed = verification.heal(found) if heal else 0
        (self._as_json if json else self._as_text)(images, found, healed)
        if found:
            raise SystemExit(1)

    def _compared(self, *, quiet: bool) -> tuple[int, list[Difference]]:
        images, found = 0, []
        total = len(current_gallery())
        with tqdm(total=total, unit="picture", disable=quiet or not total) as bar:
            for compared in verification.compare_all():
                images += compared.images
                found += compared.differences
                bar.update(compared.images)
        return images, found

    def _as_json(self, images: int, found: list[Difference], healed: int) -> None:
        rows = [asdict(difference) for difference in found]
        report = {"images": images, "healed_products": healed, "differences": rows}
        self.stdout.write(json.dumps(report))

    def _as_text(self, images: int, found: list[Difference], healed: int) -> None:
        for each in found:
            self.stdout.write(
                f"{each.kind}: picture {each.image_id} of product {each.product_id}: "
                f"{each.reason}"
            )
        self.stdout.write(f"{images} pictures compared, {len(found)} differences.")
        if healed:
            self.stdout.write(f"{healed} products will be read again by every process.")
