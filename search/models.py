"""What search keeps: codes of pictures, what changed, and which gallery serves."""

from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product, ProductImage
from search.duplicates.models import Comparison as Comparison  # models too
from search.duplicates.models import Resemblance as Resemblance
from search.golden.models import GoldenQuery as GoldenQuery


class EncoderQuerySet(models.QuerySet["Encoder"]):
    def live(self) -> Self:
        """Those whose codes are kept complete; in the order they came."""
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
        """Where its files are."""
        return Path(settings.ENCODERS_DIR) / self.fingerprint


class ImageCodeQuerySet(models.QuerySet["ImageCode"]):
    def by(self, encoder: str) -> Self:
        """Of the encoder with this fingerprint."""
        return self.filter(encoder=encoder)

    def current(self) -> Self:
        """Made of the file that the image has now."""
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


class ProductText(models.Model):
    """The meaning of a product's text, as the sentence encoder has it.

    It counts only while `digest` is that of the text (search.words.texts), and of the
    main picture where the colour is read from that. A vector of
    zeros is never written; where there is no row yet, words alone find the product.
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
        """Of this encoder, whole and not rolled back, the newest first."""
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
    # From cosines to probabilities, as search.calibration fitted them; empty: as the
    # encoder's card has it. And how well they say it, for people.
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


class Missed(models.Model):
    """How many searches of a day found nothing close, by the category of what comes
    nearest, or by the words that were typed.
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


class Collection(models.Model):
    """An encoder's codes in Milvus, right up to a position in the changes."""

    encoder = models.CharField(_("encoder"), max_length=16, unique=True)
    # Changes from here on are perhaps not in it (see search.changes).
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
        """In Milvus."""
        return f"semblance_{self.encoder}"


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
