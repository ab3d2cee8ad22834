import io
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from catalogue.models import Product
from search import samples, similar, snapshots
from search.calibration import Match
from search.errors import ForeignEncoder, SearchUnavailable
from tests.builders import draw_picture, make_image, new_product
from tests.search.shops import lay_out_street, open_shop

pytestmark = pytest.mark.django_db

FORM = "/search/"


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


@pytest.fixture
def street(
    shop: list[Product], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Product]]:
    """Samples of the first four products, and of one that is not sold here."""
    lay_out_street(tmp_path, [*(product.sku for product in shop[:4]), "not-sold"])
    monkeypatch.setattr(samples, "STREET", tmp_path)
    samples._all.cache_clear()
    yield shop
    samples._all.cache_clear()


def photo(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def send(client: Client, content: bytes, **fields: Any) -> Any:
    return client.post(FORM, {"photo": photo(content), **fields})


def names(page: Any) -> list[str]:
    return [found.product.name for found in page.context["page"].answer.results]


def words(page: Any) -> str:
    return " ".join(page.content.decode().split())


# Answers


def test_a_photo_finds_its_product_first(client: Client, shop: list[Product]) -> None:
    page = send(client, make_image(3))
    assert page.status_code == 200
    assert names(page)[0] == "Thing 3"


def test_results_say_in_words_how_well_they_match(
    client: Client, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_rank = iter([Match.EXACT, Match.SIMILAR, Match.WEAK, *[Match.NONE] * 9])
    monkeypatch.setattr(similar, "word", lambda similarity: next(of_rank))
    monkeypatch.setattr(similar, "_match_of", lambda ranked: Match.EXACT)
    page = words(send(client, make_image(3)))
    in_order = ["Probably this one", "Very similar", "Somewhat similar", "Less alike"]
    assert [text for text in in_order if text in page] == in_order
    assert sorted(in_order, key=page.index) == in_order


def test_an_answer_has_an_address_that_answers_the_same(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), brand=["Alba", "Borea"], in_stock="1")
    again = Client().get(page.context["page"].url)
    assert again.status_code == 200
    assert names(again) == names(page)


def test_filters_limit_the_answer_and_can_be_taken_off(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), brand="Alba", max_price="30", category="home")
    assert sorted(names(page)) == ["Thing 0", "Thing 2"]
    chips = {str(chip.label): chip.url for chip in page.context["page"].chips}
    assert chips.keys() == {"Alba", "up to 30", "Home"}
    wider = client.get(chips["Alba"])
    assert sorted(names(wider)) == ["Thing 0", "Thing 1", "Thing 2", "Thing 3"]


def test_one_of_several_brands_can_be_taken_off(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), brand=["Alba", "Borea"])
    chips = {chip.label: chip.url for chip in page.context["page"].chips}
    kept = client.get(chips["Alba"])
    assert {found.product.brand for found in kept.context["page"].answer.results} == {
        "Borea"
    }


def test_an_answer_can_be_put_in_another_order(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), sort="-price")
    assert names(page) == [f"Thing {seed}" for seed in (5, 4, 3, 2, 1, 0)]
    assert '<option value="-price" selected>' in words(page)


def test_pages_go_on_without_the_photo(client: Client, shop: list[Product]) -> None:
    first = send(client, make_image(3), limit=4)
    second = client.get(first.context["page"].next_url)
    assert len(names(first)) == 4
    assert sorted(names(first) + names(second)) == [f"Thing {n}" for n in range(6)]
    assert second.context["page"].next_url == ""
    assert names(client.get(second.context["page"].previous_url)) == names(first)


def test_a_page_after_the_last_says_so(client: Client, shop: list[Product]) -> None:
    url = send(client, make_image(3)).context["page"].url
    page = client.get(f"{url}&page=50")
    assert page.status_code == 200
    assert "no more results" in words(page)


def test_nothing_close_says_so_and_what_to_try(
    client: Client, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "word", lambda similarity: Match.NONE)
    page = send(client, make_image(3))
    assert "Nothing close enough" in words(page)
    assert "Come closer" in words(page)
    assert "What comes nearest all the same" in words(page)
    filtered = send(client, make_image(3), brand="Alba")
    assert "Search without filters" in words(filtered)


def test_filters_that_allow_nothing_are_named_as_the_reason(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), brand="Nobody")
    assert page.status_code == 200
    assert "Nothing close among these" in words(page)


def test_results_cost_the_same_queries_however_many(
    client: Client, shop: list[Product], django_assert_max_num_queries: Any
) -> None:
    url = send(client, make_image(3)).context["page"].url
    client.get(url)
    # The gallery's two, the products and their pictures, and what filters offer.
    with django_assert_max_num_queries(8) as all_of_them:
        client.get(url)
    with django_assert_max_num_queries(len(all_of_them)) as one:
        client.get(f"{url}&limit=1")
    assert len(one) == len(all_of_them)


def test_an_answer_is_for_no_shared_cache(client: Client, shop: list[Product]) -> None:
    assert "private" in send(client, make_image(3))["Cache-Control"]


def test_no_file_is_written_for_a_photo(
    client: Client, shop: list[Product], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    noise = Image.effect_noise((2400, 1600), 90)
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(out.getvalue()) > 2_621_440  # what Django would keep in memory
    assert send(client, out.getvalue()).status_code == 200
    assert list(tmp_path.iterdir()) == []


# Bad input


def bad_photos() -> dict[str, tuple[bytes, int]]:
    whole = make_image(1)
    return {
        "text": (b"not a picture", 415),
        "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        "pdf": (b"%PDF-1.7 ...", 415),
        "zip": (b"PK\x03\x04" + bytes(100), 415),
        "empty": (b"", 422),
        "truncated": (whole[: len(whole) // 2], 422),
        "tiny": (make_image(1, size=(4, 4), format="PNG"), 422),
        "too many pixels": (_header_of(100_000, 100_000), 422),
    }


def _header_of(width: int, height: int) -> bytes:
    """A PNG that claims to be larger than it is."""
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
        {"format": "TIFF"},
        {"format": "BMP"},
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


def raising(error: Exception) -> Any:
    def similar_to_query(*args: Any, **kwargs: Any) -> None:
        raise error

    return similar_to_query


def test_a_token_of_another_encoder_asks_for_the_photo_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = raising(ForeignEncoder("another"))
    monkeypatch.setattr("search.views.similar_to_query", foreign)
    page = client.get(FORM, {"query": "x"})
    assert page.status_code == 409
    assert "Choose the photo once more" in words(page)


def test_without_a_gallery_the_page_asks_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable = raising(SearchUnavailable("no snapshot"))
    monkeypatch.setattr("search.views.similar_to_photo", unavailable)
    page = send(client, make_image(1))
    assert page.status_code == 503
    assert int(page["Retry-After"]) > 0
    assert "getting ready" in words(page)


def test_the_page_only_answers_to_reading_and_photos(client: Client) -> None:
    assert client.put(FORM).status_code == 405
    assert client.delete(FORM).status_code == 405


# Samples


def test_samples_are_offered_where_their_products_are_sold(
    client: Client, street: list[Product]
) -> None:
    for address in (FORM, "/"):
        page = words(client.get(address))
        assert 'href="/search/?sample=street-0"' in page
        assert "street-4" not in page


def test_no_samples_are_offered_elsewhere(client: Client, shop: list[Product]) -> None:
    assert "sample=" not in words(client.get(FORM))


def test_a_sample_is_answered_like_a_photo(
    client: Client, street: list[Product]
) -> None:
    page = client.get(FORM, {"sample": "street-2"})
    assert page.status_code == 200
    assert "Thing 2" in names(page)
    assert 'src="/search/samples/street-2.webp"' in words(page)
    again = client.get(page.context["page"].url)
    assert names(again) == names(page)
    assert 'src="/search/samples/street-2.webp"' in words(again)


def test_a_sample_has_a_small_picture_that_is_kept_long(
    client: Client, street: list[Product]
) -> None:
    answer = client.get("/search/samples/street-2.webp")
    assert answer.status_code == 200
    assert "max-age=" in answer["Cache-Control"]
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 320


@pytest.mark.parametrize("name", ["nothing", "..%2fmanifest", "%2e%2e/street-2"])
def test_only_samples_are_served(
    client: Client, street: list[Product], name: str
) -> None:
    assert client.get(f"/search/samples/{name}.webp").status_code == 404
    assert client.get(FORM, {"sample": name}).status_code == 200


def test_all_samples_can_be_seen(
    client: Client, street: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.views.FIRST_SAMPLES", 2)
    assert words(client.get(FORM)).count("sample=") == 2
    assert words(client.get(FORM, {"all": ""})).count("sample=") == 4


# Looks similar


def test_a_product_shows_what_looks_like_it(
    client: Client, shop: list[Product]
) -> None:
    page = words(client.get(shop[0].get_absolute_url()))
    assert "Looks similar" in page
    assert "Thing 1" in page


def test_a_product_is_shown_without_search(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable = raising(SearchUnavailable("no encoder"))
    monkeypatch.setattr("search.templatetags.similar.similar_to_product", unavailable)
    page = client.get(new_product(images=[1]).get_absolute_url())
    assert page.status_code == 200
    assert "Looks similar" not in words(page)


def test_a_product_is_shown_without_any_snapshot(client: Client) -> None:
    shutil.rmtree(snapshots.settings.SNAPSHOTS_DIR, ignore_errors=True)
    page = client.get(new_product(images=[1]).get_absolute_url())
    assert page.status_code == 200


# Languages


def test_the_page_speaks_the_browsers_language(
    client: Client, shop: list[Product]
) -> None:
    chinese = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9"}
    page = client.get(FORM, **chinese)
    assert '<html lang="zh-hans">' in words(page)
    assert "用照片搜索" in words(page)
    refused = client.post(FORM, {"photo": photo(b"no picture")}, **chinese)
    assert "无法打开这个文件" in words(refused)


def test_the_language_can_be_switched_and_stays(client: Client) -> None:
    page = client.post(
        "/i18n/setlang/", {"language": "zh-hans", "next": FORM}, follow=True
    )
    assert page.redirect_chain == [(FORM, 302)]
    assert "用照片搜索" in words(client.get(FORM))
