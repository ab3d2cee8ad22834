import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search import filling, fitting
from search.errors import Refused, SearchUnavailable


class Command(BaseCommand):
    help = "Fit the hash layer to this catalogue, and add it as another encoder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", help="what to call it; else fitted-DATE")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, name: str | None, seed: int, **options: Any) -> None:
        try:
            fitted = fitting.fit(name=name, seed=seed)
            filling.fill(fitted.row)
        except (Refused, SearchUnavailable) as error:
            raise CommandError(str(error)) from error
        show = self._as_json if options["json"] else self._as_text
        show(fitted)

    def _as_json(self, fitted: fitting.Fitted) -> None:
        figures = {**vars(fitted), "row": fitted.row.name, "look": vars(fitted.look)}
        self.stdout.write(json.dumps(figures))

    def _as_text(self, fitted: fitting.Fitted) -> None:
        self.stdout.write(
            f"Of the {fitted.k} nearest by embedding, codes kept {fitted.before:.1%} "
            f"before and keep {fitted.after:.1%} now: measured on {fitted.held_out} "
            f"pictures apart, learned from {fitted.learned_from}.\n"
            f"{self._look(fitted)}"
            f"{fitted.row.name} was added beside the encoder that serves.\n"
            f"Then: manage.py switch_encoder {fitted.row.name}"
        )

    def _look(self, fitted: fitting.Fitted) -> str:
        look = fitted.look
        if look.factor == 1:
            return ""
        return (
            f"Colours count {look.factor:g} times as much here: that finds another "
            f"picture of the same product better ({look.before:.3f} -> "
            f"{look.after:.3f} of {look.n_queries} pictures).\n"
        )
