from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from catalogue.media.shared_folder import mark, shared_folder
from catalogue.models import ProductImage
from search.encoders import encoding
from search.locks import waited_lock
from search.words import text_encoding

WHAT_TO_TRY = """
  The shop    {address}/
  By photo    {address}/search/ (try one of the street photos there)
  Its API     {address}/api/v1/docs/
  The admin   {address}/admin/

Ctrl-C ends it.
"""


def _mark_shared_folder() -> None:
    """Put a marker into the folder that hosts share, before anything is written."""
    folder = shared_folder(settings.STORAGES)
    if folder is None:
        return
    try:
        mark(folder, is_new=not ProductImage.objects.exists())
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


class Command(BaseCommand):
    help = "Make ready what the shop needs before it serves. Again loses nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="fill an empty shop with the demo shop"
        )
        parser.add_argument("--address", help="say what to try there")

    def handle(
        self, *args: Any, demo: bool, address: str | None, **options: Any
    ) -> None:
        with waited_lock("set_up", on_wait=self._say_that_it_waits):
            self._set_up(demo)
            if address:
                call_command("create_admin")
        if address:
            self.stdout.write(WHAT_TO_TRY.format(address=address))

    def _say_that_it_waits(self) -> None:
        self.stdout.write("Another set_up is at work on this shop; waiting for it.")

    def _set_up(self, demo: bool) -> None:
        call_command("migrate", verbosity=0)
        _mark_shared_folder()
        if demo:
            call_command("load_demo", verbosity=0)
        if encoding.waiting_images().exists():
            call_command("encode_missing")
        text_encoding.encode_missing()
        call_command("build_snapshot", if_due=True)
