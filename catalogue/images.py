"""Pictures that come from outside: opened, checked, and made ours.

The only place where an incoming picture meets Pillow.
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from typing import IO

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image

try:
    from pillow_heif import register_heif_opener
except ImportError:
    HEIC = False
else:
    register_heif_opener()
    HEIC = True

# The formats that shops and phones send. Pillow knows forty more; each is a parser
# that strangers could reach.
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
FORMATS += ["HEIF"] if HEIC else []

MIN_SIDE = 8
STORED_SIDE = 2000
# Of a photo to search with. What a JPEG's own scaling leaves between the two is taken
# as it is: the network looks at 224 pixels.
QUERY_SIDE, LEAST_QUERY_SIDE = 512, 400

# Pillow would warn or raise by limits of its own; ours is checked below, on the
# header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow raises for damaged files: found by mutating 24,000 of them.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)

# A 50-megapixel PNG is 200 to 450 MB in memory; several at once must queue. Pillow
# takes 16 bytes a pixel for WebP, twice as many as for any other: half as many pixels.
LARGE_PIXELS = 6_000_000
_large = Semaphore(1)


class UnreadableImage(Exception):
    """No picture can be made of these bytes.

    code: `not_an_image`, `heic_not_supported` (nothing that we open), `empty_file`,
    `damaged_image`, `too_many_pixels`, `image_too_small` (a picture, but not usable),
    `file_too_large` (of what staff upload; a shopper's request is refused before).
    """

    MESSAGES: dict[str, Promise] = {
        "not_an_image": _(
            "This is not a picture that we can open. Send JPEG, PNG, WebP or AVIF."
        ),
        "heic_not_supported": _(
            "HEIC pictures cannot be opened here. Send it as JPEG: on an iPhone, "
            "Settings › Camera › Formats › Most Compatible."
        ),
        "empty_file": _("The file is empty."),
        "damaged_image": _("The picture is damaged or incomplete."),
        "too_many_pixels": _("The picture has too many pixels."),
        "image_too_small": _("The picture is too small: 8 pixels a side at least."),
        "file_too_large": _("The file is larger than %(megabytes)d MB."),
    }

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> str:
        text = str(self.MESSAGES[self.code])
        if self.code == "file_too_large":
            return text % {"megabytes": settings.MAX_PHOTO_BYTES // 2**20}
        return text

    @property
    def is_image(self) -> bool:
        """Whether it is a picture at all, only not one that can be used."""
        return self.code not in ("not_an_image", "heic_not_supported")

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class StoredPicture:
    """A picture re-encoded by us: upright, RGB, without metadata."""

    content: bytes
    extension: str
    width: int
    height: int
    digest: str
    source_digest: str


def open_photo(file: IO[bytes]) -> Image.Image:
    """A shopper's photo, upright, RGB on white, its longer side ≤ QUERY_SIDE.

    Raises UnreadableImage. JPEGs are decoded at the scale that is needed.
    """
    return _decode(file, QUERY_SIDE, least=LEAST_QUERY_SIDE)


def open_stored(file: IO[bytes]) -> Image.Image:
    """One of our own files, as small as open_photo makes a shopper's.

    The same decoding for both sides, so that a picture finds itself.
    """
    return _decode(file, QUERY_SIDE, least=LEAST_QUERY_SIDE)


def prepare(file: IO[bytes]) -> StoredPicture:
    """What staff uploaded, made ours. Raises UnreadableImage.

    Re-encoding drops EXIF with its GPS, and whatever was hidden behind the picture.
    """
    if file.seek(0, io.SEEK_END) > settings.MAX_PHOTO_BYTES:
        raise UnreadableImage("file_too_large")
    source_digest = digest_of(file)
    with _opened(file) as source:
        is_webp = source.format == "WEBP"
    image = _decode(file, STORED_SIDE, least=2 * STORED_SIDE)  # which closes the file
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
        source_digest=source_digest,
    )


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 of the whole file, which is left at its start."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def _decode(file: IO[bytes], side: int, *, least: int) -> Image.Image:
    """Its longer side ≤ `side`; a JPEG is scaled down as it is decoded, not below
    `least`. Twice the side leaves all to a proper filter.
    """
    with _opened(file) as image:
        width, height = image.size
        hunger = 2 if image.format == "WEBP" else 1
        if width * height * hunger > settings.MAX_PHOTO_PIXELS:
            raise UnreadableImage("too_many_pixels")
        if min(width, height) < MIN_SIDE:
            raise UnreadableImage("image_too_small")
        with _turn_in_queue(width * height):
            turn = TURNS.get(_orientation(image))  # decodes a PNG to find its EXIF
            # JPEG decodes at 1/2, 1/4 or 1/8 by itself; others ignore it.
            scale = least / max(width, height)
            least_size = max(1, int(width * scale)), max(1, int(height * scale))
            image.draft(None, least_size)
            small = _on_white(_shrunk(_averageable(image), side))
            image.close()  # its memory is free before the next one's turn
        return small.transpose(turn) if turn is not None else small


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Image.Image]:
    """The picture of a file, or UnreadableImage, also for damage found later."""
    file.seek(0)
    head = file.read(32)
    file.seek(0)
    if not head:
        raise UnreadableImage("empty_file")
    try:
        image = Image.open(file, formats=FORMATS)
    except DAMAGE as error:
        raise UnreadableImage(_code_of_unopened(head)) from error
    try:
        with image:
            yield image
    except DAMAGE as error:
        raise UnreadableImage("damaged_image") from error


STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def _code_of_unopened(head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"hevc"):
        return "damaged_image" if HEIC else "heic_not_supported"
    # The beginning of a picture, and then nothing that a picture has.
    is_picture = head.startswith(STARTS) or (head[8:12] in (b"WEBP", b"avif", b"avis"))
    if is_picture:
        return "damaged_image"
    return "not_an_image"


def _orientation(image: Image.Image) -> int:
    """How the camera was held, by EXIF; nonsense there counts as upright."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return 1


@contextmanager
def _turn_in_queue(pixels: int) -> Iterator[None]:
    """Large pictures one at a time, so that eight at once do not fill the memory."""
    if pixels <= LARGE_PIXELS:
        yield
        return
    with _large:
        yield


def _averageable(image: Image.Image) -> Image.Image:
    """In a mode whose values can be averaged: no palette, eight bits a channel."""
    if image.mode in ("P", "PA", "1"):
        return image.convert("RGBA" if _is_transparent(image) else "RGB")
    if image.mode.startswith("I"):
        # 16-bit grey; `convert` alone would clip it to white.
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return image


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        image.load()
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or (
        "transparency" in image.info
    )


def _on_white(image: Image.Image) -> Image.Image:
    if not _is_transparent(image):
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
