"""Laws 1, 2, 4 and 6: what the gallery finds is what the database holds now."""

import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction

from catalogue.models import Category, Product, ProductImage
from search.answers.query import Query
from search.encoders.registry import encoder
from search.engines import embedded
from search.engines.engine import current_gallery, engine
from search.errors import ForeignEncoder, SearchUnavailable
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.holder import Holder
from tests.builders import new_product
from tests.search.catalogues import (
    BRANDS,
    CATEGORIES,
    a_query,
    add_coded_image,
    brute_force,
    embedding,
    give_code,
    random_product,
)
from tests.search.engine_choice import ON_EACH_ENGINE

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    ON_EACH_ENGINE,
    pytest.mark.usefixtures("chosen_engine"),
]


def bring_up() -> None:
    """Return a gallery of the catalogue as it is, without changes beside it."""
    assert engine().prepare(encoder())


def start_again() -> None:
    """As a process does that begins."""
    embedded.reset()
    Holder.reset_all()


def found(
    query: Query, k: int = 10, filters: Filters = NO_FILTERS
) -> list[tuple[int, int]]:
    return current_gallery().search(query, k, filters=filters).hits()


def random_edit(chance: random.Random) -> None:
    product = Product.objects.order_by("?").first()
    if product is None or chance.random() < 0.3:
        random_product(chance)
        return
    image = product.images.first()
    edits: list[Callable[[], object]] = [
        lambda: Product.objects.filter(pk=product.pk).update(price=Decimal("1.50")),
        lambda: Product.objects.filter(pk__lte=product.pk)[:3].count(),
        lambda: setattr(product, "active", not product.active) or product.save(),
        lambda: setattr(product, "stock", 7 - product.stock % 8) or product.save(),
        lambda: setattr(product, "brand", chance.choice(BRANDS)) or product.save(),
        lambda: product.delete(),
        lambda: add_coded_image(product, embedding(chance)),
    ]
    if image is not None:
        edits += [lambda: image.delete(), lambda: replace_file(image)]
        edits.append(lambda: replace_file(image) or give_code(image, embedding(chance)))
    chance.choice(edits)()


def replace_file(image: ProductImage) -> None:
    """Another file for a picture: its code no longer counts."""
    image.digest = f"{random.getrandbits(256):064x}"
    image.save()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.django_db(transaction=True)
def test_snapshot_with_changes_equals_the_database_after_any_edits(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        random_product(chance)
    bring_up()
    for step in range(40):
        random_edit(chance)
        if step % 13 == 7:
            bring_up()
        if step % 7 == 3:
            engine().keep_up()
        query, k = a_query(chance), chance.choice([1, 3, 10, 200])
        assert found(query, k) == brute_force(query, k)
    overlaid = {name: found(a_query(random.Random(name)), 200) for name in range(4)}
    start_again()
    bring_up()
    assert current_gallery().pending == 0
    assert overlaid == {
        name: found(a_query(random.Random(name)), 200) for name in range(4)
    }


@pytest.mark.parametrize("seed", range(4))
def test_filters_lose_nothing_however_few_are_allowed(seed: int) -> None:
    chance = random.Random(seed)
    for number in range(40):
        random_product(chance)
        if number == 25:
            bring_up()
    for _ in range(30):
        category = Category.objects.get(name=chance.choice(CATEGORIES).split(" > ")[-1])
        subtree = frozenset(category.subtree_ids())
        low, high = Decimal(chance.randrange(40)), Decimal(chance.randrange(10, 50))
        chosen = {
            "categories": chance.choice([None, subtree]),
            "min_price": chance.choice([None, low]),
            "max_price": chance.choice([None, high]),
            "in_stock": chance.choice([False, True]),
        }
        words: dict[str, list[str]] = {
            "brand": chance.choice([[], ["alba", "ÇELIK"]]),
            "colour": chance.choice([[], ["red", "blue"]]),
        }

        def allowed(
            product: Product, chosen: dict = chosen, words: dict = words
        ) -> bool:
            brands = {brand.casefold() for brand in words["brand"]}
            return (
                (
                    not chosen["categories"]
                    or product.category_id in chosen["categories"]
                )
                and (
                    chosen["min_price"] is None or product.price >= chosen["min_price"]
                )
                and (
                    chosen["max_price"] is None or product.price <= chosen["max_price"]
                )
                and (not brands or product.brand.casefold() in brands)
                and (not words["colour"] or product.colour in words["colour"])
                and (not chosen["in_stock"] or product.stock > 0)
            )

        query, k = a_query(chance), chance.choice([1, 5, 200])
        expected = brute_force(query, k, where=allowed)
        assert found(query, k, Filters(**chosen).with_words(**words)) == expected


def test_a_subcategory_that_moved_is_found_under_its_new_parent() -> None:
    product = new_product(category="Home > Lamps")
    image = add_coded_image(product, embedding(random.Random(1)))
    garden = Category.objects.at_path(["Garden"])
    bring_up()
    lamps = Category.objects.get(name="Lamps")
    Category.objects.move(lamps, garden, "sorted-child")
    garden.refresh_from_db()
    filters = Filters(categories=frozenset(garden.subtree_ids()))
    assert [hit for hit, _ in found(a_query(random.Random(1)), 5, filters)] == [
        image.pk
    ]


@pytest.mark.parametrize("is_in_snapshot", [True, False])
def test_hidden_deleted_and_replaced_pictures_are_gone_at_once(
    is_in_snapshot: bool,
) -> None:
    chance = random.Random(0)
    if not is_in_snapshot:
        bring_up()
    images = [add_coded_image(new_product(), embedding(chance)) for _ in range(5)]
    if is_in_snapshot:
        bring_up()
    query = a_query(chance)
    hidden, in_bulk, deleted, replaced, kept = images
    assert {hit for hit, _ in found(query)} == {image.pk for image in images}
    hidden.product.active = False
    hidden.product.save()
    Product.objects.filter(pk=in_bulk.product_id).update(active=False)
    deleted.delete()
    replace_file(replaced)
    assert [hit for hit, _ in found(query)] == [kept.pk]
    Product.objects.filter(pk=in_bulk.product_id).update(active=True)
    assert {hit for hit, _ in found(query)} == {kept.pk, in_bulk.pk}


def test_what_is_rolled_back_was_never_there() -> None:
    image = add_coded_image(new_product(), embedding(random.Random(0)))
    bring_up()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add_coded_image(new_product(), embedding(random.Random(1)))
        image.product.delete()
        raise ZeroDivisionError
    assert [hit for hit, _ in found(a_query(random.Random(2)))] == [image.pk]


def test_codes_of_another_encoder_are_neither_searched_nor_found() -> None:
    bring_up()
    image = add_coded_image(new_product(), embedding(random.Random(0)))
    image.codes.update(encoder="f" * 16)
    query = a_query(random.Random(0))
    assert found(query) == []
    bring_up()
    assert found(query) == []
    foreign = Query("f" * 16, query.embedding)
    with pytest.raises(ForeignEncoder):
        current_gallery().search(foreign, 5)


def test_before_it_is_built_search_is_unavailable() -> None:
    with pytest.raises(SearchUnavailable):
        current_gallery()


def test_an_empty_shop_has_a_gallery_that_finds_nothing() -> None:
    bring_up()
    assert found(a_query(random.Random(0))) == []
    assert len(current_gallery()) == 0


def test_neighbours_carry_the_cosine_of_the_stored_embeddings() -> None:
    vector = embedding(random.Random(0))
    add_coded_image(new_product(), vector)
    bring_up()
    near = current_gallery().search(Query(encoder().fingerprint, vector), 1)
    assert near.distance.tolist() == [0]
    assert near.with_cosines(vector, None).cosine == pytest.approx([1.0], abs=1e-6)
