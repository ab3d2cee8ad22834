"""What the thumbnails of a picture are called, and where they are."""

import time
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from imagekit import hashers
from imagekit.cachefiles import ImageCacheFile
from imagekit.utils import suggest_extension

from catalogue.storing import AWAY

log = structlog.get_logger(__name__)

# Seconds that an address is remembered: less than one that a storage signs is good for.
KEPT_FOR = 600.0
MOST_KEPT = 20_000

_kept: dict[str, tuple[str, float]] = {}  # by the picture's file; and until when


def url_of(thumbnail: ImageCacheFile) -> str:
    """Where the thumbnail is, made if it is not; empty when its file is lost.

    One lost file must not take the whole page with it.
    """
    try:
        return str(thumbnail.url)
    except AWAY as error:
        log.warning("picture lost", file=str(thumbnail), error=str(error))
        return ""


def card_url(file: str) -> str:
    """The same of the card of the picture with this file, which never changes.

    imagekit asks the storage for each, and an answer shows twenty.
    """
    url, until = _kept.get(file, ("", 0.0))
    if until > time.monotonic():
        return url
    from catalogue.models import ProductImage  # its thumbnails are named by this module

    # Without any size Django would open the file to measure it.
    url = url_of(ProductImage(file=file, width=1, height=1).card)
    if url:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[file] = (url, time.monotonic() + KEPT_FOR)
    return url


@receiver(setting_changed)
def forget(**kwargs: object) -> None:
    _kept.clear()


def name_of(spec: Any) -> str:
    """By the picture and by how it is made smaller; a page asks for dozens.

    imagekit would pickle all of that for each.
    """
    source = PurePosixPath(spec.source.name)
    extension = suggest_extension(source.name, spec.format)
    folder = PurePosixPath(settings.IMAGEKIT_CACHEFILE_DIR, source.with_suffix(""))
    digest = _digest_of(type(spec))  # type: ignore[arg-type]  # classes are hashable
    return str(folder / f"{digest}{extension}")


@cache
def _digest_of(kind: Any) -> str:
    """Of a class of specs: another size or format is another name."""
    made = [kind.processors, kind.format, kind.options, kind.autoconvert]
    return str(hashers.pickle(made))[:12]
