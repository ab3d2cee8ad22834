from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

from access.clients import kotlin, typescript

LANGUAGES = {"typescript": typescript.render, "kotlin": kotlin.render}


class Command(BaseCommand):
    help = "Write a client of the API in one file, from its OpenAPI schema."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("language", choices=sorted(LANGUAGES))
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        schema = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
        text = LANGUAGES[options["language"]](schema)
        options["file"].write_text(text, encoding="utf-8")
        self.stdout.write(f"{options['file']} written")
