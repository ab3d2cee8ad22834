"""A page that was opened before somebody else's change writes over nothing newer."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalogue.models import Category, Product
from tests.builders import add_image, make_image, new_category, new_product
from tests.catalogue.admin_forms import LIST, change_url, upload
from tests.staff.pages import OpenPage

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def colleague(django_user_model: type[User]) -> Client:
    """Return a browser of somebody else."""
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("Berta"))
    return client


def change(product: Product, **values: Any) -> None:
    """As an import or a program does."""
    Product.objects.filter(pk=product.pk).update(**values)


def test_what_was_not_touched_is_not_written(admin_client: Client) -> None:
    product = new_product(name="Mug", stock=5, description="one\ntwo")
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9, price=Decimal("3.00"), description="three", brand="Alba")
    assert page.send(name="Large mug").is_left
    product.refresh_from_db()
    assert (product.name, product.stock, product.brand) == ("Large mug", 9, "Alba")
    assert (product.price, product.description) == (Decimal("3.00"), "three")


def test_the_history_names_only_what_this_person_changed(admin_client: Client) -> None:
    product = new_product(name="Mug", stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    page.send(name="Large mug")
    url = reverse("admin:catalogue_product_history", args=[product.pk])
    history = admin_client.get(url).content.decode()
    assert "Changed Name." in history


def test_what_both_changed_is_shown_with_both_values_and_asked(
    admin_client: Client, colleague: Client
) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    OpenPage(colleague, change_url(product)).send(stock="9")
    asked = page.send(stock="4", name="Large mug")
    assert "Berta changed this meanwhile. Which one counts?" in asked.html
    assert "<b>9</b>" in asked.html and "<b>4</b>" in asked.html
    product.refresh_from_db()
    assert (product.stock, product.name) != (4, "Large mug")


@pytest.mark.parametrize(("answer", "stock"), [("mine", 4), ("theirs", 9)])
def test_the_answer_counts(admin_client: Client, answer: str, stock: int) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9, brand="Alba")
    asked = page.send(stock="4", name="Large mug")
    assert asked.send(**{"stock-counts": answer}).is_left
    product.refresh_from_db()
    assert (product.stock, product.name, product.brand) == (stock, "Large mug", "Alba")


def test_who_gives_no_answer_is_asked_again(admin_client: Client) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    again = page.send(stock="4").send()
    assert "Which one counts?" in again.html
    product.refresh_from_db()
    assert product.stock == 9


def test_another_value_is_an_answer_too(admin_client: Client) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    assert page.send(stock="4").send(stock="7").is_left
    product.refresh_from_db()
    assert product.stock == 7


def test_an_answer_to_what_changed_once_more_is_asked_again(
    admin_client: Client,
) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    asked = page.send(stock="4")
    change(product, stock=11)
    again = asked.send(**{"stock-counts": "mine"})
    assert "<b>11</b>" in again.html
    product.refresh_from_db()
    assert product.stock == 11


def test_the_same_change_by_both_is_no_question(admin_client: Client) -> None:
    product = new_product(price=Decimal("9.90"))
    page = OpenPage(admin_client, change_url(product))
    change(product, price=Decimal("8.00"))
    assert page.send(price="8.0").is_left


def test_a_menu_and_a_tick_are_asked_in_words(admin_client: Client) -> None:
    product = new_product(category="Mugs", active=True)
    bowls, cups = new_category("Bowls"), new_category("Cups")
    page = OpenPage(admin_client, change_url(product))
    change(product, category=bowls)
    asked = page.send(category=str(cups.pk), active=None)
    assert "<b>Bowls</b>" in asked.html and "<b>Cups</b>" in asked.html
    assert asked.send(**{"category-counts": "mine"}).is_left
    product.refresh_from_db()
    assert (product.category, product.active) == (cups, False)


def test_a_mistake_elsewhere_shows_the_present_value_of_what_was_not_touched(
    admin_client: Client,
) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    again = page.send(price="cheap")
    assert again.fields["stock"] == ["9"]
    assert again.send(price="2.00").is_left
    product.refresh_from_db()
    assert (product.stock, product.price) == (9, Decimal("2.00"))


def test_the_list_writes_only_what_was_touched_in_it(admin_client: Client) -> None:
    one, two = new_product(stock=5), new_product(stock=5)
    page = OpenPage(admin_client, LIST)
    change(one, stock=9)
    change(two, price=Decimal("3.00"))
    assert page.send(**{"form-0-stock": "6"}).is_left
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.stock, two.stock, two.price) == (9, 6, Decimal("3.00"))


def test_the_list_asks_at_the_cell_that_both_changed(admin_client: Client) -> None:
    product, other = new_product(stock=5, name="Mug"), new_product(name="Cup")
    page = OpenPage(admin_client, LIST)
    change(product, stock=9)
    new_product(name="Newest")  # moves all others down
    asked = page.send(**{"form-1-stock": "4", "form-0-stock": "8"})
    cell = asked.html.split("Which one counts?")[1].split("</tr>")[0]
    row = asked.html.split("Which one counts?")[0].rsplit("<tr", 1)[1]
    assert "<b>9</b>" in cell and "Mug" in row and "Newest" not in asked.html
    asked.send(**{"form-1-stock-counts": "theirs"})
    product.refresh_from_db()
    other.refresh_from_db()
    assert (product.stock, other.stock) == (9, 8)


def test_a_product_deleted_while_its_list_is_open_is_named(
    admin_client: Client,
) -> None:
    first, gone, last = (new_product(name=name) for name in ("Mug", "Cup", "Bowl"))
    page = OpenPage(admin_client, LIST)
    gone.delete()
    shown = page.send(**{f"form-{number}-stock": "7" for number in range(3)})
    assert "Cup is gone: somebody removed it meanwhile." in shown.html
    assert "What you changed there was not saved." in shown.html
    for product in (first, last):
        product.refresh_from_db()
        assert product.stock == 7


def test_a_picture_removed_meanwhile_is_named_and_the_rest_saved(
    admin_client: Client,
) -> None:
    product = new_product(images=[1, 2, 3], name="Mug")
    first, gone, last = product.images.all()
    page = OpenPage(admin_client, change_url(product))
    gone.delete()
    shown = page.send(name="Large mug", **{"images-2-position": "7"})
    assert "is gone: somebody removed it meanwhile." in shown.html and shown.is_left
    product.refresh_from_db()
    last.refresh_from_db()
    assert (product.name, last.position) == ("Large mug", 7)
    assert list(product.images.all()) == [first, last]


def test_files_stay_with_their_rows_where_one_is_gone(admin_client: Client) -> None:
    product = new_product(images=[1, 2])
    gone, kept = product.images.all()
    page = OpenPage(admin_client, change_url(product))
    gone.delete()
    page.send(**{"images-1-upload": upload("new.jpg", make_image(5))})
    image = product.images.get()
    assert image.pk == kept.pk and image.digest != kept.digest


def test_a_picture_replaced_meanwhile_is_not_removed_unseen(
    admin_client: Client, colleague: Client
) -> None:
    product = new_product(images=[1])
    page = OpenPage(admin_client, change_url(product))
    newer = {"images-0-upload": upload("new.jpg", make_image(5))}
    OpenPage(colleague, change_url(product)).send(**newer)
    asked = page.send(**{"images-0-DELETE": "on"})
    assert "changed by somebody else meanwhile" in asked.html
    assert product.images.count() == 1
    asked.send(**{"images-0-DELETE": "on"})
    assert product.images.count() == 0


def test_a_picture_replaced_by_both_is_not_replaced_unseen(
    admin_client: Client, colleague: Client
) -> None:
    product = new_product(images=[1])
    mine, theirs = (OpenPage(each, change_url(product)) for each in
                    (admin_client, colleague))  # fmt: skip
    theirs.send(**{"images-0-upload": upload("theirs.jpg", make_image(5))})
    newer = product.images.get().digest
    asked = mine.send(**{"images-0-upload": upload("mine.jpg", make_image(6))})
    assert "changed by somebody else meanwhile" in asked.html
    assert product.images.get().digest == newer
    asked.send(**{"images-0-upload": upload("mine.jpg", make_image(6))})
    assert product.images.get().digest != newer


def test_a_picture_added_meanwhile_stays(admin_client: Client) -> None:
    product = new_product(images=[1])
    page = OpenPage(admin_client, change_url(product))
    add_image(product, 2, position=1)
    assert page.send(**{"images-0-position": "4"}).is_left
    assert sorted(product.images.values_list("position", flat=True)) == [1, 4]


def test_a_product_deleted_while_its_form_is_open_can_be_saved_as_new(
    admin_client: Client, colleague: Client
) -> None:
    product = new_product("m1", name="Mug", active=False)
    page = OpenPage(admin_client, change_url(product))
    url = reverse("admin:catalogue_product_delete", args=[product.pk])
    colleague.post(url, {"post": "yes"})
    shown = page.send(name="Large mug")
    assert "“Mug” was deleted by Berta meanwhile." in shown.html
    assert f'action="{reverse("admin:catalogue_product_add")}"' in shown.html
    assert not Product.objects.exists()
    shown._url = reverse("admin:catalogue_product_add")
    assert shown.send().is_left
    made = Product.objects.get()
    assert (made.sku, made.name, made.active) == ("m1", "Large mug", False)


def test_a_category_moved_meanwhile_is_not_moved_back(admin_client: Client) -> None:
    mugs = new_category("Kitchen > Mugs")
    garden = new_category("Garden")
    url = reverse("admin:catalogue_category_change", args=[mugs.pk])
    page = OpenPage(admin_client, url)
    Category.objects.move(mugs, garden, "sorted-child")
    page.send(name="Cups")
    mugs.refresh_from_db()
    assert mugs.name == "Cups"
    assert Category.objects.get_parent(mugs) == garden


def test_a_page_without_what_it_showed_is_taken_as_it_is(admin_client: Client) -> None:
    """As a program sends it, or one that was opened before the key was changed."""
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    change(product, stock=9)
    page.send(stock="4", _seen="altered")
    product.refresh_from_db()
    assert product.stock == 4
