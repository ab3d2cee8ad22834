"""Asking the search's API, and a shop of varied products to ask about."""

import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rest_framework.test import APIClient

from catalogue.models import Product
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import make_image, new_product

API = "/api/v1/"
PHOTO = f"{API}search/photo/"
BRANDS = ("Alba", "Borea", "")
COLOURS = ("red", "blue")
CATEGORIES = ("Home", "Home > Lamps", "Garden")


def open_varied_shop(count: int = 12) -> list[Product]:
    """Products p0 … of all sorts; pn is on draw_picture(n)."""
    made = [
        new_product(
            f"p{number}",
            images=[number],
            category=CATEGORIES[number % 3],
            brand=BRANDS[number % 2],
            colour=COLOURS[number // 2 % 2],
            price=Decimal(number % 7) + Decimal("0.50"),
            stock=number % 4,
        )
        for number in range(count)
    ]
    encoding.encode_missing()
    snapshots.build()
    return made


def a_file(content: bytes, name: str = "photo.jpg") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def post_photo(
    client: APIClient, photo: bytes | int = 0, **fields: Any
) -> tuple[int, dict[str, Any]]:
    """Its status and its answer. `photo`: a file, or the seed of a picture."""
    content = make_image(photo) if isinstance(photo, int) else photo
    response = client.post(PHOTO, {"photo": a_file(content), **fields})
    return response.status_code, response.json()


def get(
    client: APIClient, path: str, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the answer, which must be one."""
    url = path if path.startswith("http") else f"{API}{path}"
    response = client.get(url, params)
    assert response.status_code == 200, response.content
    return dict(response.json())


def skus(results: Iterable[Mapping[str, Any]]) -> list[str]:
    return [found["product"]["sku"] for found in results]
