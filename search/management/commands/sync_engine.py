import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.encoders import registry
from search.errors import SearchUnavailable
from search.gallery import reading
from search.gallery.reading import CodeShape


class Command(BaseCommand):
    help = "Make what Milvus holds equal to the database; only what differs is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MILVUS_URL:
            raise CommandError("Where is Milvus? Set MILVUS_URL.")
        # An extra: without it the other commands still work.
        from search.engines.milvus import syncing

        encoder = registry.encoder()
        total = reading.count(CodeShape.of(encoder))
        try:
            with tqdm(total=total, unit="picture", disable=options["json"]) as bar:
                written = syncing.fill(encoder, on_progress=bar.update)
        except SearchUnavailable as error:
            raise CommandError(str(error)) from error
        if written is None:
            raise CommandError("Another process is at it; try again later.")
        if options["json"]:
            self.stdout.write(json.dumps({"images": total, **vars(written)}))
            return
        self.stdout.write(
            f"{total} pictures compared: {written.added} added, {written.changed} "
            f"changed, {written.removed} removed."
        )
