"""Pictures from outside: photos to search with, and images that are made ours."""

import hashlib
import io
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.utils.translation import gettext
from PIL.Image import Image

from pictures.decoding import SEARCH, decode
from pictures.errors import UnreadableImage
from pictures.formats import IMAGE_FORMATS, PHOTO_FORMATS, format_of
from pictures.pixels import Target

QUERY_SIDE = SEARCH.side  # pixels
STORED = Target(side=2000, draft_side=4000)
# A shopper's large photo waits so long for another's; then the shop says it is busy.
PATIENCE = 1.0  # seconds


@dataclass(frozen=True)
class StoredPicture:
    """A picture re-encoded by us: upright, RGB, without metadata."""

    content: bytes
    extension: str
    width: int
    height: int
    digest: str
    source_digest: str


def open_photo(file: IO[bytes]) -> Image:
    """Decode a shopper's photo: upright, RGB on white, its longer side ≤ QUERY_SIDE.

    Raises UnreadableImage and DecoderBusy.
    """
    return decode(
        _content(file),
        SEARCH,
        accepted=PHOTO_FORMATS,
        max_pixels=settings.MAX_PHOTO_PIXELS,
        patience=PATIENCE,
    )


def open_stored(file: IO[bytes]) -> Image:
    """Decode one of our own files, as small as open_photo makes a shopper's.

    The same decoding for both sides, so that a picture finds itself. Raises
    UnreadableImage.
    """
    return decode(_content(file), SEARCH, max_pixels=settings.MAX_PHOTO_PIXELS)


def prepare(file: IO[bytes]) -> StoredPicture:
    """Make ours what staff uploaded. Raises UnreadableImage.

    Re-encoding drops EXIF with its GPS, and whatever was hidden behind the picture.
    """
    if file.seek(0, io.SEEK_END) > settings.MAX_PHOTO_BYTES:
        megabytes = settings.MAX_PHOTO_BYTES // 2**20
        raise UnreadableImage("file_too_large", megabytes=megabytes)
    source = _content(file)
    is_webp = format_of(source, IMAGE_FORMATS) == "WEBP"
    image = decode(source, STORED, max_pixels=settings.MAX_PHOTO_PIXELS)
    out = io.BytesIO()
    if is_webp:
        image.save(out, "WEBP", quality=90, method=4)
    else:
        image.save(out, "JPEG", quality=92, optimize=True)
    content = out.getvalue()
    return StoredPicture(
        content=content,
        extension="webp" if is_webp else "jpg",
        width=image.width,
        height=image.height,
        digest=hashlib.sha256(content).hexdigest(),
        source_digest=hashlib.sha256(source).hexdigest(),
    )


def reason(error: UnreadableImage) -> str:
    """Say in the reader's language why a picture cannot be used."""
    return gettext(error.MESSAGES[error.code]) % error.values


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
