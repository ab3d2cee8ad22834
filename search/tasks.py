"""Celery's tasks. The database says what must be done; a message makes it prompt."""

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
SWEEP_IMAGES = 32
# How long other tasks on the queue wait for these.
FILL_SECONDS = 5.0
COMPARE_SECONDS = 2.0

# How far this process has got in its rounds of the catalogue.
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
    """Encode a few of the newest images whose message was lost."""
    encoding.encode_missing(limit=SWEEP_IMAGES)


@shared_task
def encode_missing() -> None:
    """Encode all that waits, in one process: two would do the same work."""
    with try_lock("encode_missing") as is_held:
        if is_held:
            encoding.encode_missing()


@shared_task
def encode_texts() -> None:
    """Encode the product texts that the next part of the catalogue lacks."""
    _text_sweep.step()


@shared_task
def fill_encoders() -> None:
    """Fill each encoder that does not serve for a few seconds."""
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
    report.save_results_if_built()


@shared_task
def find_duplicates() -> None:
    """Compare pictures for a few seconds, once everything has a code.

    Their thumbnails are made too, so that no shopper's first page waits for them.
    """
    with suppress(SearchUnavailable), try_lock("find_duplicates") as is_held:
        if is_held and not encoding.waiting_images().exists():
            finding.compare_missing(
                seconds=COMPARE_SECONDS, also=ProductImage.make_thumbnails
            )


@shared_task
def forget_missed_words() -> None:
    """Delete words that found nothing, after the days that the privacy page states."""
    forget_words()


@shared_task
def verify_gallery() -> None:
    """Verify the next part of the catalogue, and heal edits that recorded no change."""
    with suppress(SearchUnavailable):  # nothing serves that could be wrong
        _gallery_sweep.step()
