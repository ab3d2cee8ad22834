"""Files that people send as photos: odd ones that work, and ones that cannot."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import ExifTags, Image

from tests.builders import draw_picture, make_image
from tests.pictures.hostile import jpeg


def png(width: int, height: int) -> bytes:
    """Return a PNG whose header says this size, with hardly anything behind it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def turned() -> bytes:
    """Return the picture of seed 0 as a phone stores it that was held upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    picture = draw_picture(0).transpose(Image.Transpose.ROTATE_90)
    picture.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def animated(format: str) -> bytes:
    frames = [draw_picture(seed) for seed in (0, 7)]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:], duration=99)
    return out.getvalue()


def sixteen_bit() -> bytes:
    grey = np.asarray(draw_picture(0).convert("L")).astype(np.uint16) * 257
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG")
    return out.getvalue()


def nonsense_exif() -> bytes:
    content = make_image(0)
    segment = b"Exif\0\0II*\0" + b"\xff" * 60
    length = struct.pack(">H", len(segment) + 2)
    return content[:2] + b"\xff\xe1" + length + segment + content[2:]


BAD: dict[str, tuple[bytes, int, str]] = {
    "text": (b"hello " * 100, 415, "not_an_image"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not_an_image"),
    "pdf": (b"%PDF-1.7\n" + b"x" * 500, 415, "not_an_image"),
    "zip": (b"PK\x03\x04" + b"\0" * 500, 415, "not_an_image"),
    "script": (b"#!/bin/sh\nrm -rf /\n", 415, "not_an_image"),
    "zeros": (b"\0" * 5000, 415, "not_an_image"),
    "tiff": (make_image(0, format="TIFF"), 415, "format_not_accepted"),
    "bmp": (make_image(0, format="BMP"), 415, "format_not_accepted"),
    "empty": (b"", 422, "empty_file"),
    "truncated": (make_image(0)[:2000], 422, "damaged_image"),
    "only a start": (b"\xff\xd8\xff\xe0" + b"\0" * 20, 422, "damaged_image"),
    "damaged png": (make_image(0, format="PNG")[:-300], 422, "damaged_image"),
    "huge header": (png(100_000, 100_000), 422, "too_many_pixels"),
    "endless header": (png(2**31 - 1, 2**31 - 1), 422, "too_many_pixels"),
    "bomb": (png(20_000, 20_000), 422, "too_many_pixels"),
    "one pixel": (make_image(size=(1, 1), format="PNG"), 422, "image_too_small"),
    "too many scans": (jpeg(800, 640, scans=9000), 422, "too_complex"),
    "seven high": (make_image(size=(90, 7), format="PNG"), 422, "image_too_small"),
}

GOOD: dict[str, Callable[[], bytes]] = {
    "turned": turned,
    "animated gif": lambda: animated("GIF"),
    "animated webp": lambda: animated("WEBP"),
    "cmyk": lambda: make_image(0, mode="CMYK"),
    "palette": lambda: make_image(0, mode="P", format="PNG"),
    "palette with transparency": lambda: make_image(
        0, mode="P", format="PNG", transparency=255
    ),
    "alpha": lambda: make_image(0, mode="RGBA", format="PNG"),
    "nonsense exif": nonsense_exif,
    "avif": lambda: make_image(0, format="AVIF"),
    "script behind": lambda: make_image(0) + b"<script>alert(1)</script>" * 9,
}
