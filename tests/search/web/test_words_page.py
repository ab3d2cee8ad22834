"""The search box, its results and its suggestions, without a browser."""

from typing import Any

import pytest
from django.test import Client

from catalogue.models import Product
from search.words.language.colours import translate
from tests.builders import make_image, new_product
from tests.search.shops import FORM, names, open_shop, send, words

pytestmark = pytest.mark.django_db

SUGGEST = "/search/suggestions/"


@pytest.fixture
def shop(db: None) -> list[Product]:
    colours = ("red", "dark red", "blue")
    return [
        *(
            new_product(
                name=f"Striped mug {number}",
                category="Kitchen > Mugs",
                brand=("Alba", "Borea")[number % 2],
                colour=colours[number % 3],
                price=10 * number,
                stock=number,
            )
            for number in range(6)
        ),
        new_product(name="Model X", category="Electronics > Phones", price=300),
    ]


def chips(page: Any) -> dict[str, str]:
    return {str(link.label): link.url for link in page.context["page"].active_filters}


@pytest.mark.parametrize("address", ["/", FORM, "/category/mugs/", "/privacy/"])
def test_every_page_has_the_box(
    client: Client, shop: list[Product], address: str
) -> None:
    assert 'name="q"' in words(client.get(address))


def test_filters_in_words_are_chips_that_come_off(
    client: Client, shop: list[Product]
) -> None:
    page = client.get(FORM, {"q": "red mug up to 30"})
    assert set(chips(page)) == {"Mugs", "red", "dark red", "up to 30"}
    assert sorted(names(page)) == ["Striped mug 0", "Striped mug 1", "Striped mug 3"]
    assert 'value="red mug up to 30"' in words(page)
    wider = client.get(chips(page)["up to 30"])
    assert "Striped mug 4" in names(wider)
    assert set(chips(wider)) == {"Mugs", "red", "dark red"}
    assert 'value="red mug up to 30"' in words(wider)


def test_plain_colours_are_called_as_the_reader_calls_them(
    client: Client, shop: list[Product]
) -> None:
    headers = {"accept-language": "zh-hans"}
    page = client.get(FORM, {"q": "红色 mug"}, headers=headers)
    assert set(chips(page)) == {"Mugs", "红色", "深红色"}
    choices = {name: each for name, _, each in page.context["page"].word_filters}
    offered = {each.value: each.label for each in choices["colour"]}
    assert offered == {"red": "红色", "dark red": "深红色", "blue": "蓝色"}
    assert "蓝色" in words(client.get(shop[2].get_absolute_url(), headers=headers))
    assert "深红色" not in words(client.get(FORM, {"q": "红色 mug"}))


@pytest.mark.parametrize(
    ("name", "language", "called"),
    [
        ("Light blue", "zh-hans", "浅蓝色"),
        ("Light blue", "en", "Light blue"),
        ("深红色", "en", "dark red"),
        ("olive green", "zh-hans", "橄榄绿"),
        ("champagne", "zh-hans", "champagne"),
        ("red, white", "zh-hans", "red, white"),
        ("", "zh-hans", ""),
    ],
)
def test_a_colour_that_is_not_plain_is_called_as_the_shop_calls_it(
    name: str, language: str, called: str
) -> None:
    assert translate(name, language) == called


def test_results_can_be_filtered_sorted_and_paged_by_their_address(
    client: Client, shop: list[Product]
) -> None:
    url = client.get(FORM, {"q": "mug"}).context["page"].url
    dear = client.get(f"{url}&sort=-price&limit=2")
    assert names(dear) == ["Striped mug 5", "Striped mug 4"]
    assert names(client.get(dear.context["page"].next_url))[0] == "Striped mug 3"


def test_a_slip_is_forgiven_and_said(client: Client, shop: list[Product]) -> None:
    page = client.get(FORM, {"q": "stripd mug"})
    assert "read as “striped mug”" in words(page)
    assert len(names(page)) == 6


def test_nothing_found_says_what_to_try(client: Client, shop: list[Product]) -> None:
    page = words(client.get(FORM, {"q": "bicycle"}))
    assert "Nothing found for “bicycle”" in page
    assert "Check the spelling" in page
    filtered = words(client.get(FORM, {"q": "mug over 900"}))
    assert "Search without filters" in filtered


def test_results_of_words_show_no_marks_of_likeness(
    client: Client, shop: list[Product]
) -> None:
    assert "Probably this one" not in words(client.get(FORM, {"q": "Model X"}))
    assert "Same look" not in words(client.get(FORM, {"q": "Model X"}))


@pytest.mark.parametrize("q", ["", "  "])
def test_no_words_ask_for_a_photo(client: Client, shop: list[Product], q: str) -> None:
    page = client.get(FORM, {"q": q})
    assert page.status_code == 200
    assert "Search with a photo" in words(page)


@pytest.mark.parametrize("q", ["x" * 500, "a\0b"])
def test_odd_words_are_refused_in_words(
    client: Client, shop: list[Product], q: str
) -> None:
    page = client.get(FORM, {"q": q})
    assert page.status_code == 400
    assert 'role="alert"' in words(page)


def test_words_are_added_to_a_photo(client: Client, db: None) -> None:
    open_shop()
    with_words = send(client, make_image(3), words="Alba up to 30")
    assert set(chips(with_words)) == {"Alba", "up to 30"}
    assert sorted(names(with_words)) == ["Thing 0", "Thing 2"]
    page = send(client, make_image(3))
    token = page.context["page"].answer.query
    added = client.get(FORM, {"query": token, "words": "Borea"})
    assert {found.product.brand for found in results(added)} == {"Borea"}
    assert 'name="words" id="words" value="Borea"' in words(added)


def results(page: Any) -> list[Any]:
    found: list[Any] = page.context["page"].answer.results
    return found


def test_the_guessed_category_does_not_change_with_words_or_wishes(
    client: Client, db: None
) -> None:
    open_shop()
    token = send(client, make_image(3)).context["page"].answer.query
    guesses = {
        client.get(FORM, {"query": token, **more}).context["page"].answer.category
        for more in ({}, {"match_on": "look"}, {"match_on": "kind"}, {"words": "Alba"})
    }
    assert len(guesses) == 1


# Suggestions


def suggested(client: Client, typed: str) -> list[tuple[str, str]]:
    page = client.get(SUGGEST, {"q": typed})
    assert page.status_code == 200
    return [(each.kind, each.text) for each in page.context["suggestions"]]


def test_what_is_typed_is_completed(client: Client, shop: list[Product]) -> None:
    assert suggested(client, "pho") == [("category", "Phones"), ("product", "Model X")]
    assert ("brand", "Alba") in suggested(client, "al")
    assert ("words", "red striped") in suggested(client, "red str")
    assert ("category", "Phones") in suggested(client, "手机")


def test_suggested_products_are_under_the_filters_that_were_typed(
    client: Client, shop: list[Product]
) -> None:
    found = suggested(client, "blue mug in stock")
    products = {text for kind, text in found if kind == "product"}
    assert products == {"Striped mug 2", "Striped mug 5"}


@pytest.mark.parametrize("typed", ["", " ", "x", "zzzzqq", "\0", "%", "ö" * 900])
def test_nothing_is_suggested_for_nothing(
    client: Client, shop: list[Product], typed: str
) -> None:
    assert suggested(client, typed) == []


def test_suggestions_are_options_of_a_list(client: Client, shop: list[Product]) -> None:
    page = words(client.get(SUGGEST, {"q": "pho"}))
    assert 'role="listbox"' in page
    assert page.count('role="option"') == 2
    assert f'data-url="{shop[-1].get_absolute_url()}"' in page
