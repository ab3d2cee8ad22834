"""The street photos of the demo shop, to try the search without a photo at hand."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from catalogue.media import images
from catalogue.models import Product

THUMBNAIL_SIDE = 320  # pixels


@dataclass(frozen=True)
class Sample:
    """A photo of a demo product; the name is what a URL says."""

    name: str
    path: Path
    sku: str

    def thumbnail(self) -> bytes:
        """Return a small WebP of it."""
        with self.path.open("rb") as file:
            image = images.open_stored(file)
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=80)
        return out.getvalue()


def sample_named(name: str) -> Sample | None:
    return _samples_by_name().get(name)


def samples_on_sale() -> list[Sample]:
    """Return samples whose product is sold here: none where the demo was not loaded."""
    samples = list(_samples_by_name().values())
    skus = {sample.sku for sample in samples}
    sold = Product.objects.on_sale().filter(sku__in=skus)
    sold_skus = set(sold.values_list("sku", flat=True))
    return [sample for sample in samples if sample.sku in sold_skus]


def evenly_spaced(samples: list[Sample], count: int) -> list[Sample]:
    """Return `count` samples of all kinds: they are sorted by kind."""
    step = max(1, len(samples) // count)
    return samples[::step][:count]


@cache
def _samples_by_name() -> dict[str, Sample]:
    folder = settings.SAMPLE_PHOTOS
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return {}
    with manifest.open(newline="", encoding="utf-8") as file:
        samples = [
            Sample(Path(row["path"]).stem, folder / Path(row["path"]).name, row["sku"])
            for row in csv.DictReader(file)
        ]
    return {sample.name: sample for sample in samples if sample.path.is_file()}
