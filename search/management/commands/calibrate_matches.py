import json as json_text
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines.engine import engine
from search.errors import SearchUnavailable


class Command(BaseCommand):
    help = "Fit how likely an answer is right to the shop's own catalogue, anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        try:
            gallery = engine().recalibrate()
        except SearchUnavailable as error:
            raise CommandError(str(error)) from error
        report = {"snapshot": gallery.name, **gallery.calibration}
        if json:
            self.stdout.write(_dumped({**report, "curves": gallery.curves}))
            return
        self.stdout.write(f"{gallery.name}: {report['products']} products asked for")
        if report["error"] is None:
            self.stdout.write("Too few have several pictures: the encoder's own curve.")
            return
        self.stdout.write(
            f"expected error {report['error']:.3f}, of the first answers "
            f"{report['first_error']:.3f}; by the encoder's own curve "
            f"{report['card_error']:.3f}"
        )
        for each in report["bins"]:
            self.stdout.write(
                f"said {each['low']:.1f}–{each['high']:.1f}: {each['predicted']:.3f}"
                f"  came out: {each['right']:.3f}  of {each['answers']}"
            )


def _dumped(report: dict[str, Any]) -> str:
    return json_text.dumps(report)
