"""What shoppers looked for and the shop does not have: counted, and nothing else kept.

A day, what kind of thing a photo seemed to show, or the words that found nothing, and
how often. No picture, no code, no address. Words may tell of somebody who typed them:
what looks like an address or a number of a person is not kept, staff sees what was
asked twice at least, and KEPT_DAYS later it is gone.
"""

import re
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from outages.later import Notes
from search.answers.answer import Answer
from search.answers.query import WHOLE
from search.gallery.calibration import Match
from search.models import Missed
from search.words.language.tokens import normalize

LONGEST = 60  # characters of words that are kept
KEPT_DAYS = 90
# A mail address, or as many digits as a telephone or a card has.
PERSONAL = re.compile(r"@|(?:\d\W?){6}")

Miss = tuple[date, str, str]  # day, category, words


def count_photo(answer: Answer) -> None:
    """Count a photo that was just sent, whole, and to which nothing comes close."""
    if answer.match != Match.NONE or answer.box != WHOLE:
        return
    _count(category=answer.category.name if answer.category else "")


def count_words(typed: str, answer: Answer) -> None:
    """Count words that were just typed, without other filters, and found nothing."""
    text = normalize(typed)[:LONGEST]
    if answer.match != Match.NONE or not text or PERSONAL.search(text):
        return
    _count(words=text)


def forget_words() -> None:
    """Delete words of KEPT_DAYS ago and before."""
    since = timezone.localdate() - timedelta(days=KEPT_DAYS)
    Missed.objects.exclude(words="").filter(day__lt=since).delete()


def _count(*, category: str = "", words: str = "") -> None:
    _misses.add((timezone.localdate(), category, words))


def _write(miss: Miss, times: int) -> None:
    """Count in one statement, but for the first of the day."""
    row: dict[str, Any] = dict(zip(("day", "category", "words"), miss, strict=True))
    if not _add(row, times):
        with transaction.atomic():
            Missed.objects.get_or_create(**row)
            _add(row, times)


def _add(row: dict[str, Any], times: int) -> int:
    """Return how many rows there were to count in."""
    return Missed.objects.filter(**row).update(count=F("count") + times)


_misses: Notes[Miss] = Notes(_write)
