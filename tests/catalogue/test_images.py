import io

import pytest
from PIL import Image

from catalogue.media.images import open_photo, open_stored, prepare
from pictures.decoding import decode
from pictures.errors import UnreadableImage
from tests.builders import make_image
from tests.pictures.files import ACCEPTED

# Pillow warns of what it skips in damaged files; what counts is what comes out.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_pictures_become_plain_ones(name: str) -> None:
    picture = prepare(io.BytesIO(ACCEPTED[name]))
    stored = opened(picture.content)
    assert stored.mode == "RGB"
    assert stored.format in ("JPEG", "WEBP")
    assert (picture.width, picture.height) == stored.size
    assert decode(ACCEPTED[name]).mode == "RGB"


def test_nothing_of_the_upload_but_its_pixels_is_stored() -> None:
    for name in ("with gps", "script behind"):
        picture = prepare(io.BytesIO(ACCEPTED[name]))
        assert not opened(picture.content).getexif()
        assert b"Ada" not in picture.content
        assert b"script" not in picture.content


def test_large_pictures_are_made_smaller_and_keep_their_shape() -> None:
    large = make_image(1, size=(3000, 1500))
    stored = prepare(io.BytesIO(large))
    assert (stored.width, stored.height) == (2000, 1000)
    assert open_photo(io.BytesIO(large)).size == (512, 256)


def test_nobody_is_told_what_a_camera_wrote_into_a_comment() -> None:
    picture = prepare(io.BytesIO(make_image(1, comment=b"of Ada's house")))
    assert b"Ada" not in picture.content


def test_a_comment_longer_than_a_jpeg_may_have_does_no_harm() -> None:
    content = make_image(1, format="GIF")
    picture = content.index(b"\0,\0\0\0\0") + 1
    comment = b"!\xfe" + (b"\xff" + b"a" * 255) * 300 + b"\0"
    assert prepare(io.BytesIO(content[:picture] + comment + content[picture:])).width


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
