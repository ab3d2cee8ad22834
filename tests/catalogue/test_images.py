import io
import random

import pytest
from PIL import ExifTags, Image

from catalogue.images import open_photo, open_stored, prepare, reason
from hashing.picture_sets import open_picture
from pictures.decoding import decode
from pictures.errors import UnreadableImage
from pictures.formats import HEIC
from tests.builders import make_image
from tests.catalogue import pictures
from tests.catalogue.pictures import ACCEPTED, REFUSED

# Pillow warns of what it skips in damaged files; what counts is what comes out.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_by_its_own_code(name: str) -> None:
    content, code = REFUSED[name]
    if name == "heic" and HEIC:
        code = "damaged_image"
    for read in (open_stored, prepare):
        with pytest.raises(UnreadableImage) as refused:
            read(io.BytesIO(content))
        assert refused.value.code == code
        assert reason(refused.value)


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_pictures_become_plain_ones(name: str) -> None:
    picture = prepare(io.BytesIO(ACCEPTED[name]))
    stored = opened(picture.content)
    assert stored.mode == "RGB"
    assert stored.format in ("JPEG", "WEBP")
    assert (picture.width, picture.height) == stored.size
    assert decode(ACCEPTED[name]).mode == "RGB"


@pytest.mark.parametrize("tag", range(1, 9))
def test_a_picture_is_turned_as_its_exif_says(tag: int) -> None:
    for image in (
        open_photo(io.BytesIO(pictures.turned(tag))),
        opened(prepare(io.BytesIO(pictures.turned(tag))).content),
    ):
        assert image.size == (64, 32)
        red, green, _blue = image.getpixel((4, 4))
        assert red > 200 and green < 90
        assert min(image.getpixel((60, 28))) > 200


@pytest.mark.parametrize(
    ("mode", "encoded"),
    [
        *(("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG")),
        *(("LA", "PNG"), ("RGB", "WEBP"), ("RGBA", "WEBP")),
    ],
)
@pytest.mark.parametrize("size", [(1500, 900), (433, 700), (90, 60)])
def test_the_library_sees_pixel_by_pixel_what_the_shop_sees(
    mode: str, encoded: str, size: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture = Image.radial_gradient("L").resize(size).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(size))
    file = io.BytesIO()
    picture.convert(mode).save(file, encoded, exif=exif)
    ours, theirs = (
        read(io.BytesIO(file.getvalue())) for read in (open_photo, open_picture)
    )
    assert ours.size == theirs.size
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("tag", [0, 9, 255])
def test_an_orientation_that_does_not_exist_counts_as_upright(tag: int) -> None:
    assert open_photo(io.BytesIO(pictures.turned(tag))).size == (64, 32)


def test_nothing_of_the_upload_but_its_pixels_is_stored() -> None:
    for name in ("with gps", "script behind"):
        picture = prepare(io.BytesIO(ACCEPTED[name]))
        assert not opened(picture.content).getexif()
        assert b"Ada" not in picture.content
        assert b"script" not in picture.content


def test_the_first_frame_of_an_animation_counts() -> None:
    picture = open_photo(io.BytesIO(ACCEPTED["animated gif"]))
    red, _green, blue = picture.getpixel((20, 15))
    assert red > 200 and blue < 60


def test_sixteen_bits_keep_their_brightness() -> None:
    picture = open_photo(io.BytesIO(ACCEPTED["16 bit"]))
    assert abs(picture.getpixel((5, 5))[0] - 40_000 / 257) < 3


def test_transparency_becomes_white() -> None:
    clear = pictures.saved(Image.new("RGBA", (40, 30), (255, 0, 0, 0)), "PNG")
    assert open_photo(io.BytesIO(clear)).getpixel((5, 5)) == (255, 255, 255)


def test_large_pictures_are_made_smaller_and_keep_their_shape() -> None:
    large = make_image(1, size=(3000, 1500))
    stored = prepare(io.BytesIO(large))
    assert (stored.width, stored.height) == (2000, 1000)
    assert open_photo(io.BytesIO(large)).size == (512, 256)


def test_nobody_is_told_what_a_camera_wrote_into_a_comment() -> None:
    picture = prepare(io.BytesIO(make_image(1, comment=b"of Ada's house")))
    assert b"Ada" not in picture.content


def test_small_pictures_stay_as_they_are() -> None:
    assert open_photo(io.BytesIO(make_image(1, size=(30, 20)))).size == (30, 20)


def test_both_sides_are_decoded_alike() -> None:
    content = make_image(1, size=(1600, 900))
    photo, stored = open_photo(io.BytesIO(content)), open_stored(io.BytesIO(content))
    assert photo.tobytes() == stored.tobytes()


def test_the_pixel_limit_is_read_from_the_header(settings) -> None:
    settings.MAX_PHOTO_PIXELS = 240 * 240 - 1
    with pytest.raises(UnreadableImage, match="too many pixels"):
        prepare(io.BytesIO(make_image(1)))


def test_a_file_over_the_limit_is_refused_with_the_limit(settings) -> None:
    settings.MAX_PHOTO_BYTES = 2 * 2**20
    with pytest.raises(UnreadableImage, match="larger than 2 MB"):
        prepare(io.BytesIO(make_image(1) + bytes(2 * 2**20)))


def test_the_same_file_gives_the_same_digests() -> None:
    one, two = (prepare(io.BytesIO(make_image(7))) for _ in range(2))
    assert one == two
    assert one.source_digest != prepare(io.BytesIO(make_image(8))).source_digest


def test_damage_of_any_kind_is_only_ever_unreadable() -> None:
    chance = random.Random(3)
    formats = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
    sources = [make_image(2, size=(48, 40), format=name) for name in formats]
    refused = 0
    for _ in range(420):
        content = bytearray(chance.choice(sources))
        for _ in range(chance.randrange(1, 12)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if chance.random() < 0.3:
            content = content[: chance.randrange(len(content))]
        try:
            prepare(io.BytesIO(bytes(content)))
        except UnreadableImage:
            refused += 1
    assert 50 < refused < 420
