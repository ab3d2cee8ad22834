import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hashing.fitting.look_weight import LookWeight
from search.encoders import filling
from search.errors import Refused, SearchUnavailable
from search.rollout import fitting


class Command(BaseCommand):
    help = "Fit the hash layer to this catalogue, and add it as another encoder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", help="what to call it; else fitted-DATE")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, name: str | None, seed: int, **options: Any) -> None:
        try:
            added = fitting.fit(name=name, seed=seed)
            filling.fill(added.row)
        except (Refused, SearchUnavailable) as error:
            raise CommandError(str(error)) from error
        show = self._as_json if options["json"] else self._as_text
        show(added)

    def _as_json(self, added: fitting.Added) -> None:
        fitted = added.fitted
        figures = {
            "row": added.row.name,
            "k": fitted.k,
            "before": fitted.before,
            "after": fitted.after,
            "learned_from": len(fitted.learned_from),
            "held_out": fitted.n_held_out,
            "look": vars(added.look),
        }
        self.stdout.write(json.dumps(figures))

    def _as_text(self, added: fitting.Added) -> None:
        fitted, name = added.fitted, added.row.name
        self.stdout.write(
            f"Of the {fitted.k} nearest by embedding, codes kept {fitted.before:.1%} "
            f"before and keep {fitted.after:.1%} now: measured on {fitted.n_held_out} "
            f"pictures apart, learned from {len(fitted.learned_from)}.\n"
            f"{_look(added.look)}"
            f"{name} was added beside the encoder that serves.\n"
            f"Then: manage.py switch_encoder {name}"
        )


def _look(look: LookWeight) -> str:
    if look.factor == 1:
        return ""
    return (
        f"Colours count {look.factor:g} times as much here: that finds another picture "
        f"of the same product better ({look.before:.3f} -> {look.after:.3f} of "
        f"{look.n_queries} pictures).\n"
    )
