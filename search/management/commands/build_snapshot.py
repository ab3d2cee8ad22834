from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.gallery.on_disk import snapshots
from search.golden import report


class Command(BaseCommand):
    help = "Build the next snapshot of the gallery and let it serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-due", action="store_true", help="only by the rule: 1 %% changed"
        )

    def handle(self, *args: Any, if_due: bool, **options: Any) -> None:
        if if_due and not snapshots.is_due():
            self.stdout.write("The snapshot that serves is fresh enough.")
            return
        snapshot = snapshots.build()
        if snapshot is None:
            raise CommandError("Another process is building one; try again later.")
        self.stdout.write(f"{snapshot.name} serves {snapshot.images} pictures.")
        if told := report.summary(report.save_results()):
            self.stdout.write(told)
