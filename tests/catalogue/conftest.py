"""What the catalogue announces."""

from typing import Any

import pytest

from catalogue.signals import images_saved, products_changed


@pytest.fixture
def sent() -> Any:
    """Return what the catalogue announced: ids of images, and of products."""
    ids: dict[str, list[int]] = {"images": [], "products": []}

    def note_images(image_ids: list[int], **kwargs: Any) -> None:
        ids["images"] += image_ids

    def note_products(product_ids: list[int], **kwargs: Any) -> None:
        ids["products"] += product_ids

    images_saved.connect(note_images)
    products_changed.connect(note_products)
    yield ids
    images_saved.disconnect(note_images)
    products_changed.disconnect(note_products)
