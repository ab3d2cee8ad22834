"""Files that are no picture, or an odd one: what people really send."""

import io
import struct
import zlib

from PIL import Image

from tests.builders import draw_picture, make_image


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def huge_png() -> bytes:
    """Return a header of 100,000 × 100,000 and next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def animated_gif() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def sixteen_bit() -> bytes:
    return saved(Image.new("I;16", (40, 30), 40_000), "PNG")


def palette_with_transparency() -> bytes:
    image = Image.new("P", (40, 30), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    return saved(image, "PNG", transparency=1)


def with_gps() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    exif[0x010F] = "Phone of Ada"
    return make_image(1, exif=exif)


def turned(tag: int, format: str = "JPEG") -> bytes:
    """Upright, its top left corner would be red; stored as EXIF `tag` says."""
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste("red", (0, 0, 24, 12))
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = tag
    stored = upright.transpose(inverse[tag]) if tag in inverse else upright
    return saved(stored, format, exif=exif, quality=95)


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)

# By what is said of them: (file, code).
REFUSED = {
    "not an image": (b"This is a shopping list.", "not_an_image"),
    "zero bytes": (b"", "empty_file"),
    "truncated": (make_image(1)[:2000], "damaged_image"),
    "only a header": (make_image(1, format="PNG")[:40], "damaged_image"),
    "truncated avif": (saved(draw_picture(1), "AVIF")[:150], "damaged_image"),
    "truncated tiff": (make_image(1, format="TIFF")[:60], "damaged_image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not_an_image"),
    "pdf": (b"%PDF-1.7\n" + bytes(100), "not_an_image"),
    "huge header": (huge_png(), "too_many_pixels"),
    "one pixel": (make_image(1, size=(1, 1), format="PNG"), "image_too_small"),
    "heic": (HEIC, "heic_not_supported"),
}

ACCEPTED = {
    "animated gif": animated_gif(),
    "cmyk": make_image(1, mode="CMYK"),
    "16 bit": sixteen_bit(),
    "palette with transparency": palette_with_transparency(),
    "one bit": make_image(1, mode="1", format="PNG"),
    "grey with alpha": make_image(1, mode="LA", format="PNG"),
    "nonsense exif": make_image(1, exif=b"Exif\x00\x00" + bytes(range(200))),
    "avif": saved(draw_picture(1), "AVIF"),
    "webp": make_image(1, format="WEBP"),
    "bmp": make_image(1, format="BMP"),
    "tiff": make_image(1, format="TIFF"),
    "script behind": make_image(1) + b"<script>alert(1)</script><?php evil(); ?>",
    "turned": turned(6),
    "with gps": with_gps(),
}
