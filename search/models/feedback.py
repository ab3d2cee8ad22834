"""What shoppers said of an answer."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product


class Feedback(models.Model):
    """That a product was the right or the wrong answer to a query. No picture.

    Of the query there is its embedding, which no picture can be made of again; of who
    said so a hash, whose salt is thrown away after two days.
    """

    class Verdict(models.TextChoices):
        RIGHT = "right", _("right")
        WRONG = "wrong", _("wrong")

    product = models.ForeignKey(Product, models.CASCADE, verbose_name=_("product"))
    verdict = models.CharField(_("verdict"), max_length=5, choices=Verdict.choices)
    encoder = models.CharField(_("encoder"), max_length=16)
    # Both empty where words alone were asked.
    embedding = models.BinaryField()
    code = models.BinaryField()
    sender = models.CharField(_("sender"), max_length=64, db_index=True)
    received = models.DateTimeField(_("received"), auto_now_add=True, db_index=True)
    approved = models.BooleanField(
        _("approved for training"),
        default=False,
        help_text=_("What is approved is exported by export_feedback."),
    )
    # Of the sender with its Idempotency-Key; and of what was sent with it.
    idempotency = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    body = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.product}"


class Salt(models.Model):
    """What senders of one day are hashed with."""

    day = models.DateField(unique=True)
    value = models.BinaryField()

    def __str__(self) -> str:
        return str(self.day)
