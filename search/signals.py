"""How search follows the catalogue: what is touched is recorded, new files encoded."""

from collections.abc import Iterable
from typing import Any

import structlog
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from catalogue.models import Product, ProductImage
from catalogue.signals import images_saved, products_changed
from search import changes
from search.tasks import encode_images

log = structlog.get_logger()


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
    queue = "bulk" if bulk else "uploads"
    try:
        encode_images.apply_async([image_ids], queue=queue)
    except OperationalError as error:
        log.warning("not sent; the sweep will find them", reason=str(error))
