from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.encoders import encoding, filling, registry
from search.errors import Refused, SearchUnavailable
from search.models import Encoder
from search.words import text_encoding


class Command(BaseCommand):
    help = "Encode every picture that has no code, and every text."

    def handle(self, *args: Any, **options: Any) -> None:
        registry.keep_first()
        for row in registry.live():
            try:
                self._fill(row)
            except (Refused, SearchUnavailable) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"Words: {text_encoding.encode_missing()} texts encoded.")

    def _fill(self, row: Encoder) -> None:
        total = filling.lacking(row).count()
        bar = tqdm(total=total, unit="picture", desc=row.name, disable=not total)
        with bar:
            filling.fill(row, on_progress=bar.update)
        failed = encoding.failed_images(row.fingerprint).count()
        done = total - filling.lacking(row).count()
        self.stdout.write(f"{row.name}: {done} pictures encoded, {failed} failed.")
