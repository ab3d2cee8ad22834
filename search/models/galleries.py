"""Changes of products, and the galleries that are right up to one of them."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """A product was touched. Read in commit order by search.changes.

    No foreign key: the row outlives the product, since deletion is a change too.
    """

    product_id = models.BigIntegerField()
    # The writing transaction's id on PostgreSQL; 0 on SQLite, where `id` is enough.
    xid = models.BigIntegerField(default=0, db_index=True)

    def __str__(self) -> str:
        return f"{self.pk}: {self.product_id}"


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def serving(self, encoder: str) -> Self:
        """Select snapshots of this encoder that can serve, the newest first."""
        can_serve = self.filter(encoder=encoder, withdrawn=False, damaged=False)
        return can_serve.order_by("-pk").defer("calibration")


class Snapshot(models.Model):
    """A published gallery on disk, in the folder `name` of SNAPSHOTS_DIR."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    encoder = models.CharField(_("encoder"), max_length=16)
    # Changes from here on are not in it (see search.changes).
    position = models.BigIntegerField(_("position"))
    images = models.PositiveIntegerField(_("images"))
    as_of = models.DateTimeField(_("as of"))
    # Of its index, measured when it was built (see hashing.index.inverted_lists).
    kind = models.CharField(_("index"), max_length=8, default="flat")
    recall = models.FloatField(_("recall"), default=1.0)
    # From cosines to probabilities, as fitted by search.gallery.calibration; empty
    # means as the encoder's card has it. And how well they say it, for people.
    curves = models.JSONField(default=dict, editable=False)
    calibration = models.JSONField(_("calibration"), default=dict, editable=False)
    withdrawn = models.BooleanField(_("withdrawn"), default=False)
    # Found so by a process that tried to load it: the next one is due at once.
    damaged = models.BooleanField(_("damaged"), default=False)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Collection(models.Model):
    """An encoder's codes in Milvus, right up to a position in the changes."""

    encoder = models.CharField(_("encoder"), max_length=16, unique=True)
    # Changes from here on are perhaps not in it (search.changes).
    position = models.BigIntegerField(_("position"))
    # Milvus' own clock: from then on, all that was written up to `position` is found.
    moment = models.BigIntegerField(default=0)
    images = models.PositiveBigIntegerField(_("images"))
    as_of = models.DateTimeField(_("as of"))
    # As of a snapshot.
    curves = models.JSONField(default=dict, editable=False)
    calibration = models.JSONField(_("calibration"), default=dict, editable=False)

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The collection's name in Milvus."""
        return f"semblance_{self.encoder}"
