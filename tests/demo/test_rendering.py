"""The demo shop's pictures and data, and the program that renders them."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from demo import PICTURES

pytest.importorskip("numba", reason="the renderer is in requirements-dev only")

LIMIT = 10 * 1000 * 1000


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def catalogue() -> list[dict[str, str]]:
    return rows(PICTURES / "catalogue.csv")


def test_the_demo_shop_has_300_products_of_20_kinds(catalogue):
    assert len(catalogue) >= 300
    assert len({row["category"] for row in catalogue}) >= 20
    assert len({row["sku"] for row in catalogue}) == len(catalogue)
    assert len({row["name"] for row in catalogue}) == len(catalogue)


def test_every_product_has_two_pictures_that_open(catalogue):
    names = [name for row in catalogue for name in row["images"].split(";")]
    assert max(Counter(names).values()) == 1
    assert len(names) >= 2 * len(catalogue)
    for name in names:
        with Image.open(PICTURES / "images" / name) as picture:
            assert min(picture.size) >= 320


def test_no_picture_is_left_over(catalogue):
    listed = {name for row in catalogue for name in row["images"].split(";")}
    assert {path.name for path in (PICTURES / "images").iterdir()} == listed


def test_60_street_photos_show_60_different_products(catalogue):
    photos = rows(PICTURES / "street" / "manifest.csv")
    assert len({photo["sku"] for photo in photos}) == len(photos) == 60
    assert {photo["sku"] for photo in photos} <= {row["sku"] for row in catalogue}
    for photo in photos:
        with Image.open(PICTURES / "street" / photo["path"]) as picture:
            assert 420 <= max(picture.size) <= 640


def test_pictures_and_data_stay_small():
    assert sum(p.stat().st_size for p in PICTURES.rglob("*") if p.is_file()) <= LIMIT


def test_data_is_what_the_program_says(catalogue):
    from demo.assortment import demo_products
    from demo.products import listings_of

    made = [list(item.values) for item in listings_of(demo_products())]
    assert made == [list(row.values()) for row in catalogue]


def test_no_two_products_look_the_same():
    from demo.assortment import demo_products

    products = demo_products()
    assert len({product.design for product in products}) == len(products)


def test_training_never_sees_the_shops_products_nor_the_held_out_kinds():
    from demo.assortment import HELD_OUT, demo_products, training_products

    training = training_products(400, seed=3)
    assert len(training) == 400
    assert len(HELD_OUT) == 5
    assert not {product.kind for product in training} & set(HELD_OUT)
    shop = {product.design for product in demo_products()}
    assert not {product.design for product in training} & shop
    assert len({product.design for product in training}) == 400


def test_training_of_one_seed_is_always_the_same():
    from demo.assortment import training_products

    assert training_products(50, seed=4) == training_products(50, seed=4)
    assert training_products(50, seed=4) != training_products(50, seed=5)


@pytest.mark.slow
def test_one_seed_renders_the_same_bytes():
    """Slow on a fresh clone only: numba compiles the renderer once."""
    from demo.assortment import demo_products
    from demo.photography import catalogue_picture, webp
    from demo.street import jpeg, street_photo

    product, *others = demo_products()[::9]
    once, again = (webp(catalogue_picture(product, 0, 48)) for _ in range(2))
    assert once == again
    seed = [5, 1]
    once, again = (
        jpeg(street_photo(product, others, seed, 64), seed) for _ in range(2)
    )
    assert once == again
