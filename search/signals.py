"""How search follows the catalogue: what is touched is recorded, new files encoded."""

from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalogue.models import Product, ProductImage
from catalogue.sending import send
from catalogue.signals import images_saved, products_changed
from search import changes
from search.tasks import encode_images


@receiver([post_save, post_delete], sender=Product)
def product_touched(instance: Product, **kwargs: Any) -> None:
    changes.record([instance.pk])


@receiver([post_save, post_delete], sender=ProductImage)
def image_touched(instance: ProductImage, **kwargs: Any) -> None:
    changes.record([instance.product_id])


@receiver(products_changed)
def products_touched(product_ids: Iterable[int], **kwargs: Any) -> None:
    changes.record(product_ids)


@receiver(images_saved)
def send_to_be_encoded(image_ids: list[int], bulk: bool, **kwargs: Any) -> None:
    send(encode_images, image_ids, queue="bulk" if bulk else "uploads")
