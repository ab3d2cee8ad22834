"""What the texts of products mean."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product


class ProductText(models.Model):
    """The meaning of a product's text, as the sentence encoder has it.

    It counts only while `digest` is that of the text (search.words.documents), and of
    the main picture where the colour is read from that. A vector of zeros is never
    written; where there is no row yet, words alone find the product.
    """

    product = models.OneToOneField(
        Product, models.CASCADE, related_name="text", verbose_name=_("product")
    )
    digest = models.CharField(_("digest"), max_length=32)
    embedding = models.BinaryField(_("embedding"))
    # The colour on its main picture, where staff says none.
    seen = models.CharField(_("colour"), max_length=50, blank=True)

    class Meta:
        verbose_name = _("product text")
        verbose_name_plural = _("product texts")

    def __str__(self) -> str:
        return str(self.product_id)
