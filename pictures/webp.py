"""Read the chunks of a WebP: they tell what decoding costs, before it begins."""

MAX_CHUNKS = 16
MAX_PROFILE_BYTES = 64 * 1024
BYTES_PER_PIXEL = 16  # libwebp keeps three canvases beside the picture

# Only what is compressed like a video's frame: the time and the memory that lossless
# pictures, alpha and animations take is not told by their size.
_PLAIN_CHUNKS = {b"VP8 ", b"VP8X", b"ICCP", b"EXIF", b"XMP "}


def memory(content: bytes) -> int | None:
    """Return the bytes that decoding takes; None where that is not plainly bounded."""
    position = 12
    kinds: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    for _ in range(MAX_CHUNKS):
        head = content[position : position + 8]
        if len(head) < 8:
            break
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        body = content[position + 8 : position + 18]
        if kind not in _PLAIN_CHUNKS or len(body) < min(length, 10):
            return None
        kinds.append(kind)
        if kind == b"ICCP" and length > MAX_PROFILE_BYTES:
            return None
        if kind == b"VP8X":
            sizes.append((1 + _number(body[4:7]), 1 + _number(body[7:10])))
        if kind == b"VP8 ":
            sizes.append((_number(body[6:8]) & 0x3FFF, _number(body[8:10]) & 0x3FFF))
        position += 8 + length + length % 2
    else:
        return None
    if kinds.count(b"VP8 ") != 1:
        return None
    return max(w for w, _ in sizes) * max(h for _, h in sizes) * BYTES_PER_PIXEL


def _number(little_endian: bytes) -> int:
    return int.from_bytes(little_endian, "little")
