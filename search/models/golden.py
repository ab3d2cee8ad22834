"""Golden queries: photos whose right answer staff knows, to watch over the search."""

import uuid
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product

MAX_FOUND_RANK = 5  # a product that is ranked lower counts as lost


def photo_path(query: "GoldenQuery", filename: str) -> str:
    return f"golden/{uuid.uuid4().hex}.webp"


class GoldenQuery(models.Model):
    """A photo and the product that it must find.

    Staff's own upload, kept on purpose and as small as a search needs it; shoppers'
    photos never get here.
    """

    photo = models.FileField(_("photo"), upload_to=photo_path)
    product = models.ForeignKey(
        Product, models.CASCADE, related_name="golden", verbose_name=_("product")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    added = models.DateTimeField(_("added"), auto_now_add=True)
    # As of the last build: the place of the product in the answer; None for lost.
    rank = models.PositiveIntegerField(_("place"), null=True, editable=False)
    ranked = models.DateTimeField(_("looked at"), null=True, editable=False)

    class Meta:
        verbose_name = _("golden query")
        verbose_name_plural = _("golden queries")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.product} ({self.note})" if self.note else str(self.product)

    @property
    def is_found(self) -> bool:
        return self.rank is not None and self.rank <= MAX_FOUND_RANK


@receiver(post_delete, sender=GoldenQuery)
def remove_photo(instance: GoldenQuery, **kwargs: Any) -> None:
    name, storage = str(instance.photo.name), instance.photo.storage
    transaction.on_commit(lambda: storage.delete(name), robust=True)
