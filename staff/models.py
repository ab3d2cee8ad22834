"""Forms that were sent: each counts once, however often a button is pressed."""

from django.db import models


class SentForm(models.Model):
    """A form as somebody sent it, and where its answer led."""

    # Of the page it was on, who sent it, and all that was in it.
    digest = models.CharField(max_length=64, unique=True)
    location = models.CharField(max_length=2000, blank=True)
    sent = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.sent:%Y-%m-%d %H:%M} {self.location}"
