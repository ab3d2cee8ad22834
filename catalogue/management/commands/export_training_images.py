from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue.export import training_images
from catalogue.models import ProductImage


class Command(BaseCommand):
    help = (
        "Write the shop's pictures as a set that python -m hashing train learns from."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--photos",
            type=Path,
            metavar="DIR",
            help="photos that phones took, in a folder for each SKU; never shown",
        )

    def handle(
        self, *args: Any, folder: Path, photos: Path | None, **options: Any
    ) -> None:
        total = ProductImage.objects.count()
        try:
            with tqdm(total=total, unit="picture", disable=not total) as bar:
                done = training_images.export(
                    folder, photos=photos, on_progress=bar.update
                )
        except OSError as error:
            if photos is not None and not photos.is_dir():
                raise CommandError(f"{photos} is no folder of photos") from error
            raise CommandError(f"{folder} cannot be written: {error}") from error
        for name in done.missing:
            self.stderr.write(f"left out, its file is missing: {name}")
        for sku in done.unknown:
            self.stderr.write(f"left out, no product has this SKU: {photos}/{sku}")
        taken = f" and {done.photos} photos" if photos else ""
        self.stdout.write(
            f"{done.pictures} pictures{taken} are named in {folder / 'manifest.csv'}.\n"
            "Then, where torch is installed: python -m hashing train "
            "hashing/recipes/shop.toml"
        )
