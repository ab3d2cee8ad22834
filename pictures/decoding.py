"""Decode a picture from anywhere, at a cost that is known before it begins.

JPEG, PNG and lossy WebP of usual size are decoded where they are: their headers were
read, and bound the time and memory that they take. Everything else is decoded in a
process of its own, with limits.
"""

from collections.abc import Callable
from functools import partial

from PIL import Image

from pictures import isolation, jpeg, pixels, png, webp
from pictures.errors import UnreadableImage
from pictures.formats import IMAGE_FORMATS, format_of
from pictures.pixels import Target

MAX_PIXELS = 50_000_000
SMALL_BYTES = 128 * 1024 * 1024  # of memory; several such may be decoded at once

# What a JPEG's own scaling leaves between the two is taken as it is: networks look at
# 224 pixels.
SEARCH = Target(side=512, draft_side=400)


def decode(
    content: bytes,
    target: Target = SEARCH,
    *,
    accepted: frozenset[str] = IMAGE_FORMATS,
    max_pixels: int = MAX_PIXELS,
    patience: float | None = None,
) -> Image.Image:
    """Decode a picture: upright, RGB on white, no larger than the target.

    accepted: Pillow's names of formats. patience: seconds to wait while other large
    pictures are decoded, without limit by default. Raises UnreadableImage and
    DecoderBusy.
    """
    format = format_of(content, accepted)
    decode_whole = partial(
        _decode, format=format, target=target, max_pixels=max_pixels, patience=patience
    )
    if format == "JPEG" and jpeg.lacks_end(content):
        return _decode_without_end(content, decode_whole)
    return decode_whole(content)


def _decode(
    content: bytes,
    *,
    format: str,
    target: Target,
    max_pixels: int,
    patience: float | None,
) -> Image.Image:
    memory = _plain_memory(content, format, target)
    if memory is not None and memory <= SMALL_BYTES:
        with pixels.opened(content, format, max_pixels) as image:
            return pixels.reduced(image, target)
    job = isolation.Job(format, target, max_pixels, len(content))
    return isolation.decode(content, job, large=SMALL_BYTES, patience=patience)


def _decode_without_end(
    content: bytes, decode_whole: Callable[[bytes], Image.Image]
) -> Image.Image:
    """Decode a JPEG that lacks its end marker, if nothing else of it is missing.

    Then what comes between its last scan and the marker changes nothing; where a part
    of the scan is missing, it would be read as that part.
    """
    begun = content.rstrip(b"\xff")
    picture = decode_whole(begun + jpeg.END)
    if decode_whole(begun + jpeg.NOISE + jpeg.END).tobytes() != picture.tobytes():
        raise UnreadableImage("damaged_image")
    return picture


def _plain_memory(content: bytes, format: str, target: Target) -> int | None:
    """Return the bytes that decoding takes; None where that is not plainly bounded."""
    if format == "PNG":
        return png.memory(content)
    if format == "WEBP":
        return webp.memory(content)
    coding = jpeg.read(content) if format == "JPEG" else None
    if coding is None:
        return None
    width, height = coding.frame.width, coding.frame.height
    across, down = target.draft_size(width, height)
    reduction = max(1, min(width // across, height // down))
    return coding.memory(max(scale for scale in (1, 2, 4, 8) if scale <= reduction))
