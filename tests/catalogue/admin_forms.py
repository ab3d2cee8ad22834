"""Admin's product form, filled in as a browser does."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.models import Product

ADD = reverse("admin:catalogue_product_add")
LIST = reverse("admin:catalogue_product_changelist")


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def change_url(product: Product) -> str:
    return reverse("admin:catalogue_product_change", args=[product.pk])


def filled_in(product: Product, **values: Any) -> dict[str, Any]:
    """Return the form of this product as it is shown, with other values."""
    images = list(product.images.all()) if product.pk else []
    form = {
        "sku": product.sku,
        "name": product.name,
        "category": product.category_id,
        "brand": product.brand,
        "colour": product.colour,
        "price": product.price,
        "stock": product.stock,
        "description": product.description,
        "active": "on",
        "images-TOTAL_FORMS": len(images),
        "images-INITIAL_FORMS": len(images),
    }
    for number, image in enumerate(images):
        form[f"images-{number}-id"] = image.pk
        form[f"images-{number}-product"] = product.pk
        form[f"images-{number}-position"] = image.position
    return form | values


def save(client: Client, product: Product, **values: Any) -> str:
    """Save the form; the page that it leads to."""
    url = change_url(product) if product.pk else ADD
    response = client.post(url, filled_in(product, **values), follow=True)
    assert response.status_code == 200
    return response.content.decode()
