import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from catalogue.models import Product
from search.answers import similar
from search.errors import SearchUnavailable
from search.gallery.calibration import Match
from search.gallery.on_disk import snapshots
from search.web import samples
from search.words import categories
from tests.builders import make_image, new_product
from tests.search.shops import (
    FORM,
    lay_out_street,
    names,
    open_shop,
    photo,
    raising,
    send,
    words,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


@pytest.fixture
def street(
    shop: list[Product], tmp_path: Path, settings: Any
) -> Iterator[list[Product]]:
    """Return samples of the first four products, and of one not sold here."""
    lay_out_street(tmp_path, [*(product.sku for product in shop[:4]), "not-sold"])
    settings.SAMPLE_PHOTOS = tmp_path
    samples._samples_by_name.cache_clear()
    yield shop
    samples._samples_by_name.cache_clear()


# Answers


def test_a_photo_finds_its_product_first(client: Client, shop: list[Product]) -> None:
    page = send(client, make_image(3))
    assert page.status_code == 200
    assert names(page)[0] == "Thing 3"


def test_results_say_in_words_how_well_they_match(
    client: Client, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_rank = iter([Match.EXACT, Match.SIMILAR, Match.WEAK, *[Match.NONE] * 9])
    matches: dict[float, Match] = {}

    def match_for(similarity: float) -> Match:
        """Return a match by rank, the same for the best result and the whole answer."""
        if similarity not in matches:
            matches[similarity] = next(of_rank)
        return matches[similarity]

    monkeypatch.setattr(similar, "match_for", match_for)
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
    chips = {str(link.label): link.url for link in page.context["page"].active_filters}
    assert chips.keys() == {"Alba", "up to 30", "Home"}
    wider = client.get(chips["Alba"])
    assert sorted(names(wider)) == ["Thing 0", "Thing 1", "Thing 2", "Thing 3"]


def test_one_of_several_brands_can_be_taken_off(
    client: Client, shop: list[Product]
) -> None:
    page = send(client, make_image(3), brand=["Alba", "Borea"])
    chips = {link.label: link.url for link in page.context["page"].active_filters}
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
    monkeypatch.setattr(similar, "match_for", lambda similarity: Match.NONE)
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
    client: Client,
    shop: list[Product],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr(categories, "CACHE_SECONDS", 3600.0)
    url = send(client, make_image(3)).context["page"].url
    client.get(url)
    # Which encoder and which snapshot serve, what changed, and the products.
    for address in (url, f"{url}&limit=1"):
        with django_assert_num_queries(4):
            client.get(address)


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
    monkeypatch.setattr("search.web.views.SAMPLES_SHOWN_FIRST", 2)
    assert words(client.get(FORM)).count("sample=") == 2
    assert words(client.get(FORM, {"all": ""})).count("sample=") == 4


# Looks similar


def test_a_product_shows_what_looks_like_it(
    client: Client, shop: list[Product]
) -> None:
    page = words(client.get(shop[1].get_absolute_url()))
    assert "Looks similar" in page
    assert "Thing 2" in page


def test_beside_what_is_sold_out_stands_what_is_in_stock(
    client: Client, shop: list[Product]
) -> None:
    Product.objects.filter(pk=shop[1].pk).update(stock=0)
    shop[1].refresh_from_db()
    shop[1].save()
    page = client.get(shop[0].get_absolute_url())  # its stock is 0
    assert "In stock and similar" in words(page)
    like = words(page).partition("In stock and similar")[2]
    assert "Thing 2" in like
    assert "Thing 1" not in like
    assert "In stock and similar" not in words(client.get(shop[2].get_absolute_url()))


def test_each_result_leads_to_more_like_it(client: Client, shop: list[Product]) -> None:
    link = f"{FORM}?like={shop[4].pk}"
    assert f'href="{link}"' in words(send(client, make_image(3)))
    page = client.get(link)
    assert "Thing 4" not in names(page)
    assert page.context["page"].answer.count == len(names(page)) == len(shop) - 1
    assert "More like Thing 4" in words(page)
    assert 'type="file"' not in words(page)
    filtered = client.get(page.context["page"].url, {})
    assert names(filtered) == names(page)
    assert "More like Thing 4" in words(filtered)


@pytest.mark.parametrize("like", ["0", "-1", "x", "²", "9" * 30, "1e3", ""])
def test_more_like_nothing_asks_for_a_photo(
    client: Client, shop: list[Product], like: str
) -> None:
    page = client.get(FORM, {"like": like})
    assert page.status_code == 200
    assert 'type="file"' in words(page)


def test_a_product_without_a_code_asks_to_come_back(client: Client, db: None) -> None:
    open_shop(1)
    page = client.get(FORM, {"like": new_product(images=[7]).pk})
    assert page.status_code == 503


def test_a_product_is_shown_without_search(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable = raising(SearchUnavailable("no encoder"))
    monkeypatch.setattr(
        "search.templatetags.similar_products.similar_to_product", unavailable
    )
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
