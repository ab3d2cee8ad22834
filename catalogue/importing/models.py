"""A catalogue file that staff sent in admin. Part of catalogue.models."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# Without a heartbeat for so long, whoever ran it is taken for dead.
STALE = timedelta(seconds=30)


class ImportQuerySet(models.QuerySet["CatalogueImport"]):
    def runnable(self) -> Self:
        """Select what waits, or was left by a killed worker; none while one is running.

        One after the other, since the later file knows better. A worker that lives
        writes its heartbeat every second or so.
        """
        alive = timezone.now() - STALE
        is_running = models.Q(state=CatalogueImport.State.RUNNING)
        running = CatalogueImport.objects.filter(is_running, heartbeat__gte=alive)
        return self.filter(
            models.Q(state=CatalogueImport.State.WAITING)
            | is_running & models.Q(heartbeat__lt=alive),
            ~models.Exists(running),
        ).order_by("pk")


def import_storage() -> FileSystemStorage:
    """Private: never under the media that the web server hands out."""
    return FileSystemStorage(
        settings.DATA_DIR / "imports", file_permissions_mode=0o600, base_url=""
    )


def import_path(job: "CatalogueImport", filename: str) -> str:
    return uuid.uuid4().hex


class CatalogueImport(models.Model):
    """A catalogue file that staff sent: what is to be done with it and what became."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    name = models.CharField(_("file name"), max_length=200, editable=False)
    table = models.FileField(
        _("catalogue file"), upload_to=import_path, storage=import_storage
    )
    pictures = models.FileField(
        _("pictures (ZIP)"), upload_to=import_path, storage=import_storage, blank=True
    )
    dry_run = models.BooleanField(
        _("only check, write nothing"),
        default=False,
        help_text=_("You see what would happen and which rows have mistakes."),
    )
    deactivate_missing = models.BooleanField(
        _("hide products that are not in the file"),
        default=False,
        help_text=_("Refused if these are more than 20 % of the products in the shop."),
    )

    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING, editable=False
    )
    # How often it was begun; with the id it names who works on it.
    attempt = models.PositiveSmallIntegerField(default=0, editable=False)
    heartbeat = models.DateTimeField(null=True, editable=False)
    done = models.PositiveIntegerField(_("rows done"), default=0, editable=False)
    total = models.PositiveIntegerField(_("rows"), default=0, editable=False)
    counts = models.JSONField(_("counts"), default=dict, editable=False)
    problems = models.JSONField(_("problems"), default=list, editable=False)
    message = models.TextField(_("message"), blank=True, editable=False)
    report = models.FileField(
        _("report"), storage=import_storage, blank=True, editable=False
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        verbose_name=_("by"),
    )
    finished = models.DateTimeField(_("finished"), null=True, editable=False)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("catalogue import")
        verbose_name_plural = _("catalogue imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    def remove_uploads(self) -> None:
        for file in (self.table, self.pictures):
            if file:
                file.storage.delete(str(file.name))


@receiver(post_delete, sender=CatalogueImport)
def remove_import_files(
    sender: type[CatalogueImport], instance: CatalogueImport, **kwargs: Any
) -> None:
    instance.remove_uploads()
    if instance.report:
        instance.report.storage.delete(str(instance.report.name))
