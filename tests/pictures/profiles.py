"""ICC profiles as cameras and programs embed them."""

import struct

Column = tuple[float, float, float]

# How much red, green and blue each weigh in the profile's own space (XYZ at D50).
DISPLAY_P3 = (
    (0.5151, 0.2412, -0.0011),
    (0.2920, 0.6922, 0.0419),
    (0.1571, 0.0666, 0.7841),
)
ADOBE_RGB = (
    (0.6097, 0.3111, 0.0195),
    (0.2053, 0.6257, 0.0609),
    (0.1492, 0.0632, 0.7446),
)
D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(columns: tuple[Column, Column, Column], *, gamma: float = 2.2) -> bytes:
    tags = {
        name + b"XYZ": _xyz(column)
        for name, column in zip((b"r", b"g", b"b"), columns, strict=True)
    }
    tags |= {name + b"TRC": _curve(gamma) for name in (b"r", b"g", b"b")}
    return _profile(b"RGB ", tags)


def grey_profile(*, gamma: float) -> bytes:
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def _xyz(values: Column) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(
        struct.pack(">i", round(value * 65536)) for value in values
    )


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"text\0\0\0\0test\0\0\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78) + b"\0"
    tags = {b"wtpt": _xyz(D50), b"cprt": text, b"desc": name, **tags}
    entries, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        entries += tag + struct.pack(">II", offset + len(data), len(content))
        data += content
    body = struct.pack(">I", len(tags)) + entries + data
    header = bytearray(128)
    header[0:4] = struct.pack(">I", 128 + len(body))
    header[8:12] = b"\x02\x10\0\0"
    header[12:24] = b"mntr" + space + b"XYZ "
    header[36:40] = b"acsp"
    header[68:80] = _xyz(D50)[8:]
    return bytes(header) + body
