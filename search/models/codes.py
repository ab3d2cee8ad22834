"""Codes of pictures, or why there are none."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models import ProductImage


class ImageCodeQuerySet(models.QuerySet["ImageCode"]):
    def by(self, encoder: str) -> Self:
        """Select the codes by the encoder with this fingerprint."""
        return self.filter(encoder=encoder)

    def current(self) -> Self:
        """Select the codes of the file that the image has now."""
        return self.filter(digest=models.F("image__digest"))


class ImageCode(models.Model):
    """The code of one picture by one encoder, or why there is none.

    It counts only while `digest` is that of the picture's file: a replaced picture
    has no code until its new file is encoded.
    """

    image = models.ForeignKey(
        ProductImage, models.CASCADE, related_name="codes", verbose_name=_("picture")
    )
    encoder = models.CharField(_("encoder"), max_length=16)
    digest = models.CharField(_("digest"), max_length=64)
    code = models.BinaryField(_("code"), null=True)
    embedding = models.BinaryField(_("embedding"), null=True)
    error = models.TextField(_("error"), blank=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = ImageCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("image code")
        verbose_name_plural = _("image codes")
        constraints = [
            models.UniqueConstraint(fields=["image", "encoder"], name="one_code"),
            models.CheckConstraint(
                name="code_or_error",
                condition=models.Q(code__isnull=True, embedding__isnull=True)
                | models.Q(code__isnull=False, embedding__isnull=False, error=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} by {self.encoder}"
