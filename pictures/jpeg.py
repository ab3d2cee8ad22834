"""Read the markers of a JPEG: they tell what decoding costs, before it begins."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from pictures.errors import UnreadableImage

MAX_SCANS = 100  # cameras and programs write 1 to some 20
MAX_METADATA_SEGMENTS = 200  # Pillow joins those of EXIF in quadratic time
MAX_SEGMENTS = 1000
MAX_PROFILE_BYTES = 64 * 1024  # cameras' and screens' are 0.5 to 4 KB

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EOI, _SOS = 0xD9, 0xDA
_PROGRESSIVE = 0xC2
_ORDINARY_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_METADATA = {*range(0xE0, 0xF0), 0xFE}
_WITHOUT_LENGTH = {0x00, 0x01, *range(0xD0, 0xD9), 0xFF}


END = bytes([0xFF, _EOI])
# Read as part of a scan it changes the picture; behind one it is passed over.
NOISE = bytes(n * n % 251 for n in range(4096))


class _Disorder(Exception):
    """A marker stands where none is expected, or is missing where one is."""


@dataclass(frozen=True)
class Frame:
    """How the pixels are coded."""

    kind: int
    width: int
    height: int
    sampling: tuple[tuple[int, int], ...]  # of each component: across, down

    @classmethod
    def read(cls, kind: int, body: bytes) -> Self:
        if len(body) < 6 or len(body) < 6 + 3 * body[5]:
            raise _Disorder
        height, width = struct.unpack_from(">HH", body, 1)
        factors = body[7 : 6 + 3 * body[5] : 3]
        sampling = tuple((max(1, f >> 4), max(1, f & 15)) for f in factors)
        return cls(kind, width, height, sampling)

    @property
    def coefficients(self) -> int:
        """Count the numbers that a decoder keeps of a picture in several scans."""
        across = max(h for h, _ in self.sampling)
        down = max(v for _, v in self.sampling)
        columns, rows = -(-self.width // (8 * across)), -(-self.height // (8 * down))
        return columns * rows * 64 * sum(h * v for h, v in self.sampling)


@dataclass(frozen=True)
class Jpeg:
    """A JPEG whose markers are in order."""

    frame: Frame
    scans: int
    has_end: bool

    def memory(self, scale: int) -> int:
        """Return the bytes that decoding at 1/scale of the size takes."""
        frame = self.frame
        in_several = self.scans > 1 or frame.kind == _PROGRESSIVE
        coefficients = 2 * frame.coefficients if in_several else 0
        pixels = -(-frame.width // scale) * -(-frame.height // scale)
        return coefficients + 8 * pixels


def read(content: bytes) -> Jpeg | None:
    """Return how a JPEG is coded; None where its markers are not plainly in order.

    Raises UnreadableImage for one of too many scans: each takes time for all pixels,
    and an empty one is 10 bytes long.
    """
    tally = _Tally()
    try:
        for kind, body in _segments(content):
            tally.add(kind, body)
            if tally.is_excessive:
                return None
    except _Disorder:
        return None
    if len(tally.frames) != 1 or not tally.scans:
        return None
    (frame,) = tally.frames
    if frame.kind not in _ORDINARY_FRAMES:
        return None
    return Jpeg(frame, tally.scans, tally.has_end)


def lacks_end(content: bytes) -> bool:
    """Tell a JPEG whose end marker is missing, though its markers are in order."""
    if content.endswith(END):
        return False
    coding = read(content)
    return coding is not None and not coding.has_end


def refuse_too_many_scans(content: bytes) -> None:
    """Count the scans as a decoder finds them, whatever stands between the markers.

    Raises UnreadableImage.
    """
    tally = _Tally()
    for kind, _ in _segments(content, strict=False):
        tally.add(kind, b"")


@dataclass
class _Tally:
    """What was seen of a JPEG so far."""

    frames: list[Frame] = field(default_factory=list)
    scans: int = 0
    segments: int = 0
    metadata: int = 0
    profile_bytes: int = 0
    has_end: bool = False

    def add(self, kind: int, body: bytes) -> None:
        self.segments += 1
        self.scans += kind == _SOS
        self.metadata += kind in _METADATA
        self.has_end = kind == _EOI
        if self.scans > MAX_SCANS:
            raise UnreadableImage("too_complex")
        if body.startswith(b"ICC_PROFILE\0"):
            self.profile_bytes += len(body)
        if kind in _FRAMES and body:
            self.frames.append(Frame.read(kind, body))

    @property
    def is_excessive(self) -> bool:
        return (
            self.segments > MAX_SEGMENTS
            or self.metadata > MAX_METADATA_SEGMENTS
            or self.profile_bytes > MAX_PROFILE_BYTES
        )


def _segments(content: bytes, *, strict: bool = True) -> Iterator[tuple[int, bytes]]:
    """Yield each marker with its segment, up to the end of the picture or the file.

    Raises _Disorder, if strict, for anything else between two segments.
    """
    position, kind = 2, 0
    while kind != _EOI:
        if kind == _SOS or not strict:
            found = _NEXT_MARKER.search(content, position)
            if found is None:
                return
            position = found.start()
        head = content[position : position + 4]
        if len(head) < 2 or head[0] != 0xFF or head[1] in _WITHOUT_LENGTH:
            if strict:
                raise _Disorder
            position += 2
            continue
        kind = head[1]
        length = int.from_bytes(head[2:]) if kind != _EOI else 0
        end = position + 2 + length
        yield kind, content[position + 4 : end]
        position = end
