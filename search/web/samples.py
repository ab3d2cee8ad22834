"""The street photos of the demo shop, to try the search without a photo at hand."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from catalogue.media import images
from catalogue.models import Product

THUMBNAIL_SIDE = 320


@dataclass(frozen=True)
class Sample:
    """A photo of a demo product; the name is what a URL says."""

    name: str
    path: Path
    sku: str

    def thumbnail(self) -> bytes:
        """Small, as WebP."""
        with self.path.open("rb") as file:
            image = images.open_stored(file)
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=80)
        return out.getvalue()


def named(name: str) -> Sample | None:
    return _all().get(name)


def on_offer() -> list[Sample]:
    """Those whose product is sold here: none where the demo was not loaded."""
    skus = {sample.sku for sample in _all().values()}
    sold = Product.objects.on_sale().filter(sku__in=skus)
    known = set(sold.values_list("sku", flat=True))
    return [sample for sample in _all().values() if sample.sku in known]


def spread(offered: list[Sample], count: int) -> list[Sample]:
    """So many of them, from the first to the last: they come kind by kind."""
    step = max(1, len(offered) // count)
    return offered[::step][:count]


@cache
def _all() -> dict[str, Sample]:
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
