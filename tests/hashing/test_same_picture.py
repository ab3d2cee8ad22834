"""Altered copies of a picture, and other pictures."""

import pytest
from PIL import Image, ImageDraw, ImageOps

from hashing.same_picture import SAME_PICTURE_LIKENESS, likeness

SHAPES = ("ellipse", "rectangle", "chord", "pieslice")


def draw(number):
    """Draw a shape with stripes, another for every number."""
    image = Image.new("RGB", (240, 240), "white")
    canvas = ImageDraw.Draw(image)
    box = (30 + 5 * number, 40, 190, 200 - 7 * number)
    angles = (20, 290) if SHAPES[number % 4] in ("chord", "pieslice") else ()
    getattr(canvas, SHAPES[number % 4])(box, *angles, fill=(200, 40 * number % 255, 30))
    for stripe in range(3):
        top = 70 + 30 * stripe + 4 * number
        canvas.line((60, top, 160, top + 9 * number), fill=(20, 60, 160), width=6)
    return image


def in_a_frame(picture):
    """Show a picture as another shop does: on its own background, with a banner."""
    page = Image.new("RGB", (picture.width * 5 // 4, picture.height * 4 // 3), "#eee")
    page.paste(picture, (picture.width // 8, picture.height // 6))
    banner = (0, page.height - 20, page.width, page.height)
    ImageDraw.Draw(page).rectangle(banner, "red")
    return page


COPIES = {
    "itself": lambda picture: picture,
    "half as large": lambda picture: picture.resize((120, 120)),
    "a crop": lambda picture: picture.crop((20, 10, 220, 210)),
    "mirrored": ImageOps.mirror,
    "in a frame": in_a_frame,
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_picture_is_the_same_picture(copy):
    picture = draw(3)
    assert likeness(COPIES[copy](picture), picture) >= SAME_PICTURE_LIKENESS


@pytest.mark.parametrize("other", [0, 1, 2, 5, 6])
def test_another_picture_is_not(other):
    assert likeness(draw(other), draw(3)) < SAME_PICTURE_LIKENESS


def test_another_colour_is_another_picture():
    blue = Image.merge("RGB", draw(3).split()[::-1])
    assert likeness(blue, draw(3)) < SAME_PICTURE_LIKENESS


def test_a_picture_without_any_edge_is_compared_too():
    assert likeness(Image.new("RGB", (50, 9), "red"), draw(3)) < SAME_PICTURE_LIKENESS
