"""Which format a file has, by its first bytes, and which formats are opened."""

from importlib.util import find_spec

from pictures.errors import UnreadableImage

# pillow-heif is an extra: its wheel carries GPL code.
HEIC = find_spec("pillow_heif") is not None

# Pillow knows forty formats; each is a parser that strangers could reach.
PHOTO_FORMATS = frozenset({"JPEG", "PNG", "WEBP", "AVIF", "GIF", "HEIF"})
IMAGE_FORMATS = PHOTO_FORMATS | {"TIFF", "BMP"}

HEAD_BYTES = 64  # enough of a file to name its format
_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def format_of(content: bytes, accepted: frozenset[str]) -> str:
    """Return Pillow's name of the format.

    Raises UnreadableImage for what is no picture, or none of the accepted formats.
    """
    if not content:
        raise UnreadableImage("empty_file")
    name = _named(content[:HEAD_BYTES])
    if name is None:
        raise UnreadableImage("not_an_image")
    if name == "HEIF" and not HEIC:
        raise UnreadableImage("heic_not_supported")
    if name not in accepted:
        raise UnreadableImage("format_not_accepted", format=name)
    return name


def _named(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _named_by_brands(head)
    return next(
        (name for start, name in _STARTS.items() if head.startswith(start)), None
    )


def _named_by_brands(head: bytes) -> str | None:
    """Tell AVIF from HEIC: the major brand may be one that both use."""
    length = int.from_bytes(head[:4])
    compatible = {head[at : at + 4] for at in range(16, min(length, len(head)), 4)}
    brands = {head[8:12]} | compatible
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None
