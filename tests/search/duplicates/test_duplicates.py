"""Pictures that the shop has already: found, told, and remembered."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageOps

from catalogue.models import Product, ProductImage
from search.duplicates import finding
from search.encoders import encoding
from search.gallery.on_disk import snapshots
from search.models.duplicates import Resemblance
from search.tasks import find_duplicates
from tests.builders import add_image, draw_picture, make_image, new_product
from tests.catalogue.admin_forms import change_url, save

Tier = Resemblance.Tier
QUEUE = reverse("admin:search_resemblance_changelist")


def file_of(picture: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


def encode_all() -> None:
    encoding.encode_missing()
    snapshots.build()


def compare_all() -> None:
    """Return what the sweep does, as often as it takes."""
    encode_all()
    finding.compare_missing(seconds=60)


@pytest.mark.django_db
def test_the_same_file_is_found_whatever_it_became() -> None:
    new_product("a", images=[1])
    new_product("b", images=[1], active=False)
    compare_all()
    pair = Resemblance.objects.to_review().get()
    assert pair.tier == Tier.FILE
    assert {pair.newer.product.sku, pair.older.product.sku} == {"a", "b"}


@pytest.mark.django_db
def test_a_copy_is_found_among_many() -> None:
    for number in range(8):
        new_product(f"p{number}", images=[number])
    mirrored = file_of(ImageOps.mirror(draw_picture(3)), quality=60)
    new_product("copy", images=[mirrored])
    compare_all()
    pair = Resemblance.objects.to_review().get(tier=Tier.PICTURE)
    assert (pair.newer.product.sku, pair.older.product.sku) == ("copy", "p3")


@pytest.mark.django_db
def test_what_is_no_duplicate_stays_so_until_a_picture_is_replaced() -> None:
    new_product("a", images=[1])
    copy = new_product("b", images=[1]).images.get()
    compare_all()
    Resemblance.objects.update(dismissed=True)
    assert finding.compare(copy) == []
    assert not Resemblance.objects.to_review().exists()
    copy.set_file(io.BytesIO(make_image(1, quality=55)))
    copy.save()
    compare_all()
    assert Resemblance.objects.to_review().get().tier == Tier.PICTURE


@pytest.mark.django_db
def test_every_picture_is_compared_once() -> None:
    new_product(images=[1, 2])
    encode_all()
    assert finding.uncompared().count() == 2
    find_duplicates()
    assert finding.uncompared().count() == 0


@pytest.mark.django_db
def test_comparing_waits_until_all_have_a_code() -> None:
    new_product(images=[1])
    encode_all()
    new_product(images=[2])
    find_duplicates()
    assert finding.uncompared().count() == 1


@pytest.mark.django_db(transaction=True)
def test_saving_a_picture_warns_of_its_copy(admin_client: Client) -> None:
    new_product("there", name="Old lamp", images=[3])
    encode_all()
    product = new_product("new", name="New lamp")
    upload = io.BytesIO(make_image(3, quality=40))
    upload.name = "copy.jpg"
    shown = save(admin_client, product, new_pictures=[upload])
    assert "the same picture" in shown
    assert "Old lamp" in shown
    form = admin_client.get(change_url(product)).content.decode()
    assert "the same picture" in form


def review(client: Client, action: str) -> str:
    pair = Resemblance.objects.get()
    chosen = {"action": action, "_selected_action": [pair.pk]}
    response = client.post(QUEUE, chosen, follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def pair(db: None) -> tuple[Product, Product]:
    older, newer = new_product("a", images=[1]), new_product("b", images=[1])
    compare_all()
    return older, newer


def test_the_queue_shows_both_pictures(
    admin_client: Client, pair: tuple[Product, Product]
) -> None:
    shown = admin_client.get(QUEUE).content.decode()
    assert "the same file" in shown
    for product in pair:
        assert change_url(product) in shown


def test_staff_says_that_it_is_no_duplicate(
    admin_client: Client, pair: tuple[Product, Product]
) -> None:
    assert "1 pair is remembered" in review(admin_client, "not_a_duplicate")
    assert not Resemblance.objects.to_review().exists()


def test_staff_removes_the_newer_picture(
    admin_client: Client, pair: tuple[Product, Product]
) -> None:
    review(admin_client, "remove_newer")
    assert ProductImage.objects.get().product == pair[0]
    assert not Resemblance.objects.exists()


def test_staff_hides_the_newer_product(
    admin_client: Client, pair: tuple[Product, Product]
) -> None:
    review(admin_client, "hide_newer")
    assert Product.objects.on_sale().get() == pair[0]


def test_who_may_only_look_decides_nothing(
    client: Client, pair: tuple[Product, Product], django_user_model: Any
) -> None:
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("u", password="u", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_resemblance"))
    client.force_login(user)
    review(client, "remove_newer")
    assert Resemblance.objects.to_review().count() == 1


@pytest.mark.django_db
def test_a_picture_that_is_gone_is_compared_with_nothing() -> None:
    image = add_image(new_product(), 1)
    encode_all()
    ProductImage.objects.filter(pk=image.pk).delete()
    assert finding.compare(image) == []


@pytest.mark.django_db
def test_thumbnails_are_there_before_a_page_asks() -> None:
    image = new_product(images=[1]).images.get()
    encode_all()
    storage = image.card.storage
    assert not storage.exists(image.card.name)
    find_duplicates()
    assert storage.exists(image.card.name) and storage.exists(image.large.name)
