"""The colours that a picture's profile means are those that are compared and shown."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from catalogue.media.images import prepare
from pictures.decoding import decode
from tests.builders import make_image
from tests.pictures.files import saved
from tests.pictures.profiles import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile

P3 = rgb_profile(DISPLAY_P3)
LEAF = (60, 200, 80)
# What the leaf's numbers mean in Display P3, told by Pillow's own conversion.
LEAF_IN_SRGB = ImageCms.profileToProfile(
    Image.new("RGB", (1, 1), LEAF),
    ImageCms.ImageCmsProfile(io.BytesIO(P3)),
    ImageCms.createProfile("sRGB"),
).getpixel((0, 0))


def near(one: object, other: object, *, within: int = 3) -> bool:
    pairs = zip(one, other, strict=True)  # type: ignore[call-overload]
    return all(abs(a - b) <= within for a, b in pairs)


def leaf(format: str, profile: bytes, mode: str = "RGB", **options: object) -> bytes:
    image = Image.new("RGB", (40, 30), LEAF).convert(mode)
    return saved(image, format, icc_profile=profile, **options)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 98}),
        ("TIFF", {}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_a_profile_is_converted_in_every_format(
    format: str, options: dict[str, object]
) -> None:
    assert LEAF_IN_SRGB[0] < 20  # type: ignore[index]  # far from the leaf's own 60
    seen = decode(leaf(format, P3, **options)).getpixel((20, 15))
    assert near(seen, LEAF_IN_SRGB, within=8), seen


def test_what_is_stored_has_the_colours_that_were_meant() -> None:
    stored = prepare(io.BytesIO(leaf("PNG", P3)))
    with Image.open(io.BytesIO(stored.content)) as image:
        assert "icc_profile" not in image.info
        assert near(image.getpixel((20, 15)), LEAF_IN_SRGB)


def test_alpha_lies_on_white_in_the_colours_that_were_meant() -> None:
    half = Image.new("RGBA", (40, 30), (*LEAF, 255))
    half.paste((*LEAF, 0), (0, 0, 20, 30))
    image = decode(saved(half, "PNG", icc_profile=P3))
    assert image.getpixel((5, 15)) == (255, 255, 255)
    assert near(image.getpixel((35, 15)), LEAF_IN_SRGB)


def test_a_colour_that_stands_for_transparency_stays_it() -> None:
    image = Image.new("RGB", (40, 30), LEAF)
    image.paste((1, 2, 3), (0, 0, 20, 30))
    content = saved(image, "PNG", transparency=(1, 2, 3), icc_profile=P3)
    assert decode(content).getpixel((5, 15)) == (255, 255, 255)


def test_a_palette_is_converted_too() -> None:
    image = Image.new("RGB", (40, 30), LEAF).quantize(4)
    seen = decode(saved(image, "PNG", icc_profile=P3)).getpixel((20, 15))
    assert near(seen, LEAF_IN_SRGB)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_is_converted(mode: str) -> None:
    grey = {"L": 100, "LA": (100, 255), "I;16": 25_700}[mode]
    content = saved(
        Image.new(mode, (40, 30), grey), "PNG", icc_profile=grey_profile(gamma=1.0)
    )
    assert near(decode(content).getpixel((20, 15)), (168, 168, 168), within=4)


def test_adobes_colours_are_stronger_than_their_numbers() -> None:
    content = leaf("PNG", rgb_profile(ADOBE_RGB))
    red, green, _blue = decode(content).getpixel((20, 15))  # type: ignore[misc]
    assert red < 20 and green > 195


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


UNUSABLE: dict[str, Callable[[], bytes]] = {
    "srgb itself": srgb,
    "empty": lambda: b"\0",
    "cut off": lambda: P3[:200],
    "no profile": lambda: b"this is no profile" * 30,
    "for greys": lambda: grey_profile(gamma=1.0),
    "damaged tags": lambda: P3[:128] + b"\xff" * (len(P3) - 128),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_profile_that_says_nothing_changes_nothing(name: str, format: str) -> None:
    plain = make_image(1, format=format)
    content = make_image(1, format=format, icc_profile=UNUSABLE[name]())
    assert decode(content).tobytes() == decode(plain).tobytes()


def test_cmyk_is_read_by_its_profile() -> None:
    """A profile of another colour space is ignored; there is no free one of CMYK."""
    plain = make_image(1, mode="CMYK")
    assert decode(make_image(1, mode="CMYK", icc_profile=P3)).tobytes() == (
        decode(plain).tobytes()
    )
