"""What is wrong with a photo is seen, and good ones are left in peace."""

import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageFilter

from search.answers import similar
from search.gallery.calibration import Match
from search.web.advice import Advice, advice
from tests.builders import draw_picture
from tests.search.shops import open_shop, send, words


def good() -> Image.Image:
    return draw_picture(3, (512, 384))


def test_a_good_photo_needs_none() -> None:
    assert advice(good(), n_things=1) == []


@pytest.mark.parametrize(
    ("photo", "told"),
    [
        (good().point(lambda value: value // 8), Advice.DARK),
        (good().filter(ImageFilter.GaussianBlur(10)), Advice.BLURRED),
        (good().resize((90, 70)), Advice.TINY),
    ],
)
def test_what_is_wrong_is_told_alone(photo: Image.Image, told: Advice) -> None:
    assert advice(photo) == [told]


def test_several_things_are_told() -> None:
    assert advice(good(), n_things=2) == [Advice.SEVERAL]


@pytest.mark.parametrize("size", [(8, 400), (400, 8), (8, 8)])
def test_photos_of_any_shape_are_looked_at(size: tuple[int, int]) -> None:
    advice(Image.new("RGB", size, "red"))


@pytest.mark.django_db
def test_the_page_of_nothing_close_says_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop()
    monkeypatch.setattr(similar, "match_for", lambda similarity: Match.NONE)
    out = io.BytesIO()
    good().point(lambda value: value // 8).save(out, "PNG")
    shown: Any = send(client, out.getvalue())
    assert "The photo is dark" in words(shown)
    out = io.BytesIO()
    good().save(out, "PNG")
    assert "The photo is" not in words(send(client, out.getvalue()))
