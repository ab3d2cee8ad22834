from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.errors import LosesGoldenQueries, Refused, SearchUnavailable
from search.golden import report
from search.rollout import switching


class Command(BaseCommand):
    help = "Let another encoder serve, once it has a code of every picture."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("name", nargs="?", metavar="NAME")
        which.add_argument(
            "--back", action="store_true", help="the one that served before"
        )

        parser.add_argument(
            "--accept-lost",
            action="store_true",
            help="switch even if golden queries lose their products",
        )

    def handle(
        self,
        *args: Any,
        name: str | None,
        back: bool,
        accept_lost: bool,
        **options: Any,
    ) -> None:
        try:
            chosen = switching.previous().name if back or name is None else name
            before = switching.switch(chosen, accept_lost=accept_lost)
        except LosesGoldenQueries as error:
            raise CommandError(
                f"{error} To switch all the same: --accept-lost"
            ) from error
        except (Refused, SearchUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{chosen} serves from the next search on. {before.name} is kept complete: "
            "go back by switch_encoder --back, or delete it by "
            f"retire_encoder {before.name}."
        )
        if told := report.summary(report.save_results()):
            self.stdout.write(told)
