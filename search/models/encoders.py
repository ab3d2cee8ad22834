"""Encoders that make codes in this shop."""

from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EncoderQuerySet(models.QuerySet["Encoder"]):
    def live(self) -> Self:
        """Select encoders in use, whose codes are kept complete, the oldest first."""
        return self.exclude(state=Encoder.State.RETIRED).order_by("pk")


class Encoder(models.Model):
    """One that makes codes in this shop. Its files are in DATA_DIR/encoders."""

    class State(models.TextChoices):
        FILLING = "filling", _("filling")
        READY = "ready", _("ready")
        SERVING = "serving", _("serving")
        RETIRED = "retired", _("retired")

    name = models.CharField(_("name"), max_length=100)
    fingerprint = models.CharField(_("fingerprint"), max_length=16, unique=True)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.FILLING
    )
    pace = models.PositiveIntegerField(
        _("pace"), default=0, help_text=_("Pictures a second while it fills; 0: all.")
    )
    added = models.DateTimeField(_("added"), auto_now_add=True)
    # When it last began to serve; None for one that never did.
    served = models.DateTimeField(_("served"), null=True, editable=False)

    objects = EncoderQuerySet.as_manager()

    class Meta:
        verbose_name = _("encoder")
        verbose_name_plural = _("encoders")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="serving"),
                name="one_encoder_serves",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=~models.Q(state="retired"),
                name="one_live_encoder_by_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return Path(settings.ENCODERS_DIR) / self.fingerprint
