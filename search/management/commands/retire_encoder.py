from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.errors import Refused, SearchUnavailable
from search.rollout import switching


class Command(BaseCommand):
    help = "Delete an encoder that does not serve: its codes, snapshots and files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        try:
            switching.retire(name)
        except (Refused, SearchUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{name} is retired.")
