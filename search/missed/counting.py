"""What shoppers looked for and the shop does not have: counted, and nothing else kept.

A day, what kind of thing it seemed to be, and how often. No picture, no code, no
address.
"""

from datetime import date

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from search.calibration import Match
from search.models import Missed
from search.query import WHOLE
from search.similar import Answer

log = structlog.get_logger(__name__)


def count_photo(answer: Answer) -> None:
    """Count a photo that was just sent, whole, and to which nothing comes close."""
    if answer.match != Match.NONE or answer.box != WHOLE:
        return
    _count(category=answer.category.name if answer.category else "")


def _count(*, category: str = "", words: str = "") -> None:
    """One more; a shopper's answer never fails by it."""
    today: date = timezone.localdate()
    try:
        with transaction.atomic():
            row, _is_new = Missed.objects.get_or_create(
                day=today, category=category, words=words
            )
            Missed.objects.filter(pk=row.pk).update(count=F("count") + 1)
    except DatabaseError as error:
        log.warning("search without success not counted", reason=str(error))
