"""Words find products, through the API."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from PIL import Image, ImageDraw
from rest_framework.test import APIClient

from catalogue.models import Category, Product
from hashing import hamming
from outages import background
from search.encoders import encoding
from search.gallery.filters import NO_FILTERS
from search.gallery.holder import Holder
from search.gallery.on_disk import snapshots
from search.words import ranking, text_encoding, words_gallery
from search.words.documents import read_documents
from search.words.language import sentences
from tests.builders import new_category, new_product
from tests.search.asking import get, open_varied_shop, post_photo, skus
from tests.search.phrasings import ANSWERS, FIRST, open_demo_shop, phrasings

pytestmark = [pytest.mark.database, pytest.mark.django_db]

WORDS = "search/words/"
RIGHT = 0.95


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(db: None) -> list[Product]:
    return [
        new_product("MUG-1", name="Striped mug", category="Kitchen > Mugs",
                    brand="Alba", colour="red", price=12),
        new_product("MUG-2", name="Plain mug", category="Kitchen > Mugs",
                    brand="Borea", colour="dark red", price=25, stock=0),
        new_product("MUG-3", name="Plain mug", category="Kitchen > Mugs",
                    brand="Alba", colour="blue", price=30),
        new_product("PHN-1", name="Model X", category="Phones",
                    brand="Borea", colour="red", price=300),
        new_product("红-1", name="陶瓷花瓶", category="Kitchen > Vases",
                    colour="深蓝", price=40),
    ]  # fmt: skip


def answer_to_words(client: APIClient, q: str, **params: Any) -> dict[str, Any]:
    return get(client, WORDS, {"q": q, **params})


def skus_for(client: APIClient, q: str, **params: Any) -> list[str]:
    return skus(answer_to_words(client, q, **params)["results"])


@pytest.mark.slow
def test_what_shoppers_type_finds_what_they_mean(client: APIClient, db: None) -> None:
    open_demo_shop()
    text_encoding.encode_missing()
    wrong, answers = [], {}
    everything = list(phrasings())
    for phrasing in everything:
        answer = answer_to_words(client, phrasing.q, limit=FIRST)
        answers[phrasing.q] = skus(answer["results"])
        if not phrasing.is_right(answer["match"], answers[phrasing.q]):
            wrong.append(phrasing.q)
    assert len(everything) >= 42
    assert len(wrong) <= (1 - RIGHT) * len(everything), wrong
    # This runs on PostgreSQL and on SQLite: both give what is written down.
    assert answers == json.loads(ANSWERS.read_text(encoding="utf-8"))


def test_filters_in_words_are_taken_up_and_told(
    client: APIClient, shop: list[Product]
) -> None:
    answer = answer_to_words(client, "red mug under 20 in stock")
    assert skus(answer["results"]) == ["MUG-1"]
    assert answer["words"]["text"] == "red mug under 20 in stock"
    assert answer["filters"] == {
        "category": "mugs",
        "min_price": None,
        "max_price": "20.00",
        "brand": [],
        "colour": ["dark red", "red"],
        "in_stock": True,
    }


@pytest.mark.parametrize(
    ("q", "right"),
    [
        ("红色的杯子", {"MUG-1", "MUG-2"}),
        ("alba mug", {"MUG-1", "MUG-3"}),
        ("手机", {"PHN-1"}),
        ("25元以上的马克杯", {"MUG-2", "MUG-3"}),
        ("navy vase", {"红-1"}),
        ("ceramic", {"红-1"}),
        ("borea telephone", {"PHN-1"}),
    ],
)
def test_english_and_chinese_meet(
    client: APIClient, shop: list[Product], q: str, right: set[str]
) -> None:
    answer = answer_to_words(client, q)
    fitting = [each for each in answer["results"] if each["match"] != "none"]
    assert set(skus(fitting)) == right


def test_what_was_chosen_by_hand_goes_before_what_was_read(
    client: APIClient, shop: list[Product]
) -> None:
    assert skus_for(client, "red mug", colour="blue") == ["MUG-3"]
    assert skus_for(client, "mug under 20", min_price=28) == ["MUG-3"]


def test_a_number_finds_its_product_alone_and_a_name_comes_first(
    client: APIClient, shop: list[Product]
) -> None:
    answer = answer_to_words(client, "mug-2")
    assert skus(answer["results"]) == ["MUG-2"]
    assert answer["match"] == "exact"
    assert skus_for(client, "PLAIN  MUG")[:2] == ["MUG-2", "MUG-3"]


def test_slips_are_forgiven_and_told(client: APIClient, shop: list[Product]) -> None:
    answer = answer_to_words(client, "stirped mugg")
    assert skus(answer["results"])[0] == "MUG-1"
    assert answer["words"]["read_as"] == "striped mug"


def test_a_colour_that_nothing_has_limits_nothing(
    client: APIClient, shop: list[Product]
) -> None:
    answer = answer_to_words(client, "green mug")
    assert answer["filters"]["colour"] == []
    assert answer["count"] == 3


def test_colours_that_are_unwanted_or_of_a_pattern_limit_nothing(
    client: APIClient, shop: list[Product]
) -> None:
    for q in ("mug, not red", "mug with red dots"):
        assert answer_to_words(client, q)["filters"]["colour"] == []


def test_nothing_of_the_kind_is_said_to_be_none(
    client: APIClient, shop: list[Product]
) -> None:
    for q in ("bicycle", "red bicycle", "冰箱"):
        assert answer_to_words(client, q)["match"] == "none"


def test_pages_go_on_by_the_token(client: APIClient, shop: list[Product]) -> None:
    first = answer_to_words(client, "mug", limit=2)
    second = get(client, first["next"])
    assert skus(first["results"]) + skus(second["results"]) == skus_for(client, "mug")
    assert second["next"] is None
    narrower = get(client, "search/", {"query": first["query"], "brand": "Borea"})
    assert skus(narrower["results"]) == ["MUG-2"]


def test_an_altered_token_is_refused(client: APIClient, shop: list[Product]) -> None:
    token = answer_to_words(client, "mug")["query"]
    refused = client.get("/api/v1/search/", {"query": token[:-2]})
    assert refused.status_code == 410


def test_facets_count_what_each_filter_would_leave(
    client: APIClient, shop: list[Product]
) -> None:
    facets = answer_to_words(client, "red mug")["facets"]
    brands = {each["value"]: each["count"] for each in facets["brand"]}
    assert brands == {"Alba": 1, "Borea": 1}
    colours = {each["value"]: each["count"] for each in facets["colour"]}
    assert colours == {"red": 1, "dark red": 1, "blue": 1}


@pytest.mark.parametrize("q", ["", " ", "x" * 201, "a\0b"])
def test_words_that_are_none_are_refused(client: APIClient, db: None, q: str) -> None:
    assert client.get(f"/api/v1/{WORDS}", {"q": q}).status_code == 400


# As the catalogue is now


def test_a_search_sees_the_last_commit(client: APIClient, shop: list[Product]) -> None:
    assert skus_for(client, "striped mug")[0] == "MUG-1"
    Product.objects.filter(sku="MUG-1").update(active=False)
    assert "MUG-1" not in skus_for(client, "striped mug")
    new_product("MUG-9", name="Striped mug", category="Kitchen > Mugs")
    assert skus_for(client, "striped mug")[0] == "MUG-9"
    shop[2].name = "Zebra mug"
    shop[2].save()
    assert skus_for(client, "zebra")[0] == "MUG-3"
    shop[2].delete()
    assert "MUG-3" not in skus_for(client, "mug")


def test_what_was_rolled_back_is_not_found(
    client: APIClient, shop: list[Product]
) -> None:
    assert skus_for(client, "mug")
    with transaction.atomic():
        new_product("MUG-9", name="Zebra mug", category="Kitchen > Mugs")
        transaction.set_rollback(True)
    assert "MUG-9" not in skus_for(client, "zebra mug")


def test_overlaid_by_changes_it_ranks_as_if_read_anew(
    client: APIClient, shop: list[Product]
) -> None:
    questions = ("red mug", "mug", "Alba", "花瓶", "plain", "something for tea")
    skus_for(client, "mug")
    for number, product in enumerate(shop):
        product.colour, product.stock = ("red", "blue")[number % 2], number
        product.save()
    new_product("MUG-9", name="Striped mug", category="Kitchen > Mugs", colour="blue")
    shop[0].delete()
    overlaid = [scored(answer_to_words(client, q)) for q in questions]
    assert words_gallery.current("").pending == 6
    words_gallery.holder.reset()
    assert [scored(answer_to_words(client, q)) for q in questions] == overlaid


def scored(answer: dict[str, Any]) -> list[tuple[str, float, str]]:
    return [
        (each["product"]["sku"], each["similarity"], each["match"])
        for each in answer["results"]
    ]


@pytest.mark.django_db(transaction=True)
def test_so_many_changes_have_it_read_anew(
    client: APIClient, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    skus_for(client, "mug")
    assert not words_gallery.current("").is_due
    monkeypatch.setattr(words_gallery, "MAX_CHANGED", 2)
    Product.objects.filter(sku__startswith="MUG").update(stock=9)
    monkeypatch.setattr(background, "start", lambda work: work())
    assert words_gallery.current("").pending == 3
    assert words_gallery.current("").pending == 0


def test_while_a_server_reads_all_it_answers_from_what_the_database_finds(
    client: APIClient, shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    works: list[Callable[[], None]] = []
    monkeypatch.setattr(background, "start", works.append)
    monkeypatch.setattr(Holder, "loads_in_background", True)
    monkeypatch.setattr(words_gallery, "FIRST_READ_PATIENCE", 0.0)
    assert skus_for(client, "striped mug") == ["MUG-1", "MUG-2", "MUG-3"]
    assert skus_for(client, "花瓶") == ["红-1"]
    assert answer_to_words(client, "mug")["gallery"]["snapshot"] == "words, in part"
    shop[0].delete()
    assert skus_for(client, "striped mug") == ["MUG-2", "MUG-3"]
    assert len(works) == 1  # one thread, whoever asks meanwhile
    works[0]()
    monkeypatch.setattr(words_gallery.WordsGallery, "read_for", None)
    assert skus_for(client, "striped mug") == ["MUG-2", "MUG-3"]
    assert answer_to_words(client, "mug")["gallery"]["snapshot"] == "words"


def test_of_many_that_fit_those_are_kept_that_fit_best_and_mean_the_nearest(
    shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    text_encoding.encode_missing()
    gallery = words_gallery.current("")
    ((table, _), _changed) = gallery.tables
    for q in ("red mug", "plain mug", "zebra", "mug"):
        query = ranking.Ranking.of(q, gallery)
        shares = np.zeros(len(table)) if query.shares is None else query.shares[0]
        distances = hamming(sentences.sign_codes(query.vector), table.rows.codes)[0]
        ids = table.rows.product_id
        order = [
            int(ids[row])
            for row in np.lexsort((ids, distances, -shares))
            if query.shares is None or shares[row] > 0
        ]
        for most in range(1, len(shop) + 1):
            monkeypatch.setattr(ranking, "MAX_RANKED", most)
            ranked = ranking.Ranking.of(q, gallery).rank(NO_FILTERS)
            assert sorted(each.product_id for each in ranked) == sorted(order[:most])


def test_changes_that_were_forgotten_meanwhile_have_it_read_anew(
    client: APIClient, db: None
) -> None:
    from search import changes
    from search.gallery.on_disk import snapshots
    from search.models import Change

    open_varied_shop(3)
    assert skus_for(client, "product")
    Product.objects.filter(sku="p1").update(active=False)
    Change.objects.all().delete()  # as a snapshot does that is newer
    changes.record([10**9])
    snapshots.build()
    assert "p1" not in skus_for(client, "product p1")


# What texts mean


def test_texts_are_encoded_once_and_again_when_they_change(
    shop: list[Product],
) -> None:
    assert text_encoding.encode_missing() == 5
    assert text_encoding.encode_missing() == 0
    Product.objects.filter(sku="MUG-1").update(price=1)
    assert text_encoding.encode_missing() == 0
    Product.objects.filter(sku="MUG-1").update(description="Of fine china.")
    assert text_encoding.encode_missing() == 1
    category = Category.objects.get(name="Mugs")
    category.name = "Cups"
    category.save()
    assert text_encoding.encode_missing() == 3


def test_the_round_goes_through_the_catalogue_in_parts(
    shop: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_encoding, "PRODUCTS_PER_STEP", 2)
    steps = text_encoding.TextSweep()
    assert [steps.step() for _ in range(4)] == [2, 2, 1, 0]


def test_a_stored_meaning_of_another_text_is_not_used(shop: list[Product]) -> None:
    text_encoding.encode_missing()
    Product.objects.filter(sku="MUG-1").update(name="A bicycle")
    (document,) = read_documents(Product.objects.filter(sku="MUG-1"))
    assert document.vector is None


# Colours that nobody said


def painted(colour: str) -> bytes:
    """Return a thing of this colour on white, as a file."""
    picture = Image.new("RGB", (240, 240), "white")
    ImageDraw.Draw(picture).ellipse((40, 40, 200, 200), fill=colour)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_a_search_by_photo_knows_the_colours_on_pictures_too(
    client: APIClient, db: None
) -> None:
    red = new_product("red", name="Mug", images=[painted("#c23b34")])
    new_product("blue", name="Mug", images=[painted("#2d6cb8")])
    new_product("said", name="Mug", images=[painted("#c23b34")], colour="blue")
    encoding.encode_missing()
    snapshots.build()
    assert skus(post_photo(client, 1, colour="red")[1]["results"]) == []
    text_encoding.encode_missing()  # looks at the pictures
    answer = post_photo(client, 1, colour="red")[1]
    assert skus(answer["results"]) == ["red"]
    assert {each["value"] for each in answer["facets"]["colour"]} == {"red", "blue"}
    red.colour = "green"
    red.save()
    assert skus(post_photo(client, 1, colour="red")[1]["results"]) == []
    snapshots.build()
    assert skus(post_photo(client, 1, colour="green")[1]["results"]) == ["red"]


def test_a_colour_that_nobody_said_is_read_from_the_picture(
    client: APIClient, db: None
) -> None:
    for colour in ("#c23b34", "#2d6cb8", "#1e4d3b"):
        new_product(colour, name="Mug", images=[painted(colour)])
    new_product("said", name="Mug", images=[painted("#c23b34")], colour="blue")
    text_encoding.encode_missing()
    assert skus_for(client, "red mug") == ["#c23b34"]
    assert set(skus_for(client, "蓝色 mug")) == {"#2d6cb8", "said"}
    assert skus_for(client, "dark green") == ["#1e4d3b"]


def test_another_picture_is_another_colour(client: APIClient, db: None) -> None:
    product = new_product("one", name="Mug", images=[painted("#c23b34")])
    text_encoding.encode_missing()
    image = product.images.get()
    image.set_file(io.BytesIO(painted("#2d6cb8")))
    image.save()
    assert answer_to_words(client, "red mug")["filters"]["colour"] == []
    assert text_encoding.encode_missing() == 1
    assert answer_to_words(client, "blue mug")["filters"]["colour"] == ["blue"]
    product.colour = "pink"
    product.save()
    assert answer_to_words(client, "blue mug")["filters"]["colour"] == []


def test_a_picture_that_is_lost_has_no_colour(client: APIClient, db: None) -> None:
    product = new_product("one", name="Mug", images=[painted("#c23b34")])
    product.images.get().file.storage.delete(str(product.images.get().file.name))
    assert text_encoding.encode_missing() == 1
    assert text_encoding.encode_missing() == 0
    assert skus_for(client, "mug") == ["one"]


# Beside a photo


def test_words_beside_a_photo_limit_and_rank(client: APIClient, db: None) -> None:
    open_varied_shop()
    status, answer = post_photo(client, 3, words="in red under 4")
    assert status == 200
    assert answer["filters"]["colour"] == ["red"]
    assert answer["filters"]["max_price"] == "4.00"
    assert {each["product"]["colour"] for each in answer["results"]} == {"red"}
    assert answer["words"] == {"text": "in red under 4", "read_as": "in red"}
    again = get(client, "search/", {"query": answer["query"], "colour": "red"})
    assert again["words"] == answer["words"]
    _, named = post_photo(client, 3, words="product p7")
    assert skus(named["results"]).index("p7") < skus(answer_to(client)).index("p7")


def answer_to(client: APIClient) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = post_photo(client, 3)[1]["results"]
    return results


def test_words_are_added_to_a_photo_that_was_answered(
    client: APIClient, db: None
) -> None:
    open_varied_shop()
    _, first = post_photo(client, 3)
    blue = get(client, "search/", {"query": first["query"], "words": "蓝色"})
    assert {each["product"]["colour"] for each in blue["results"]} == {"blue"}
    assert blue["query"] != first["query"]


def test_words_go_on_without_any_snapshot(
    client: APIClient, shop: list[Product]
) -> None:
    assert client.get("/api/v1/status/").status_code == 503
    assert skus_for(client, "mug")


# Committed: what PostgreSQL's running transaction wrote counts as changed since.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("q", ["mug", "red mug under 20 in stock", "alba", "花瓶"])
def test_a_search_asks_the_database_five_times(
    client: APIClient, shop: list[Product], django_assert_num_queries: Any, q: str
) -> None:
    text_encoding.encode_missing()
    skus_for(client, "mug")
    # What changed, the categories, whether it is an SKU, vectors, and the products.
    with django_assert_num_queries(5):
        assert skus_for(client, q)


@pytest.mark.django_db(transaction=True)
def test_more_products_cost_no_more_queries(
    client: APIClient, shop: list[Product], django_assert_num_queries: Any
) -> None:
    for number in range(60):
        new_product(f"m{number}", name="Mug", category=new_category("Kitchen > Mugs"))
    text_encoding.encode_missing()
    skus_for(client, "mug")
    with django_assert_num_queries(5):
        skus_for(client, "mug")
    # A page beyond the products whose names were compared reads its own.
    with django_assert_num_queries(6):
        skus_for(client, "mug", page=2, limit=40)


def test_words_beside_a_photo_are_read_once_too(
    client: APIClient, db: None, django_assert_num_queries: Any
) -> None:
    open_varied_shop()
    text_encoding.encode_missing()
    post_photo(client, 3, words="in red under 4")
    # The photo's four, and what changed, the categories and the SKU.
    with django_assert_num_queries(7):
        post_photo(client, 3, words="in red under 4")
