from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hashing import CheckpointError
from search.encoders import filling
from search.errors import Refused
from search.rollout import switching


class Command(BaseCommand):
    help = "Take in another encoder; its codes fill in beside those that serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--name", help="what to call it; else the name on its card")
        parser.add_argument(
            "--pace", type=int, default=0, help="pictures a second at most; 0: any"
        )

    def handle(
        self, *args: Any, folder: Path, name: str | None, pace: int, **options: Any
    ) -> None:
        try:
            row = switching.add(folder, name=name, pace=pace)
        except (CheckpointError, Refused) as error:
            raise CommandError(str(error)) from error
        waiting = filling.lacking(row).count()
        self.stdout.write(
            f"{row.name} ({row.fingerprint}) is in; {waiting} pictures wait for its "
            "codes.\nThey fill in while the shop runs, or at once: encode_missing.\n"
            f"Then: manage.py switch_encoder {row.name}"
        )
