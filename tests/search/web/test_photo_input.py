"""What bad input gets on the photo page: design.md's table, in words."""

import io
import struct
import zlib
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from catalogue.models import Product
from search.errors import ForeignEncoder, SearchUnavailable
from tests.builders import draw_picture, make_image
from tests.search.shops import FORM, open_shop, photo, raising, send, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


def bad_photos() -> dict[str, tuple[bytes, int]]:
    whole = make_image(1)
    return {
        "text": (b"not a picture", 415),
        "tiff": (make_image(1, format="TIFF"), 415),
        "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        "pdf": (b"%PDF-1.7 ...", 415),
        "zip": (b"PK\x03\x04" + bytes(100), 415),
        "empty": (b"", 422),
        "truncated": (whole[: len(whole) // 2], 422),
        "tiny": (make_image(1, size=(4, 4), format="PNG"), 422),
        "too many pixels": (_header_of(100_000, 100_000), 422),
    }


def _header_of(width: int, height: int) -> bytes:
    """Return a PNG that claims to be larger than it is."""
    png = bytearray(make_image(1, format="PNG"))
    png[16:24] = struct.pack(">II", width, height)
    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    return bytes(png)


@pytest.mark.parametrize("kind", bad_photos())
def test_what_is_no_usable_photo_is_refused_in_words(client: Client, kind: str) -> None:
    content, status = bad_photos()[kind]
    page = send(client, content)
    assert page.status_code == status
    assert 'role="alert"' in words(page)
    assert 'type="file"' in words(page)


def test_all_that_phones_and_shops_send_is_answered(
    client: Client, shop: list[Product]
) -> None:
    animated = {"save_all": True, "append_images": [draw_picture(2)]}
    turned = Image.Exif()
    turned[0x0112] = 6
    for options in (
        {"format": "GIF", **animated},
        {"format": "WEBP", **animated},
        {"format": "PNG", "mode": "P"},
        {"format": "PNG", "mode": "RGBA"},
        {"format": "PNG", "mode": "I;16"},
        {"format": "JPEG", "mode": "CMYK"},
        {"format": "JPEG", "mode": "L"},
        {"format": "JPEG", "exif": turned},
        {"format": "JPEG", "exif": b"Exif\0\0nonsense"},
        {"format": "AVIF"},
    ):
        assert send(client, make_image(3, **options)).status_code == 200, options


def test_no_photo_is_asked_for_kindly(client: Client) -> None:
    for fields in ({}, {"photo": "text"}):
        page = client.post(FORM, fields)
        assert page.status_code == 400
        assert 'role="alert"' in words(page)


def test_two_photos_are_refused(client: Client) -> None:
    two = [photo(make_image(1)), photo(make_image(2))]
    page = client.post(FORM, {"photo": two})
    assert page.status_code == 400
    assert "one photo at a time" in words(page)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "nothing"),
        ("category", "a\x00"),
        ("min_price", "cheap"),
        ("max_price", "-1"),
        ("max_price", "NaN"),
        ("brand", "\x00"),
        ("in_stock", "perhaps"),
        ("page", "0"),
        ("limit", "100000"),
        ("sort", "beauty"),
        ("box", "1,2"),
        ("unknown<b>", "1"),
    ],
)
def test_a_malformed_field_is_refused_and_named(
    client: Client, field: str, value: str
) -> None:
    page = send(client, make_image(1), **{field: value})
    assert page.status_code == 400
    assert page.context["problem"]
    assert "<b>" not in words(page)


def test_a_link_with_a_malformed_filter_is_refused(
    client: Client, shop: list[Product]
) -> None:
    url = send(client, make_image(3)).context["page"].url
    assert client.get(f"{url}&max_price=cheap").status_code == 400


def test_what_others_add_to_a_link_is_no_harm(
    client: Client, shop: list[Product]
) -> None:
    url = send(client, make_image(3)).context["page"].url
    assert client.get(f"{url}&utm_source=friend").status_code == 200


def test_a_body_that_is_too_large_is_refused_unread(
    client: Client, settings: Any
) -> None:
    settings.MAX_PHOTO_BYTES = 50_000

    class Unread(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("it was read")

    page = client.generic(
        "POST",
        FORM,
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": "60000000", "wsgi.input": Unread()},
    )
    assert page.status_code == 413
    assert "larger than" in words(page)


def test_a_body_that_is_no_form_is_refused(client: Client) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        page = client.generic("POST", FORM, b"--y nonsense", content_type)
        assert page.status_code == 400
    assert client.post(FORM, {"a": 1}, "application/json").status_code == 400


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "\x00", "x" * 5000])
def test_a_token_that_we_did_not_sign_asks_for_the_photo_again(
    client: Client, token: str
) -> None:
    page = client.get(FORM, {"query": token})
    assert page.status_code == 410
    assert "Choose the photo once more" in words(page)


def test_an_altered_token_asks_for_the_photo_again(
    client: Client, shop: list[Product]
) -> None:
    token = send(client, make_image(3)).context["page"].answer.query
    other = "A" if token[20] != "A" else "B"
    altered = token[:20] + other + token[21:]
    assert client.get(FORM, {"query": altered}).status_code == 410


def test_a_token_of_another_encoder_asks_for_the_photo_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = raising(ForeignEncoder("another"))
    monkeypatch.setattr("search.web.views.repeat_query", foreign)
    page = client.get(FORM, {"query": "x"})
    assert page.status_code == 409
    assert "Choose the photo once more" in words(page)


def test_without_a_gallery_the_page_asks_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable = raising(SearchUnavailable("no snapshot"))
    monkeypatch.setattr("search.web.views.similar_to_photo", unavailable)
    page = send(client, make_image(1))
    assert page.status_code == 503
    assert int(page["Retry-After"]) > 0
    assert "getting ready" in words(page)


def test_the_page_only_answers_to_reading_and_photos(client: Client) -> None:
    assert client.put(FORM).status_code == 405
    assert client.delete(FORM).status_code == 405
