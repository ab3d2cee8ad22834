from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from catalogue.forms import MAX_PICTURES
from catalogue.models import Category, Product, ProductImage
from pictures.formats import HEIC
from tests.builders import make_image, new_category, new_product
from tests.catalogue.admin_forms import ADD, LIST, change_url, filled_in, save, upload
from tests.pictures.files import ACCEPTED, REFUSED

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]


def test_a_product_is_made_with_several_pictures_at_once(admin_client: Client) -> None:
    mugs = new_category("Kitchen > Mugs")
    product = Product(sku="m1", name="Mug", category=mugs, price=Decimal("9.50"))
    files = [upload("a.jpg", make_image(1)), upload("b.png", make_image(2))]
    save(admin_client, product, new_pictures=files)
    made = Product.objects.get()
    assert made.name == "Mug"
    assert [image.position for image in made.images.all()] == [0, 1]


def test_pictures_are_added_in_rows_of_their_own(admin_client: Client) -> None:
    product = new_product(images=[1])
    save(
        admin_client,
        product,
        **{
            "images-TOTAL_FORMS": 3,
            "images-1-upload": upload("b.jpg", make_image(2)),
            "images-1-position": "",
            "images-1-product": product.pk,
            "images-2-position": "",
            "images-2-product": product.pk,
        },
    )
    assert [image.position for image in product.images.all()] == [0, 1]


def test_the_order_of_pictures_is_that_of_their_positions(admin_client: Client) -> None:
    product = new_product(images=[1, 2])
    first, second = product.images.all()
    save(admin_client, product, **{"images-0-position": 5})
    assert list(product.images.all()) == [second, first]


def test_a_picture_is_replaced_and_its_old_file_removed(
    admin_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    product = new_product(images=[1])
    old = product.images.get()
    with django_capture_on_commit_callbacks(execute=True):
        save(
            admin_client, product, **{"images-0-upload": upload("b.jpg", make_image(2))}
        )
    new = product.images.get()
    assert new.pk == old.pk and new.digest != old.digest
    assert not default_storage.exists(old.file.name)
    assert default_storage.exists(new.file.name)


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_picture_is_reported_and_everything_else_saved(
    admin_client: Client, name: str
) -> None:
    product = new_product(images=[1])
    old = product.images.get()
    bad = REFUSED[name][0]
    page = save(
        admin_client,
        product,
        name="New name",
        new_pictures=[upload("good.jpg", make_image(2)), upload("bad.jpg", bad)],
        **{"images-0-upload": upload("worse.jpg", bad), "images-0-position": 3},
    )
    product.refresh_from_db()
    kept, added = product.images.all()
    assert product.name == "New name"
    assert (kept.pk, kept.digest, kept.position) == (old.pk, old.digest, 3)
    assert added.position == 4
    assert "2 pictures could not be used; everything else was saved." in page
    assert "worse.jpg: " in page.split('id="images-0"')[1]
    assert "bad.jpg: " in page.split('id="images-0"')[0]


def test_a_bad_picture_is_reported_once(admin_client: Client) -> None:
    product = new_product()
    bad = [upload("bad.jpg", b"none")]
    assert "bad.jpg" in save(admin_client, product, new_pictures=bad)
    page = admin_client.get(change_url(product)).content.decode()
    assert "bad.jpg" not in page


def test_a_new_product_with_a_bad_picture_stays_open(admin_client: Client) -> None:
    product = Product(sku="m1", name="Mug", category=new_category("Mugs"), price=1)
    row = {"images-TOTAL_FORMS": 1, "images-0-upload": upload("bad.jpg", b"none")}
    page = save(admin_client, product, **row)
    assert Product.objects.get().images.count() == 0
    assert "bad.jpg: " in page and "Change product" in page


def test_odd_pictures_are_taken(admin_client: Client) -> None:
    product = new_product()
    files = [upload(f"{name}.jpg", content) for name, content in ACCEPTED.items()]
    save(admin_client, product, new_pictures=files)
    assert product.images.count() == len(ACCEPTED)


def test_the_served_file_has_no_exif(admin_client: Client) -> None:
    product = new_product()
    save(admin_client, product, new_pictures=[upload("me.jpg", ACCEPTED["with gps"])])
    served = admin_client.get(product.images.get().file.url).getvalue()
    assert b"Exif" not in served and b"Ada" not in served


def test_a_file_over_the_limit_is_reported_at_its_picture(
    admin_client: Client, settings: Any
) -> None:
    product = new_product(images=[1])
    large = upload("large.jpg", make_image(2) + bytes(60 * 2**20))
    page = save(admin_client, product, **{"images-0-upload": large})
    assert "large.jpg: The file is larger than 20 MB." in page


def test_a_mistake_in_the_form_keeps_what_was_typed(admin_client: Client) -> None:
    product = new_product(name="Old", images=[1])
    page = save(admin_client, product, name="New name", price="cheap")
    assert "New name" in page
    product.refresh_from_db()
    assert product.name == "Old"


@pytest.mark.parametrize("position", ["-1", "40000", "x"])
def test_a_position_that_cannot_be_is_a_mistake(
    admin_client: Client, position: str
) -> None:
    product = new_product(images=[1])
    page = save(admin_client, product, **{"images-0-position": position})
    assert "Please correct the error" in page


def test_prices_and_stock_are_edited_in_the_list(admin_client: Client) -> None:
    product = new_product()
    form = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": product.pk,
        "form-0-price": "3.25",
        "form-0-stock": "8",
        "_save": "Save",
    }
    admin_client.post(LIST, form)
    product.refresh_from_db()
    assert (product.price, product.stock, product.active) == (Decimal("3.25"), 8, False)


def test_the_list_asks_the_same_number_of_queries_for_any_length(
    admin_client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(12):
        new_product(images=[number])
    with django_assert_max_num_queries(14):
        assert admin_client.get(LIST).status_code == 200


def skus(client: Client, query: str) -> set[str]:
    response = client.get(f"{LIST}?{query}")
    return {product.sku for product in response.context["cl"].result_list}


def test_products_are_searched_and_filtered(admin_client: Client) -> None:
    kitchen = new_category("Kitchen")
    new_product("m1", category="Kitchen > Mugs", brand="Alba", images=[1])
    new_product("c1", category="Chairs", stock=0, active=False, name="Red chair")
    assert skus(admin_client, "q=m1") == {"m1"}
    assert skus(admin_client, "q=red") == {"c1"}
    assert skus(admin_client, f"category={kitchen.pk}") == {"m1"}
    assert skus(admin_client, "brand=Alba") == {"m1"}
    assert skus(admin_client, "in_stock=no") == {"c1"}
    assert skus(admin_client, "in_stock=yes") == {"m1"}
    assert skus(admin_client, "has_pictures=yes") == {"m1"}
    assert skus(admin_client, "has_pictures=no") == {"c1"}
    assert skus(admin_client, "active__exact=1") == {"m1"}


@pytest.mark.parametrize("value", ["0", "-1", "x", "9" * 30, "²"])
def test_a_category_that_does_not_exist_has_no_products(
    admin_client: Client, value: str
) -> None:
    new_product()
    assert skus(admin_client, f"category={value}") == set()


def test_products_are_hidden_and_shown_together(admin_client: Client) -> None:
    products = [new_product(), new_product()]
    for action, active in (("deactivate", False), ("activate", True)):
        chosen = [product.pk for product in products]
        form = {"action": action, "_selected_action": chosen}
        page = admin_client.post(LIST, form, follow=True).content.decode()
        assert "2 products changed." in page
        assert set(Product.objects.values_list("active", flat=True)) == {active}


def test_a_product_with_a_lost_file_can_still_be_edited(admin_client: Client) -> None:
    product = new_product(images=[1])
    default_storage.delete(product.images.get().file.name)
    assert admin_client.get(LIST).status_code == 200
    assert admin_client.get(change_url(product)).status_code == 200


def test_a_category_with_products_below_it_is_not_deleted(admin_client: Client) -> None:
    new_product(category="Kitchen > Mugs")
    kitchen = Category.objects.get(name="Kitchen")
    url = reverse("admin:catalogue_category_delete", args=[kitchen.pk])
    assert "protected" in admin_client.get(url).content.decode()
    assert admin_client.post(url, {"post": "yes"}).status_code == 200
    form = {"action": "delete_selected", "_selected_action": [kitchen.pk], "post": "1"}
    changes = reverse("admin:catalogue_category_changelist")
    assert admin_client.post(changes, form).status_code == 200
    assert Category.objects.count() == 2


def test_an_empty_category_is_deleted_with_those_below_it(admin_client: Client) -> None:
    new_category("Kitchen > Mugs")
    kitchen = Category.objects.get(name="Kitchen")
    url = reverse("admin:catalogue_category_delete", args=[kitchen.pk])
    admin_client.post(url, {"post": "yes"})
    assert not Category.objects.exists()


def test_a_category_is_made_in_admin(admin_client: Client) -> None:
    url = reverse("admin:catalogue_category_add")
    form = {"name": "Mugs", "slug": "mugs", "treebeard_position": "sorted-child"}
    admin_client.post(url, {**form, "treebeard_ref_node": ""})
    assert Category.objects.get().slug == "mugs"


def test_heic_says_what_to_do(admin_client: Client) -> None:
    if HEIC:
        pytest.skip("the extra is installed")
    product = new_product()
    files = [upload("photo.heic", REFUSED["heic"][0])]
    assert "Most Compatible" in save(admin_client, product, new_pictures=files)


def test_admin_is_for_staff(client: Client) -> None:
    for url in (ADD, LIST, reverse("admin:catalogue_catalogueimport_add")):
        assert client.get(url).status_code == 302


def test_pictures_of_a_deleted_product_leave_the_storage(
    admin_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    product = new_product(images=[1])
    name = product.images.get().file.name
    url = reverse("admin:catalogue_product_delete", args=[product.pk])
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(url, {"post": "yes"})
    assert not ProductImage.objects.exists()
    assert not default_storage.exists(name)


def test_more_files_than_a_form_takes_are_refused_in_words(
    admin_client: Client,
) -> None:
    product = new_product()
    files = [upload(f"{number}.jpg", b"x") for number in range(MAX_PICTURES + 1)]
    answer = admin_client.post(
        change_url(product), filled_in(product, new_pictures=files)
    )
    assert answer.status_code == 400
    assert f"more than {MAX_PICTURES} files at once" in answer.content.decode()
