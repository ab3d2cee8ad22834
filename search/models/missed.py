"""Searches that found nothing close, counted by day."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Missed(models.Model):
    """How many searches of a day found nothing close.

    They are counted by the category of what comes nearest, or by the words typed.
    """

    day = models.DateField(_("day"))
    # Its name, and not a key: the count outlives the category.
    category = models.CharField(_("seems to be"), max_length=100, blank=True)
    words = models.CharField(_("words"), max_length=100, blank=True)
    count = models.PositiveIntegerField(_("searches"), default=0)

    class Meta:
        verbose_name = _("search without success")
        verbose_name_plural = _("searches without success")
        ordering = ["-day", "-count"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "category", "words"],
                name="missed_once_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.category or self.words}: {self.count}"
