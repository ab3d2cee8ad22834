import io
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.db.models import Value

from catalogue.models import MAX_POSITION, Category, Product, ProductImage
from catalogue.signals import bulk_images, images_saved, products_changed
from tests.builders import make_image, new_category, new_product

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_category_path_is_made_once() -> None:
    mugs = new_category("Kitchen > Mugs")
    assert new_category("Kitchen > Mugs") == mugs
    assert Category.objects.count() == 2
    assert Category.objects.paths() == {
        ("Kitchen",): new_category("Kitchen").pk,
        ("Kitchen", "Mugs"): mugs.pk,
    }


def test_a_path_without_names_is_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        Category.objects.at_path([])


def test_slugs_of_categories_never_clash() -> None:
    paths = ("Mugs", "Kitchen > Mugs", "Kitchen > Mugs!", "茶杯", "!!!", "???")
    slugs = [new_category(path).slug for path in paths]
    assert slugs[:2] == ["mugs", "kitchen-mugs"]
    assert slugs[3] == "茶杯"
    assert len(set(slugs)) == len(slugs)


def test_a_subtree_is_the_category_and_all_below_it() -> None:
    kitchen, mugs = new_category("Kitchen"), new_category("Kitchen > Mugs > Small")
    new_category("Garden")
    kitchen.refresh_from_db()
    assert len(kitchen.subtree_ids()) == 3
    assert mugs.pk in kitchen.subtree_ids()


@pytest.mark.parametrize(
    ("name", "slug"), [("Big Mug", "big-mug"), ("马克杯", "马克杯"), ("!", "product")]
)
def test_a_slug_is_made_in_any_script(name: str, slug: str) -> None:
    assert new_product(name=name).slug == slug


def test_a_bulk_update_is_announced() -> None:
    heard: list[int] = []

    def note(product_ids: list[int], **kwargs: Any) -> None:
        heard.extend(product_ids)

    cheap, _dear = new_product(price=Decimal(1)), new_product(price=Decimal(9))
    products_changed.connect(note)
    try:
        Product.objects.filter(price__lt=5).update(active=False)
    finally:
        products_changed.disconnect(note)
    assert heard == [cheap.pk]


def test_pictures_are_announced_after_the_commit_and_in_bulk_when_asked(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    heard: list[tuple[int, bool]] = []

    def note(image_ids: list[int], bulk: bool, **kwargs: Any) -> None:
        heard.append((len(image_ids), bulk))

    images_saved.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            new_product(images=[1, 2])
            assert heard == []
        assert heard == [(1, False), (1, False)]
        heard.clear()
        with bulk_images(), django_capture_on_commit_callbacks(execute=True):
            new_product(images=[1, 2])
        assert heard == [(2, True)]
    finally:
        images_saved.disconnect(note)


def test_a_replaced_file_goes_only_when_that_is_committed(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    image = new_product(images=[1]).images.get()
    old = image.file.name
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        image.set_file(io.BytesIO(make_image(2)))
        image.save()
    assert default_storage.exists(old)
    for callback in callbacks:
        callback()
    assert not default_storage.exists(old)
    assert default_storage.exists(image.file.name)


def test_a_picture_knows_its_size() -> None:
    image = new_product(images=[make_image(1, size=(30, 20))]).images.get()
    assert (image.width, image.height) == (30, 20)
    assert image.size == default_storage.size(image.file.name)


def test_the_clients_file_name_never_reaches_the_storage() -> None:
    image = new_product(images=[1]).images.get()
    folder, shelf, name = Path(image.file.name).parts
    assert folder == "products" and name.startswith(shelf) and len(name) == 36


def test_the_first_admin_is_made_once(django_user_model: Any) -> None:
    out = io.StringIO()
    call_command("create_admin", stdout=out)
    path = Path(settings.DATA_DIR) / "admin_password.txt"
    password = path.read_text().strip()
    assert password in out.getvalue()
    assert path.stat().st_mode & 0o777 == 0o600
    assert django_user_model.objects.get().check_password(password)
    out = io.StringIO()
    call_command("create_admin", stdout=out)
    assert str(path) in out.getvalue() and password not in out.getvalue()
    assert path.read_text().strip() == password
    path.unlink()


def test_a_thumbnail_that_two_processes_make_at_once_is_one_file() -> None:
    image = new_product(images=[1]).images.get()
    again = ProductImage.objects.get()
    image.card.generate()
    again.card.generate(force=True)  # as one that looked before the other had ended
    folder = Path(settings.MEDIA_ROOT) / "thumbnails"
    assert [path for path in folder.rglob("*") if path.is_file()] == [
        Path(image.card.path)
    ]
    assert again.card.url == image.card.url


def test_the_position_after_the_last_one_stays_in_its_column() -> None:
    product = new_product(images=[1])
    product.images.update(position=MAX_POSITION)
    assert product.next_position() == MAX_POSITION
    image = ProductImage(product=product, position=product.next_position())
    image.set_file(io.BytesIO(make_image(2)))
    image.save()
    assert product.images.count() == 2


def test_stored_names_get_their_normal_form_where_it_is_free() -> None:
    """By the migration: they were stored as written before."""
    category = new_product("A1").category
    dirty, twin = new_product("B1"), new_product("C1")
    Product._base_manager.filter(pk=dirty.pk).update(sku=Value("B1\u200b"))
    Product._base_manager.filter(pk=twin.pk).update(sku=Value(" A1"))
    Category.objects.filter(pk=category.pk).update(name=Value("Ku\u0308che"))
    migration = import_module("catalogue.migrations.0003_normal_forms")
    migration.store_normal_forms(apps, None)
    skus = dict(Product._base_manager.values_list("pk", "sku"))
    assert (skus[dirty.pk], skus[twin.pk]) == ("B1", " A1")
    assert Category.objects.get(pk=category.pk).name == "Küche"
