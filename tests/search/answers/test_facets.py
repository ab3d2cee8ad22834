"""Filters with counts, the guessed category, and what is compared, through the API."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalogue.models import Product
from search.answers import similar
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from tests.builders import add_image, new_product
from tests.search.asking import get, open_varied_shop, post_photo, skus

pytestmark = pytest.mark.database

Fits = dict[str, Callable[[Product], bool]]
ASKED: list[tuple[dict[str, Any], Fits]] = [
    ({}, {}),
    ({"brand": ["Alba"]}, {"brand": lambda p: p.brand == "Alba"}),
    (
        {"colour": "red", "in_stock": "1"},
        {"colour": lambda p: p.colour == "red", "in_stock": lambda p: p.stock > 0},
    ),
    (
        {"category": "home", "max_price": "4"},
        {
            "category": lambda p: p.category.slug != "garden",
            "price": lambda p: p.price <= Decimal(4),
        },
    ),
]


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_varied_shop(24)


def expected(shop: list[Product], fits: Fits) -> dict[str, Any]:
    """Count one by one, each facet under all filters but its own."""

    def left(own: str) -> list[Product]:
        others = [fit for name, fit in fits.items() if name != own]
        return [product for product in shop if all(fit(product) for fit in others)]

    slugs = Counter(product.category.slug for product in left("category"))
    slugs["home"] += slugs["lamps"]
    prices = [product.price for product in left("price")]
    return {
        "category": {slug: count for slug, count in slugs.items() if count},
        "brand": dict(Counter(p.brand for p in left("brand") if p.brand)),
        "colour": dict(Counter(p.colour for p in left("colour"))),
        "price": {"min": str(min(prices)), "max": str(max(prices))},
        "in_stock": sum(product.stock > 0 for product in left("in_stock")),
    }


def plain(facets: dict[str, Any]) -> dict[str, Any]:
    by_slug = {each["slug"]: each["count"] for each in facets["category"]}
    words = {
        name: {each["value"]: each["count"] for each in facets[name]}
        for name in ("brand", "colour")
    }
    return {**facets, "category": by_slug, **words}


@pytest.mark.parametrize(("filters", "fits"), ASKED)
def test_facets_count_what_each_choice_would_leave(
    client: APIClient, shop: list[Product], filters: dict[str, Any], fits: Fits
) -> None:
    _, answer = post_photo(client, 3, **filters)
    assert plain(answer["facets"]) == expected(shop, fits)
    asked_again = {"query": answer["query"], **filters}
    again = get(client, "search/", asked_again)
    assert again["facets"] == answer["facets"]


def test_a_choice_leaves_as_many_as_its_count(
    client: APIClient, shop: list[Product]
) -> None:
    _, answer = post_photo(client, 3, in_stock="1")
    for name, key in (("category", "slug"), ("brand", "value"), ("colour", "value")):
        for choice in answer["facets"][name]:
            fields = {"in_stock": "1", name: choice[key]}
            assert post_photo(client, 3, **fields)[1]["count"] == choice["count"]


def test_facets_go_no_further_than_the_shortlist(
    client: APIClient, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "SHORTLIST_IMAGES", 10)
    monkeypatch.setattr(similar, "MIN_PRODUCTS", 10)
    _, answer = post_photo(client, 3)
    assert sum(each["count"] for each in answer["facets"]["colour"]) == 10


def test_a_product_of_several_pictures_counts_once(
    client: APIClient, shop: list[Product]
) -> None:
    for seed in (50, 51, 52):
        add_image(shop[0], seed, position=seed)
    encoding.encode_missing()
    _, answer = post_photo(client, 0, limit=1)
    assert plain(answer["facets"]) == expected(shop, {})


def test_nothing_left_has_empty_facets(client: APIClient, shop: list[Product]) -> None:
    _, answer = post_photo(client, 0, brand="nobody", colour="none")
    assert answer["count"] == 0
    assert answer["facets"] == {
        "category": [],
        "brand": [],
        "colour": [],
        "price": {"min": None, "max": None},
        "in_stock": 0,
    }


def test_the_neighbours_vote_for_a_category(client: APIClient, db: None) -> None:
    for number in range(9):
        new_product(images=[3], category="Cups" if number < 6 else "Bowls")
    encoding.encode_missing()
    snapshots.build()
    _, answer = post_photo(client, 3)
    guess = answer["category"]
    assert (guess["slug"], guess["name"]) == ("cups", "Cups")
    assert guess["confidence"] == pytest.approx(6 / 9, abs=0.01)
    _, elsewhere = post_photo(client, 3, category="bowls")
    assert elsewhere["category"] == guess


def test_an_empty_shop_guesses_nothing(client: APIClient, db: None) -> None:
    encoding.encode_missing()
    snapshots.build()
    assert post_photo(client, 3)[1]["category"] is None


# What is compared


def test_the_same_item_is_what_is_compared_by_itself(
    client: APIClient, shop: list[Product]
) -> None:
    _, answer = post_photo(client, 3, limit=50)
    _, same = post_photo(client, 3, limit=50, match_on="item")
    assert skus(same["results"]) == skus(answer["results"])


@pytest.mark.parametrize("match_on", ["kind", "look"])
def test_what_is_compared_changes_the_order_and_nothing_else(
    client: APIClient, shop: list[Product], match_on: str
) -> None:
    _, item = post_photo(client, 3, limit=50)
    _, other = post_photo(client, 3, limit=50, match_on=match_on)
    assert skus(other["results"]) != skus(item["results"])
    assert sorted(skus(other["results"])) == sorted(skus(item["results"]))
    assert other["match"] == item["match"]
    similarity = {f["image_id"]: f["similarity"] for f in item["results"]}
    assert similarity == {f["image_id"]: f["similarity"] for f in other["results"]}


def test_the_token_serves_every_comparison(
    client: APIClient, shop: list[Product]
) -> None:
    _, first = post_photo(client, 3, limit=5, match_on="look")
    assert "match_on=look" in first["next"]
    _, whole = post_photo(client, 3, limit=50, match_on="look")
    rest = get(client, first["next"])
    assert skus(first["results"] + rest["results"]) == skus(whole["results"])[:10]
    item = get(client, "search/", {"query": first["query"], "limit": 50})
    assert skus(item["results"]) != skus(whole["results"])


def test_another_comparison_is_refused_by_name(
    client: APIClient, shop: list[Product]
) -> None:
    status, problem = post_photo(client, 3, match_on="smell")
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == ["match_on"]
