"""Small files that would take minutes or gigabytes, were they simply decoded."""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

DQT = b"\0" + b"\1" * 64


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def huffman(kind: int, symbol: int) -> bytes:
    """Return a table of one code, one bit long."""
    return segment(0xC4, bytes([kind << 4, 1]) + bytes(15) + bytes([symbol]))


def scan(components: range, first: int, last: int) -> bytes:
    ids = b"".join(bytes([component, 0]) for component in components)
    return segment(0xDA, bytes([len(components)]) + ids + bytes([first, last, 0]))


def jpeg(
    width: int,
    height: int,
    *,
    scans: int = 1,
    frame: int = 0xC2,
    end: bytes = b"\xff\xd9",
) -> bytes:
    """Return a grey JPEG with hardly anything in it, progressive by default."""
    head = struct.pack(">BHHB", 8, height, width, 3)
    parts = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    start = b"\xff\xd8" + segment(0xDB, DQT) + segment(frame, head + parts)
    tables = huffman(0, 0) + huffman(1, 0)
    if frame != 0xC2:
        return start + tables + scan(range(1, 4), 0, 63) + bytes(9) + end
    more = (scan(range(1 + n % 3, 2 + n % 3), 1, 63) for n in range(scans - 1))
    return start + tables + scan(range(1, 4), 0, 0) + b"".join(more) + end


def chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def png(
    width: int,
    height: int,
    *,
    bits: int = 8,
    colour: int = 2,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Return a whole black PNG with further chunks before and after its pixels."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    row = bytes(1 + width * channels * bits // 8)
    squeeze = zlib.compressobj(9)
    pixels = b"".join(
        [*(squeeze.compress(row) for _ in range(height)), squeeze.flush()]
    )
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before,
            chunk(b"IDAT", pixels) + after + chunk(b"IEND", b""),
        ]
    )


def tiff(tags: dict[int, tuple[int, int | bytes]], data: bytes) -> bytes:
    """Return a TIFF of these tags; `data` is where tag 0 points."""
    longer = b""
    head = 8 + 2 + 12 * len(tags) + 4
    size = head + sum(len(v) for _, v in tags.values() if isinstance(v, bytes))
    entries = []
    for tag, (kind, value) in sorted(tags.items()):
        if isinstance(value, bytes):
            count = len(value) // {3: 2, 4: 4}[kind]
            entries.append(struct.pack("<HHII", tag, kind, count, head + len(longer)))
            longer += value
        else:
            entries.append(struct.pack("<HHII", tag, kind, 1, value if value else size))
    count = struct.pack("<IH", 8, len(tags))
    return b"II*\0" + count + b"".join(entries) + bytes(4) + longer + data


AT_DATA = 0  # a tag of this value says where the data is


def compressed_rows(row: bytes, count: int) -> bytes:
    squeeze = zlib.compressobj(9)
    rows = (squeeze.compress(row) for _ in range(count))
    return b"".join([*rows, squeeze.flush()])


def tiff_with_a_large_tile(tile: int) -> bytes:
    """64 × 64 pixels, it says, in one tile of `tile` × `tile`."""
    data = compressed_rows(bytes(tile * 3), tile)
    eight = struct.pack("<HHH", 8, 8, 8)
    tags: dict[int, tuple[int, int | bytes]] = {
        256: (3, 64), 257: (3, 64), 258: (3, eight), 259: (3, 8), 262: (3, 2),
        277: (3, 3), 284: (3, 1), 322: (4, tile), 323: (4, tile),
        324: (4, AT_DATA), 325: (4, len(data)),
    }  # fmt: skip
    return tiff(tags, data)


def tiff_of_numbers(width: int, height: int, *, kind: int) -> bytes:
    """Whole numbers of 32 bits (kind 2) or floating ones (3)."""
    data = compressed_rows(bytes(width * 4), height)
    tags: dict[int, tuple[int, int | bytes]] = {
        256: (4, width), 257: (4, height), 258: (3, 32), 259: (3, 8), 262: (3, 1),
        273: (4, AT_DATA), 277: (3, 1), 278: (4, height), 279: (4, len(data)),
        284: (3, 1), 339: (3, kind),
    }  # fmt: skip
    return tiff(tags, data)


def avif_that_says_less(side: int) -> bytes:
    """64 × 64 pixels, it says, in a frame of `side` × `side`."""
    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "AVIF", speed=10)
    content = file.getvalue()
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", 64, 64) + content[at + 8 :]


def gif(
    width: int, height: int, *, frame: tuple[int, int], before: bytes = b""
) -> bytes:
    """Return a GIF of one colour, whose frame may be larger than its screen."""
    codes = b"".join(_lzw(frame[0] * frame[1]))
    blocks = (codes[at : at + 255] for at in range(0, len(codes), 255))
    data = b"".join(bytes([len(block)]) + block for block in blocks)
    screen = struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + bytes(768)
    place = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x08"
    return b"GIF89a" + screen + before + place + data + b"\0;"


def _lzw(pixels: int) -> Iterator[bytes]:
    """Code so many pixels of colour 0: each code stands for one pixel more."""
    bits, n_bits = 0, 0

    def put(code: int, size: int) -> None:
        nonlocal bits, n_bits
        bits, n_bits = bits | code << n_bits, n_bits + size

    size, following, run = 9, 258, 0
    while pixels > 0:
        if run == 0 or following > 4095:
            put(256, size)
            size, following, run = 9, 258, 1
            put(0, size)
        else:
            put(following, size)
            following, run = following + 1, run + 1
            size += following == 1 << size and size < 12
        pixels -= run
        yield (bits & (1 << n_bits // 8 * 8) - 1).to_bytes(n_bits // 8, "little")
        bits, n_bits = bits >> n_bits // 8 * 8, n_bits % 8
    put(257, size)
    yield bits.to_bytes((n_bits + 7) // 8, "little")
