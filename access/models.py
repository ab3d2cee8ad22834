"""Keys of apps that call the API; only a key's digest is stored."""

import hashlib
import re
import secrets
from datetime import timedelta

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from outages.later import Notes

PREFIX = "sem_"  # so that leaked keys can be recognised
VISIBLE_CHARACTERS = 8  # that tell keys apart in admin
KEY_PATTERN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
# `last_used` is written at most this often.
USE_NOTED_EVERY = timedelta(minutes=1)


class AppKeyQuerySet(models.QuerySet["AppKey"]):
    def make(self, name: str, *, rate: int | None = None) -> tuple["AppKey", str]:
        """Create a key; return its row and its secret, which cannot be read again."""
        key = self.model(name=name, rate=rate)
        secret = key.set_secret()
        key.save()
        return key, secret

    def by_secret(self, secret: str) -> "AppKey | None":
        """Return the key with this secret; None if there is none or it was revoked."""
        if not KEY_PATTERN.fullmatch(secret):
            return None
        return self.filter(digest=_digest(secret), revoked=None).first()

    def revoke(self) -> int:
        return self.filter(revoked=None).update(revoked=timezone.now())

    def note_use(self, key: "AppKey") -> None:
        now = timezone.now()
        if key.last_used is None or key.last_used < now - USE_NOTED_EVERY:
            _uses.add(key.pk)


class AppKey(models.Model):
    """A key that lets one app call more often.

    A secret of 256 random bits needs no slow digest.
    """

    name = models.CharField(_("name"), max_length=100, help_text=_("Whose it is."))
    start = models.CharField(
        _("begins with"), max_length=VISIBLE_CHARACTERS, editable=False
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    rate = models.PositiveIntegerField(
        _("requests a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Over all addresses; empty: as API_RATE_KEY says."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    last_used = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects = AppKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("app key")
        verbose_name_plural = _("app keys")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    def set_secret(self) -> str:
        """Make and return a secret for this key, without saving."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self.start, self.digest = secret[:VISIBLE_CHARACTERS], _digest(secret)
        return secret


def _write_use(pk: int, times: int) -> None:
    now = timezone.now()
    is_old = Q(last_used=None) | Q(last_used__lt=now - USE_NOTED_EVERY)
    AppKey.objects.filter(is_old, pk=pk).update(last_used=now)


_uses: Notes[int] = Notes(_write_use)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
