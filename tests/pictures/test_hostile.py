"""A stranger's file costs no more than a picture of the size that it says."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pictures import isolation
from pictures.decoding import decode
from pictures.errors import DecoderBusy, UnreadableImage
from pictures.formats import PHOTO_FORMATS
from pictures.jpeg import MAX_METADATA_SEGMENTS, MAX_SCANS
from tests.builders import make_image
from tests.pictures import hostile
from tests.pictures.files import saved


def refused(content: bytes) -> str:
    with pytest.raises(UnreadableImage) as error:
        decode(content)
    return error.value.code


@pytest.fixture
def isolated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the formats of pictures decoded in a process of their own."""
    formats: list[str] = []
    decode_apart = isolation.decode

    def noted(content: bytes, job: isolation.Job, **options: object) -> Image.Image:
        formats.append(job.format)
        return decode_apart(content, job, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(isolation, "decode", noted)
    return formats


def test_as_many_scans_are_decoded_as_any_camera_writes() -> None:
    assert decode(hostile.jpeg(80, 64, scans=MAX_SCANS)).size == (80, 64)


def test_a_jpeg_of_more_scans_is_refused_before_it_is_decoded(
    isolated: list[str],
) -> None:
    content = hostile.jpeg(80, 64, scans=MAX_SCANS + 1)
    assert refused(content) == "too_complex"
    assert isolated == []


def test_scans_hidden_behind_junk_are_counted_apart(isolated: list[str]) -> None:
    content = hostile.jpeg(80, 64, scans=MAX_SCANS + 1)
    tables = content.index(b"\xff\xc4")
    assert refused(content[:tables] + b"\0" + content[tables:]) == "too_complex"
    assert isolated == ["JPEG"]


TAKES_MORE_THAN_IT_SAYS: dict[str, Callable[[], bytes]] = {
    "tiff in one large tile": lambda: hostile.tiff_with_a_large_tile(12_000),
    "avif in a large frame": lambda: hostile.avif_that_says_less(9000),
    "jpeg of empty segments": lambda: hostile.jpeg(64, 64).replace(
        b"\xff\xdb", hostile.segment(0xFE, b"") * 4_900_000 + b"\xff\xdb"
    ),
    "gif comments": lambda: hostile.gif(
        *(64, 64), frame=(64, 64), before=b"!\xfe" + b"\1a" * 6_000_000 + b"\0"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKES_MORE_THAN_IT_SAYS)
def test_no_more_memory_is_taken_than_the_header_says(name: str) -> None:
    assert refused(TAKES_MORE_THAN_IT_SAYS[name]()) in ("too_complex", "damaged_image")


@pytest.mark.slow
def test_a_file_that_takes_long_to_open_is_stopped() -> None:
    chunks = hostile.chunk(b"IDAT", b"") * 3_000_000
    assert refused(hostile.png(64, 64, after=chunks)) == "too_complex"


@pytest.mark.parametrize(
    "content",
    [
        make_image(format="GIF"),
        make_image(format="AVIF"),
        make_image(format="TIFF"),
        make_image(format="BMP"),
        make_image(format="WEBP", lossless=True),
        saved(Image.new("RGBA", (40, 30), (255, 0, 0, 99)), "WEBP"),
        hostile.jpeg(5000, 5000),  # progressive: its coefficients are kept
        hostile.jpeg(64, 64, frame=0xC9),
        hostile.png(4000, 4000, colour=6),
        hostile.png(64, 64, before=hostile.chunk(b"zTXt", b"a\0\0") * 20),
        hostile.png(64, 64).replace(b"IDAT", b"IHDR", 1),
        hostile.jpeg(64, 64).replace(
            *(b"\xff\xdb", hostile.segment(0xE1, b"Exif\0\0") * 300 + b"\xff\xdb", 1)
        ),
    ],
)
def test_what_its_header_does_not_bound_is_decoded_apart(
    content: bytes, isolated: list[str]
) -> None:
    try:
        decode(content)
    except UnreadableImage as error:
        assert error.code == "damaged_image"
    assert len(isolated) == 1


@pytest.mark.parametrize(
    "content",
    [
        make_image(size=(3000, 2000)),
        make_image(progressive=True),
        make_image(mode="CMYK"),
        make_image(mode="L"),
        make_image(format="PNG"),
        make_image(format="PNG", mode="RGBA", size=(1000, 1000)),
        make_image(format="WEBP", quality=80),
        make_image(format="WEBP", exif=b"Exif\0\0" + bytes(20)),
    ],
)
def test_usual_pictures_are_decoded_where_they_are(
    content: bytes, isolated: list[str]
) -> None:
    assert decode(content).mode == "RGB"
    assert isolated == []


@pytest.mark.parametrize("format", ["AVIF", "GIF", "TIFF", "BMP", "WEBP"])
def test_a_picture_is_the_same_decoded_apart(format: str, isolated: list[str]) -> None:
    content = make_image(size=(900, 700), format=format, **LOSSLESS.get(format, {}))
    with Image.open(io.BytesIO(content)) as opened:
        plain = opened.convert("RGB").resize(
            (512, 398), Image.Resampling.BICUBIC, None, 2
        )
    decoded = decode(content)
    assert decoded.size == plain.size
    assert isolated == [format]


LOSSLESS: dict[str, dict[str, object]] = {"WEBP": {"lossless": True}}


def test_large_pictures_are_decoded_one_at_a_time() -> None:
    large = hostile.png(4000, 4000, colour=6)
    with isolation._large, pytest.raises(DecoderBusy):
        decode(large, patience=0.05)
    assert decode(large, patience=0.05).size == (512, 512)


def test_who_waits_without_limit_gets_its_turn() -> None:
    large, sizes = hostile.png(4000, 4000, colour=6), []
    threads = [
        threading.Thread(target=lambda: sizes.append(decode(large).size))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [(512, 512)] * 3


def test_small_pictures_pass_a_large_one() -> None:
    with isolation._large:
        assert decode(make_image(format="AVIF"), patience=0).size == (240, 240)
        assert decode(make_image(), patience=0).size == (240, 240)


@pytest.mark.parametrize("kind", [2, 3])
def test_numbers_of_32_bits_count_twice(kind: int) -> None:
    content = hostile.tiff_of_numbers(1000, 1000, kind=kind)
    with pytest.raises(UnreadableImage) as error:
        decode(content, max_pixels=1_999_999)
    assert error.value.code == "too_many_pixels"
    assert decode(content, max_pixels=2_000_000).size == (512, 512)


def test_a_frame_larger_than_its_screen_counts() -> None:
    content = hostile.gif(16, 16, frame=(2000, 1000))
    with pytest.raises(UnreadableImage) as error:
        decode(content, max_pixels=1_000_000)
    assert error.value.code == "too_many_pixels"


@pytest.mark.parametrize(("width", "height"), [(65_500, 65_500), (65_535, 800)])
@pytest.mark.parametrize("frame", [0xC0, 0xC2])
def test_a_header_of_too_many_pixels_is_refused(
    width: int, height: int, frame: int
) -> None:
    assert refused(hostile.jpeg(width, height, frame=frame)) == "too_many_pixels"


@pytest.mark.parametrize("format", ["TIFF", "BMP"])
def test_a_format_that_is_not_accepted_is_named(format: str) -> None:
    with pytest.raises(UnreadableImage, match=f"{format} pictures") as error:
        decode(make_image(format=format), accepted=PHOTO_FORMATS)
    assert error.value.code == "format_not_accepted"
    assert not error.value.is_image


def test_metadata_of_a_usual_number_of_segments_is_read_in_place(
    isolated: list[str],
) -> None:
    several = hostile.segment(0xE2, b"x" * 100) * MAX_METADATA_SEGMENTS
    content = make_image()
    decode(content[:2] + several[: -104 * 2] + content[2:])
    assert isolated == []


def test_the_process_that_decodes_cannot_write_a_file(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    program = (
        "import pathlib, sys; from pictures import isolated; isolated.write_no_file();"
        "pathlib.Path(sys.argv[1]).write_bytes(b'photo')"
    )
    ended = subprocess.run([sys.executable, "-c", program, file], capture_output=True)
    assert b"File too large" in ended.stderr
    assert file.read_bytes() == b""
