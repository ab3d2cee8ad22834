"""Small shops whose pictures can be found, and photos of their products."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalogue.models import Product
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product

FORM = "/search/"


def open_shop(count: int = 6) -> list[Product]:
    """Products `Thing 0` …, whose pictures are draw_picture(0) …; ready to be found."""
    products = [
        new_product(
            images=[seed],
            name=f"Thing {seed}",
            category=f"Home > Kind {seed % 2}",
            brand=("Alba", "Borea")[seed % 2],
            price=10 * seed,
            stock=seed,
        )
        for seed in range(count)
    ]
    encoding.encode_missing()
    snapshots.build()
    return products


def lay_out_street(folder: Path, skus: Iterable[str]) -> None:
    """Sample photos `street-0` … of these products, as the demo shop has them."""
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "sku"])
        for number, sku in enumerate(skus):
            rows.writerow([f"street-{number}.jpg", sku])
            photo = folder / f"street-{number}.jpg"
            photo.write_bytes(make_image(number, size=(600, 400)))


def photo(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def send(client: Client, content: bytes, **fields: Any) -> Any:
    return client.post(FORM, {"photo": photo(content), **fields})


def names(page: Any) -> list[str]:
    return [found.product.name for found in page.context["page"].answer.results]


def words(page: Any) -> str:
    return " ".join(page.content.decode().split())


def raising(error: Exception) -> Any:
    """Return a stand-in for a search that fails."""

    def similar_to_query(*args: Any, **kwargs: Any) -> None:
        raise error

    return similar_to_query
