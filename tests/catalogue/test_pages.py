from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from catalogue.models import Category, Product
from tests.catalogue.markup import Tags

pytestmark = pytest.mark.django_db

NewProduct = Callable[..., Product]


def names(page: Any) -> list[str]:
    return [product.name for product in page.context["page"]]


# Home


def test_an_empty_shop_says_so(client: Client) -> None:
    assert "still empty" in client.get("/").content.decode()


def test_home_shows_what_is_on_sale_and_nothing_hidden(
    client: Client, new_product: NewProduct
) -> None:
    new_product(name="Blue lamp")
    new_product(name="Old lamp", active=False)
    page = client.get("/").content.decode()
    assert "Blue lamp" in page
    assert "Old lamp" not in page


def test_home_mixes_the_categories(client: Client, new_product: NewProduct) -> None:
    for name in ("Vase", "Chair"):
        for number in range(3):
            new_product(name=f"{name} {number}", category=f"Home > {name}s")
            new_product(name=f"Far {name} {number}", category=f"{name}s")
    products = client.get("/").context["products"]
    tops = [product.category.path[: Category.steplen] for product in products]
    assert len(set(tops[:3])) == 3


def test_home_leads_to_categories_that_have_something(
    client: Client, new_product: NewProduct
) -> None:
    new_product(category="Home > Lamps")
    new_product(category="Attic", active=False)
    page = client.get("/").content.decode()
    assert 'href="/category/home/"' in page
    assert "Attic" not in page


def test_home_costs_the_same_queries_whatever_it_shows(
    client: Client, new_product: NewProduct, django_assert_max_num_queries: Any
) -> None:
    # Recent products, categories, products, their pictures; samples, where there are.
    for number in range(5):
        new_product(category=f"Kind {number}", images=[number])
        with django_assert_max_num_queries(5):
            client.get("/")


# Category


def test_a_category_shows_what_is_below_it(
    client: Client, new_product: NewProduct
) -> None:
    new_product(name="Desk lamp", category="Home > Lamps > Desk")
    new_product(name="Bench", category="Garden")
    new_product(name="Hidden lamp", category="Home > Lamps", active=False)
    assert names(client.get("/category/home/")) == ["Desk lamp"]


def test_a_category_offers_the_next_below_and_the_way_back(
    client: Client, new_product: NewProduct
) -> None:
    new_product(category="Home > Lamps > Desk")
    page = client.get("/category/lamps/").content.decode()
    assert 'href="/category/desk/"' in page
    assert 'href="/category/home/"' in page


def test_a_category_may_be_named_in_any_script(
    client: Client, new_product: NewProduct
) -> None:
    product = new_product(name="红色台灯", category="灯具")
    assert client.get(product.category.get_absolute_url()).status_code == 200
    assert client.get(product.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Dear", "Middle", "Cheap"]),
        ("newest", ["Dear", "Middle", "Cheap"]),
        ("cheapest", ["Cheap", "Middle", "Dear"]),
        ("dearest", ["Dear", "Middle", "Cheap"]),
        ("nonsense", ["Dear", "Middle", "Cheap"]),
    ],
)
def test_a_category_can_be_sorted(
    client: Client, new_product: NewProduct, sort: str, expected: list[str]
) -> None:
    for name, price in (("Cheap", 1), ("Middle", 20), ("Dear", 300)):
        new_product(name=name, price=Decimal(price))
    assert names(client.get("/category/things/", {"sort": sort})) == expected


def test_a_long_category_has_pages_that_keep_the_order(
    client: Client, new_product: NewProduct
) -> None:
    for number in range(30):
        new_product(name=f"Lamp {number:02}", price=Decimal(number))
    first = client.get("/category/things/?sort=cheapest")
    assert len(names(first)) == 24
    assert 'href="?sort=cheapest&amp;page=2"' in first.content.decode()
    second = client.get("/category/things/?sort=cheapest&page=2")
    assert names(second) == [f"Lamp {number:02}" for number in range(24, 30)]


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", "9" * 40])
def test_a_page_that_is_not_there_is_answered_with_one_that_is(
    client: Client, new_product: NewProduct, number: str
) -> None:
    new_product()
    assert names(client.get("/category/things/", {"page": number}))


def test_a_category_costs_the_same_queries_whatever_it_shows(
    client: Client, new_product: NewProduct, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        new_product(category=f"Home > Kind {number}", images=[number, number + 50])
    client.get("/category/home/")  # makes the thumbnails
    with django_assert_num_queries(6):
        client.get("/category/home/")


@pytest.mark.parametrize("slug", ["nothing", "%00", "a%00b", "..", "x" * 3000, "%F0"])
def test_an_unknown_category_is_not_found(client: Client, slug: str) -> None:
    page = client.get(f"/category/{slug}/")
    assert page.status_code == 404
    assert "This page is not here" in page.content.decode()


# Product


def test_a_product_is_shown_with_all_that_is_known_of_it(
    client: Client, new_product: NewProduct
) -> None:
    product = new_product(
        sku="L-1",
        name="Blue lamp",
        brand="Alba",
        colour="blue",
        price=Decimal("1234.50"),
        description="Shines.\n\nBrightly.",
    )
    page = client.get(product.get_absolute_url()).content.decode()
    for text in ("L-1", "Blue lamp", "Alba", "blue", "€1,234.50", "<p>Brightly.</p>"):
        assert text in page


def test_all_pictures_of_a_product_are_shown_in_order(
    client: Client, new_product: NewProduct
) -> None:
    product = new_product(images=[1, 2, 3])
    page = client.get(product.get_absolute_url())
    shown = [tag["src"] for tag in Tags(page).named("img") if tag["alt"]]
    assert shown == [image.large.url for image in product.images.all()]


def test_a_wrong_slug_leads_to_the_right_one(
    client: Client, new_product: NewProduct
) -> None:
    product = new_product(name="Blue lamp")
    answer = client.get(f"/product/{product.pk}/red-lamp/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/product/{product.pk}/blue-lamp/"


def test_a_hidden_product_is_not_found(client: Client, new_product: NewProduct) -> None:
    product = new_product(active=False)
    assert client.get(product.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("pk", ["0", "123456", "9" * 30])
def test_an_unknown_product_is_not_found(client: Client, pk: str) -> None:
    assert client.get(f"/product/{pk}/lamp/").status_code == 404


@pytest.mark.parametrize(
    ("stock", "words"), [(0, "Sold out"), (2, "Only 2 left"), (40, "In stock")]
)
def test_a_product_says_whether_it_can_be_had(
    client: Client, new_product: NewProduct, stock: int, words: str
) -> None:
    product = new_product(stock=stock)
    assert words in client.get(product.get_absolute_url()).content.decode()


def test_lists_mark_what_is_sold_out(client: Client, new_product: NewProduct) -> None:
    new_product(stock=0)
    assert "Sold out" in client.get("/category/things/").content.decode()


def test_a_lost_picture_does_not_take_the_page_with_it(
    client: Client, new_product: NewProduct
) -> None:
    product = new_product(images=[1, 2])
    default_storage.delete(product.images.first().file.name)
    assert client.get("/").status_code == 200
    page = client.get(product.get_absolute_url())
    assert page.status_code == 200
    assert len([tag for tag in Tags(page).named("img") if tag["alt"]]) == 1


def test_what_staff_wrote_is_text_and_not_markup(
    client: Client, new_product: NewProduct
) -> None:
    script = "<script>alert(1)</script>"
    product = new_product(name=script, brand=script, description=script, colour=script)
    for address in ("/", "/category/things/", product.get_absolute_url()):
        assert script not in client.get(address).content.decode()
