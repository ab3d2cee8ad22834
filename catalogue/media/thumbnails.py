"""Names and addresses of a picture's thumbnails."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import PurePosixPath
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from imagekit import hashers
from imagekit.cachefiles import ImageCacheFile
from imagekit.cachefiles.backends import CacheFileState
from imagekit.utils import suggest_extension

from catalogue.media.storing import AWAY
from pictures.pixels import DAMAGE

log = structlog.get_logger(__name__)

T = TypeVar("T")

REMEMBERED_SECONDS = 600.0  # less than an address signed by a storage is valid
MAX_REMEMBERED = 20_000  # addresses

# What a storage, and Pillow on a damaged file, raise.
UNMAKEABLE: tuple[type[Exception], ...] = (*AWAY, *DAMAGE)

_remembered: dict[str, tuple[str, float]] = {}  # file: address, expiry


def url_of(thumbnail: ImageCacheFile) -> str:
    """Return the thumbnail's address, making it if missing; empty where that fails.

    One lost or damaged file must not take the whole page down.
    """
    return _attempted(thumbnail, lambda: str(thumbnail.url)) or ""


def make(thumbnail: ImageCacheFile) -> None:
    """Make the thumbnail if it is missing; a lost or damaged file has none."""
    _attempted(thumbnail, thumbnail.generate)


def _attempted(thumbnail: ImageCacheFile, attempt: Callable[[], T]) -> T | None:
    try:
        return attempt()
    except UNMAKEABLE as error:
        log.warning("no thumbnail", file=str(thumbnail), error=str(error))
        # imagekit would go on believing that it is being made.
        backend = thumbnail.cachefile_backend
        backend.set_state(thumbnail, CacheFileState.DOES_NOT_EXIST)
        return None


def card_url(file: str) -> str:
    """Return the address of the card of the picture with this file; remembered.

    imagekit asks the storage for each, and an answer shows twenty.
    """
    url, expiry = _remembered.get(file, ("", 0.0))
    if expiry > time.monotonic():
        return url
    from catalogue.models import ProductImage  # its thumbnails are named by this module

    # Without any size Django would open the file to measure it.
    url = url_of(ProductImage(file=file, width=1, height=1).card)
    if url:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        _remembered[file] = (url, time.monotonic() + REMEMBERED_SECONDS)
    return url


@receiver(setting_changed)
def forget(**kwargs: object) -> None:
    _remembered.clear()


def name_of(spec: Any) -> str:
    """Name a thumbnail by its picture and by how it is made.

    imagekit would pickle the spec for each; a page asks for dozens.
    """
    source = PurePosixPath(spec.source.name)
    extension = suggest_extension(source.name, spec.format)
    folder = PurePosixPath(settings.IMAGEKIT_CACHEFILE_DIR, source.with_suffix(""))
    digest = _digest_of(type(spec))  # type: ignore[arg-type]  # classes are hashable
    return str(folder / f"{digest}{extension}")


@cache
def _digest_of(kind: Any) -> str:
    """Digest a class of specs: another size or format is another name."""
    recipe = [kind.processors, kind.format, kind.options, kind.autoconvert]
    return str(hashers.pickle(recipe))[:12]
