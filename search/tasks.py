"""Celery's door. What must be done is in the database; a message only makes it soon."""

from contextlib import suppress

import structlog
from celery import shared_task

from catalogue.models import ProductImage
from search.duplicates import finding
from search.encoders import encoding, filling, registry
from search.engines.engine import engine
from search.engines.verification import Sweep
from search.errors import Refused, SearchUnavailable
from search.golden import report
from search.locks import try_lock
from search.missed.counting import forget_words
from search.words.text_encoding import TextSweep

log = structlog.get_logger()

# The sweep shares its queue with uploads, so it is short.
SWEEP = 32
# What is behind it on its queue waits no longer.
FILL_SECONDS = 5.0
COMPARE_SECONDS = 2.0

# Where this process is on its way round the catalogue.
_gallery_sweep = Sweep()
_text_sweep = TextSweep()

RETRY = {
    "autoretry_for": (OSError,),
    "retry_backoff": True,
    "retry_backoff_max": 60,
    "max_retries": 5,
}


@shared_task(**RETRY)  # type: ignore[call-overload,untyped-decorator,unused-ignore]
def encode_images(image_ids: list[int]) -> None:
    encoding.encode(image_ids)


@shared_task
def sweep() -> None:
    """What lost its message, a few at a time, the newest first."""
    encoding.encode_missing(limit=SWEEP)


@shared_task
def encode_missing() -> None:
    """All that waits; one at a time, since two would do the same work."""
    with try_lock("encode_missing") as is_held:
        if is_held:
            encoding.encode_missing()


@shared_task
def encode_texts() -> None:
    """The meanings that the next part of the catalogue lacks."""
    _text_sweep.step()


@shared_task
def fill_encoders() -> None:
    """A few seconds for each encoder that does not serve."""
    with try_lock("fill_encoders") as is_held:
        for row in registry.live()[1:] if is_held else []:
            try:
                filling.fill(row, seconds=FILL_SECONDS)
            except (Refused, SearchUnavailable) as error:
                log.error("encoder is not filled", encoder=row.name, reason=str(error))


@shared_task
def refresh_snapshot() -> None:
    try:
        engine().keep_up()
    except SearchUnavailable as error:
        log.warning("gallery is not brought up to date", reason=str(error))
    report.note_if_built()


@shared_task
def find_duplicates() -> None:
    """A few seconds of comparing pictures, once everything has a code; with their
    thumbnails, so that no shopper's first page waits for these.
    """
    with suppress(SearchUnavailable), try_lock("find_duplicates") as is_held:
        if is_held and not encoding.waiting_images().exists():
            finding.compare_missing(
                seconds=COMPARE_SECONDS, also=ProductImage.make_thumbnails
            )


@shared_task
def forget_missed_words() -> None:
    """The privacy page says when."""
    forget_words()


@shared_task
def verify_gallery() -> None:
    """The next part of the catalogue, for what changed without anybody saying so."""
    with suppress(SearchUnavailable):  # nothing serves that could be wrong
        _gallery_sweep.step()
