"""Read the chunks of a PNG: they tell what decoding costs, before it begins."""

import struct

MAX_CHUNKS = 8192  # 20 MB in the 8 KB pieces that programs write are some 2,500
MAX_COMPRESSED_TEXTS = 16  # each may become a megabyte
MAX_PROFILE_BYTES = 16 * 1024  # compressed; cameras' and screens' are 0.5 to 4 KB

_HEAD = struct.Struct(">I4s")
_SIZE = struct.Struct(">IIBB")
# Of a pixel, by (bits, kind of colour): the picture, and what is made of it on the way
# to eight bits of RGB. Measured.
_BYTES_PER_PIXEL = {(16, 0): 11, (8, 0): 1, (8, 2): 4, (16, 2): 4}
_MOST_BYTES_PER_PIXEL = 10


def memory(content: bytes) -> int | None:
    """Return the bytes that decoding takes; None where that is not plainly bounded."""
    position, texts, header = 8, 0, None
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(content):
            break
        length, kind = _HEAD.unpack_from(content, position)
        if kind == b"IHDR":
            if header is not None or length != 13:
                return None
            header = content[position + 8 : position + 21]
        texts += kind in (b"zTXt", b"iTXt")
        if kind == b"iCCP" and length > MAX_PROFILE_BYTES:
            return None
        if kind == b"IEND":
            break
        position += 12 + length
    else:
        return None
    if header is None or len(header) < 13 or texts > MAX_COMPRESSED_TEXTS:
        return None
    width, height, bits, colour = _SIZE.unpack_from(header)
    per_pixel = _BYTES_PER_PIXEL.get((bits, colour), _MOST_BYTES_PER_PIXEL)
    return int(width * height * per_pixel)
