"""What changed without a signal is found, said and healed."""

import json
import random
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalogue.models import Product, ProductImage
from search import tasks
from search.engines import embedded, verification
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from search.models import Change, ImageCode
from tests.builders import new_category, new_product
from tests.search.catalogues import add_coded_image, embedding, random_product

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def silently(image: ProductImage, **values: object) -> None:
    """Past the manager that announces."""
    Product._base_manager.filter(pk=image.product_id).update(**values)


def delete_by_sql(image: ProductImage) -> None:
    sql("DELETE FROM search_imagecode WHERE image_id = %s", image.pk)
    sql("DELETE FROM catalogue_productimage WHERE id = %s", image.pk)


def add_silently(image: ProductImage) -> None:
    chance = random.Random(3)
    added = add_coded_image(image.product, embedding(chance))
    Change.objects.filter(product_id=added.product_id).delete()


def move_to_another(image: ProductImage) -> None:
    other = Product.objects.exclude(pk=image.product_id).first()
    ProductImage._base_manager.filter(pk=image.pk).update(product=other)


def reprice_in_bulk(image: ProductImage) -> None:
    image.product.price = Decimal("77.00")
    Product._base_manager.bulk_update([image.product], ["price"])


EDITS: dict[str, tuple[Callable[[ProductImage], object], str, str]] = {
    "price": (lambda i: silently(i, price=Decimal("88.88")), "stale", "price"),
    "bulk_update": (reprice_in_bulk, "stale", "price"),
    "stock": (lambda i: silently(i, stock=0), "stale", "stock"),
    "brand": (lambda i: silently(i, brand="New"), "stale", "brand"),
    "colour": (lambda i: silently(i, colour="mauve"), "stale", "colour"),
    "category": (
        lambda i: silently(i, category=new_category("Elsewhere")),
        "stale",
        "category",
    ),
    "code": (
        lambda i: ImageCode.objects.filter(image=i).update(code=bytes(32)),
        "stale",
        "code",
    ),
    "embedding": (
        lambda i: ImageCode.objects.filter(image=i).update(embedding=bytes(512)),
        "stale",
        "embedding",
    ),
    "hidden": (lambda i: silently(i, active=False), "extra", "database"),
    "file": (
        lambda i: ProductImage._base_manager.filter(pk=i.pk).update(digest="0" * 64),
        "extra",
        "database",
    ),
    "deleted": (delete_by_sql, "extra", "database"),
    "added": (add_silently, "missing", "gallery"),
    "moved": (move_to_another, "stale", "product"),
}


def verified(*options: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("verify_gallery", "--json", *options, stdout=out)
    except SystemExit as error:
        assert error.code == 1
        assert json.loads(out.getvalue())["differences"]
    return dict(json.loads(out.getvalue()))


@pytest.mark.parametrize("in_snapshot", [True, False], ids=["snapshot", "overlay"])
@pytest.mark.parametrize("edit", EDITS)
def test_every_silent_edit_is_found_and_healed(edit: str, in_snapshot: bool) -> None:
    if not in_snapshot:
        snapshots.build()
    chance = random.Random(1)
    images = [add_coded_image(new_product(), embedding(chance)) for _ in range(4)]
    if in_snapshot:
        snapshots.build()
    assert verified()["differences"] == []
    change, kind, reason = EDITS[edit]
    change(images[1])
    found = verified("--heal")["differences"]
    assert {"kind": kind, "product_id": found[0]["product_id"]}.items() <= found[
        0
    ].items()
    assert reason in found[0]["reason"]
    assert verified()["differences"] == []


@pytest.mark.django_db(transaction=True)
def test_the_sweep_heals_chunk_by_chunk_and_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "CHUNK_IMAGES", 3)
    chance = random.Random(2)
    images = [add_coded_image(new_product(), embedding(chance)) for _ in range(7)]
    sweep = verification.Sweep()
    for _ in range(2):
        snapshots.build()
        for image in images:
            silently(image, stock=7 if image.product.stock == 0 else 0)
            image.product.refresh_from_db()
        assert [sweep.step() for _ in range(3)] == [3, 3, 1]
        assert verified()["differences"] == []


def test_a_product_that_others_hold_as_it_was_is_read_again_by_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "RENEWED_PRODUCTS", 2)
    snapshots.build()
    chance = random.Random(4)
    images = [add_coded_image(new_product(), embedding(chance)) for _ in range(3)]
    elsewhere = current_gallery()
    silently(images[0], stock=0)
    embedded.reset()  # this process has begun later, and sees nothing wrong
    sweep = verification.Sweep()
    assert [sweep.step(), sweep.step()] == [0, 0]
    assert Change.objects.count() == 3
    assert not elsewhere.refreshed().overlay.table.rows.in_stock.all()


def test_what_is_saved_meanwhile_is_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = new_product()
    add_coded_image(product, embedding(random.Random(5)))
    snapshots.build()
    read = verification.reading.read_images

    def saved_before_it_is_read(*args: Any, **kwargs: Any) -> Any:
        Product.objects.filter(pk=product.pk).update(price=3)
        return read(*args, **kwargs)

    monkeypatch.setattr(verification.reading, "read_images", saved_before_it_is_read)
    assert verified()["differences"] == []


def test_random_catalogues_after_any_edits_hold_what_the_database_holds() -> None:
    chance = random.Random(6)
    for number in range(30):
        random_product(chance)
        if number == 20:
            snapshots.build()
    assert verified()["differences"] == []


def test_without_a_snapshot_the_task_waits_for_one_and_the_command_says_so() -> None:
    tasks.verify_gallery()
    with pytest.raises(Exception, match="snapshot"):
        call_command("verify_gallery")


def test_it_says_in_words_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    image = add_coded_image(new_product(), embedding(random.Random(7)))
    snapshots.build()
    assert len(current_gallery()) == 1
    silently(image, stock=0, brand="Other")
    with pytest.raises(SystemExit):
        call_command("verify_gallery")
    said = capsys.readouterr().out
    assert f"stale: picture {image.pk} of product {image.product_id}" in said
    assert "stock, brand" in said and "1 differences" in said
