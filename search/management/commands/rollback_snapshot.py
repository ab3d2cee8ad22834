from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.gallery.on_disk import snapshots
from search.models import Snapshot


class Command(BaseCommand):
    help = "Take the newest snapshot out of service and serve the one before it."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            snapshot = snapshots.roll_back()
        except Snapshot.DoesNotExist as error:
            raise CommandError("There is no snapshot to go back to.") from error
        self.stdout.write(f"{snapshot.name} serves, overlaid by all changes since.")
