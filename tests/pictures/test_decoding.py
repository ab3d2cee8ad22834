"""What becomes of the pictures that cameras, shops and people send."""

import io
import random
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from catalogue.media.images import STORED, open_photo
from hashing.picture_sets import open_picture
from pictures import pixels
from pictures.decoding import MAX_PIXELS, SEARCH, decode
from pictures.errors import UnreadableImage
from pictures.formats import HEIC
from pictures.pixels import Target
from tests.builders import draw_picture, make_image
from tests.pictures import files
from tests.pictures.files import ACCEPTED, REFUSED, saved

# Pillow warns of what it skips in damaged files; what counts is what comes out.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_by_its_own_code(name: str) -> None:
    content, code = REFUSED[name]
    with pytest.raises(UnreadableImage) as refused:
        decode(content)
    assert refused.value.code == ("damaged_image" if name == "heic" and HEIC else code)
    assert str(refused.value)


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_pictures_become_plain_ones(name: str) -> None:
    assert decode(ACCEPTED[name]).mode == "RGB"


def test_the_shop_and_the_library_decode_alike() -> None:
    file = io.BytesIO(make_image(1, size=(1500, 900), exif=exif_of(6)))
    assert open_photo(file).tobytes() == open_picture(file).tobytes()
    assert open_picture(file).size == (307, 512)


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("tag", range(1, 9))
def test_a_picture_is_turned_once_as_its_exif_says(tag: int, format: str) -> None:
    image = decode(files.turned(tag, format))
    assert image.size == (64, 32)
    red, green, _blue = image.getpixel((4, 4))  # type: ignore[misc]
    assert red > 200 and green < 90
    assert min(image.getpixel((60, 28))) > 200  # type: ignore[arg-type]


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "tiff_deflate"])
def test_a_turned_tiff_is_turned_once_however_it_is_compressed(
    compression: str,
) -> None:
    upright = make_image(3, size=(80, 60), format="TIFF", compression=compression)
    lying = draw_picture(3, (80, 60)).transpose(Image.Transpose.ROTATE_90)
    content = saved(lying, "TIFF", compression=compression, exif=exif_of(6))
    assert decode(content).size == (80, 60)
    if compression != "jpeg":
        assert decode(content).tobytes() == decode(upright).tobytes()


@pytest.mark.parametrize("tag", [0, 9, 255])
def test_an_orientation_that_does_not_exist_counts_as_upright(tag: int) -> None:
    assert decode(files.turned(tag)).size == (64, 32)


def test_the_first_frame_of_an_animation_counts() -> None:
    red, _green, blue = decode(ACCEPTED["animated gif"]).getpixel((20, 15))  # type: ignore[misc]
    assert red > 200 and blue < 60


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_brightness(format: str) -> None:
    content = saved(Image.new("I;16", (40, 30), 40_000), format)
    grey = decode(content).getpixel((5, 5))
    assert grey == (155, 155, 155)


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_numbers_with_a_fraction_are_shares_of_white(white: float) -> None:
    image = Image.new("F", (40, 30), white)
    image.paste(white / 2, (0, 0, 20, 30))
    decoded = decode(saved(image, "TIFF"))
    assert decoded.getpixel((5, 15)) == (127, 127, 127)
    assert decoded.getpixel((35, 15)) == (255, 255, 255)


def followed_by(image: Image.Image) -> dict[str, Any]:
    return {"save_all": True, "append_images": [Image.new("RGB", image.size)]}


def several_at_once() -> dict[str, bytes]:
    upright = Image.new("RGB", (64, 32), "white")
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    moving = b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\xff\xd9" * 9000
    return {
        "two views": saved(lying, "MPO", exif=exif_of(6), **followed_by(lying)),
        "with its film": saved(lying, "JPEG", exif=exif_of(6)) + moving,
        "pages": saved(upright, "TIFF", **followed_by(lying)),
        "moving png": saved(upright, "PNG", **followed_by(upright)),
    }


@pytest.mark.parametrize("name", several_at_once())
def test_the_first_of_several_pictures_in_a_file_counts(name: str) -> None:
    image = decode(several_at_once()[name])
    assert image.size == (64, 32)
    assert min(image.getpixel((30, 15))) > 250  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (40, 30), (255, 0, 0, 0)),
        Image.new("LA", (40, 30), (0, 0)),
    ],
)
def test_transparency_becomes_white(image: Image.Image) -> None:
    assert decode(saved(image, "PNG")).getpixel((5, 5)) == (255, 255, 255)


def test_large_pictures_are_made_smaller_and_small_ones_stay() -> None:
    assert decode(make_image(1, size=(3000, 1500))).size == (512, 256)
    assert decode(make_image(1, size=(3000, 1500)), STORED).size == (2000, 1000)
    assert decode(make_image(1, size=(30, 20))).size == (30, 20)


def test_a_large_jpeg_is_decoded_no_larger_than_it_must_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load, sizes = JpegImageFile.load, []

    def noted(image: JpegImageFile) -> Any:
        sizes.append(image.size)
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", noted)
    assert decode(make_image(size=(2400, 1800))).size == (512, 384)
    assert (600, 450) in sizes and (1200, 900) not in sizes


@pytest.mark.parametrize("size", [(8, 20_000), (20_000, 8), (20, 4000), (9, 2100)])
@pytest.mark.parametrize("target", [SEARCH, STORED])
def test_a_narrow_picture_can_be_opened_again_as_it_is_stored(
    size: tuple[int, int], target: Target
) -> None:
    stored = decode(make_image(1, size=size, format="PNG"), target)
    assert min(stored.size) >= 8
    again = decode(saved(stored, "JPEG"))
    assert min(again.size) == 8 and max(again.size) == 512


JPEGS: dict[str, bytes] = {
    "baseline": make_image(1, size=(300, 200)),
    "progressive": make_image(1, size=(300, 200), progressive=True),
    "cmyk": make_image(1, size=(300, 200), mode="CMYK"),
    "with restarts": make_image(1, size=(300, 200), restart_marker_rows=1),
    "large": make_image(1, size=(2400, 1600)),
    "with a thumbnail": make_image(1, exif=b"Exif\0\0" + make_image(2)),
}


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_may_lack_its_end_marker(name: str) -> None:
    content = JPEGS[name]
    assert content.endswith(b"\xff\xd9")
    for cut in (content[:-2], content[:-1], content[:-2] + bytes(5000)):
        assert decode(cut).tobytes() == decode(content).tobytes()


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_jpeg_that_lacks_more_is_damaged(name: str, share: float) -> None:
    content = JPEGS[name]
    with pytest.raises(UnreadableImage) as refused:
        decode(content[: int(len(content) * share)])
    assert refused.value.code == "damaged_image"


def mutated(chance: random.Random, source: bytes) -> bytes:
    content = bytearray(source)
    for _ in range(chance.randrange(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.3:
        content = content[: chance.randrange(len(content))]
    return bytes(content)


FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def test_damage_of_any_kind_is_only_ever_unreadable() -> None:
    chance, refused = random.Random(3), 0
    sources = {name: make_image(2, size=(48, 40), format=name) for name in FORMATS}
    for _ in range(420):
        name = chance.choice(FORMATS)
        try:
            with pixels.opened(
                mutated(chance, sources[name]), name, MAX_PIXELS
            ) as image:
                pixels.reduced(image, SEARCH)
        except UnreadableImage:
            refused += 1
    assert 50 < refused < 420


def test_damage_is_found_wherever_it_is_decoded() -> None:
    chance, refused = random.Random(4), 0
    sources = [make_image(2, size=(48, 40), format=name) for name in FORMATS]
    for _ in range(70):
        try:
            decode(mutated(chance, chance.choice(sources)))
        except UnreadableImage:
            refused += 1
    assert 10 < refused < 70
