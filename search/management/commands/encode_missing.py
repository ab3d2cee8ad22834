from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from search import encoding


class Command(BaseCommand):
    help = "Encode every picture that has no code of the current encoder."

    def handle(self, *args: Any, **options: Any) -> None:
        image_ids = list(encoding.waiting_images().values_list("pk", flat=True))
        size = encoding.BATCH
        saved = 0
        with tqdm(total=len(image_ids), unit="picture", disable=not image_ids) as bar:
            for start in range(0, len(image_ids), size):
                saved += encoding.encode(image_ids[start : start + size])
                bar.update(len(image_ids[start : start + size]))
        failed = encoding.failed_images().count()
        self.stdout.write(f"{saved} pictures encoded, {failed} failed.")
