"""Turn an opened picture into the one that is used: upright, RGB on white, small."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from PIL import (  # the plugins register themselves; Pillow would load all forty
    AvifImagePlugin,  # noqa: F401
    ExifTags,
    Image,
    ImageOps,
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from pictures.colour import to_srgb
from pictures.errors import UnreadableImage

MIN_SIDE = 8  # pixels

# Pillow would warn or raise by limits of its own; ours is checked below, on the
# header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

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
    RuntimeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Target:
    """How large a decoded picture is to be, in pixels of its longer side.

    A JPEG is scaled down as it is decoded, not below `draft_side`; twice the side
    leaves all to a proper filter.
    """

    side: int
    draft_side: int

    def draft_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size below which a JPEG is not scaled down."""
        scale = self.draft_side / max(width, height)
        return max(MIN_SIDE, int(width * scale)), max(MIN_SIDE, int(height * scale))


@contextmanager
def opened(content: bytes, format: str, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture by its header and check its size.

    Raises UnreadableImage, also for damage found while it is open.
    """
    try:
        with Image.open(io.BytesIO(content), formats=[format]) as image:
            _check_size(image, max_pixels)
            yield image
    except MemoryError as error:
        raise UnreadableImage("too_complex") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too_many_pixels") from error
    except DAMAGE as error:
        raise UnreadableImage("damaged_image") from error


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height * memory_factor(image) > max_pixels:
        raise UnreadableImage("too_many_pixels")
    if min(width, height) < MIN_SIDE:
        raise UnreadableImage("image_too_small")


def memory_factor(image: Image.Image) -> int:
    """Return 2 where a pixel takes twice the memory that it takes of other pictures.

    WebP's decoder keeps several canvases; numbers of 32 bits are converted twice.
    """
    return 2 if image.format == "WEBP" or image.mode in ("I", "F") else 1


def reduced(image: Image.Image, target: Target) -> Image.Image:
    """Decode an opened picture: upright, RGB on white, no larger than the target."""
    image.draft(None, target.draft_size(*image.size))  # other formats ignore it
    image.load()
    orientation = _orientation(image)  # TIFF: none any more, Pillow has turned it
    profile = image.info.get("icc_profile")
    small = _shrunk(_averageable(image), target.side)
    small = _on_white(to_srgb(small, profile))
    image.close()
    return _upright(small, orientation)


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held, by EXIF; nonsense there counts as upright."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    image.info.clear()  # metadata goes no further; Pillow would save a comment again
    image.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _averageable(image: Image.Image) -> Image.Image:
    """Convert to a mode whose values can be averaged: no palette, eight bits.

    Numbers with a fraction are shares of white, or eight bits all the same.
    """
    if image.mode in ("P", "PA", "1"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode.startswith("I"):
        # 16-bit grey; `convert` alone would clip it to white.
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode == "F" and cast(tuple[float, float], image.getextrema())[1] <= 1:
        return image.point(lambda value: value * 255).convert("L")
    return image


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    # A very narrow one becomes less so: it is stored, and has to be opened again.
    width, height = (max(MIN_SIDE, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
