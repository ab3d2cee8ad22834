"""What staff are told about pictures that the shop may have already."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product, ProductImage


class Comparison(models.Model):
    """This file of a picture was looked for among the others."""

    image = models.OneToOneField(ProductImage, models.CASCADE, primary_key=True)
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return str(self.pk)


class ResemblanceQuerySet(models.QuerySet["Resemblance"]):
    def current(self) -> Self:
        """Select pairs of the files that the pictures have now."""
        return self.filter(
            newer_digest=F("newer__digest"), older_digest=F("older__digest")
        )

    def to_review(self) -> Self:
        """Select pairs that staff has not decided on, the most certain first."""
        return self.current().filter(dismissed=False).order_by("tier", "-similarity")

    def of(self, image: ProductImage) -> Self:
        return self.filter(Q(newer=image) | Q(older=image))

    def of_product(self, product: Product) -> Self:
        return self.filter(Q(newer__product=product) | Q(older__product=product))

    def between(self, one: int, other: int) -> Self:
        """Select pairs of pictures of these two products."""
        return self.filter(
            Q(newer__product=one, older__product=other)
            | Q(newer__product=other, older__product=one)
        )


class Resemblance(models.Model):
    """Two pictures that may be one, or of one product.

    A pair is kept once, with what staff decided, as long as both files stay.
    """

    class Tier(models.IntegerChoices):
        FILE = 1, _("the same file")
        PICTURE = 2, _("the same picture")
        PRODUCT = 3, _("probably the same product")

    newer = models.ForeignKey(
        ProductImage, models.CASCADE, related_name="+", verbose_name=_("newer picture")
    )
    older = models.ForeignKey(
        ProductImage, models.CASCADE, related_name="+", verbose_name=_("older picture")
    )
    newer_digest = models.CharField(max_length=64)
    older_digest = models.CharField(max_length=64)
    tier = models.PositiveSmallIntegerField(_("looks like"), choices=Tier.choices)
    # Of the file 1; of the picture how well they agree; of the product a probability.
    similarity = models.FloatField(_("similarity"))
    dismissed = models.BooleanField(_("not a duplicate"), default=False)
    found = models.DateTimeField(_("found"), auto_now_add=True)

    objects = ResemblanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ["tier", "-similarity", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["newer", "older"], name="a_pair_once"),
            models.CheckConstraint(
                name="newer_after_older", condition=Q(newer__gt=F("older"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.newer_id} ~ {self.older_id}"

    def other_than(self, image_id: int) -> ProductImage:
        """Return the picture that this one looks like."""
        return self.older if image_id == self.newer_id else self.newer
