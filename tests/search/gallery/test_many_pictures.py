"""A product with hundreds of pictures does not keep others off the page."""

import random

import pytest

from catalogue.models import Product
from search.answers.query import Query
from search.answers.request import RESULTS_PER_PAGE, SearchRequest
from search.answers.similar import similar_to_product, similar_to_query
from search.gallery.filters import Filters
from search.gallery.on_disk import snapshots
from tests.builders import new_product
from tests.search.catalogues import Embedding, a_query, add_coded_image, embedding

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.django_db]

MANY = 500


@pytest.fixture
def query() -> Query:
    """Near one product's 500 pictures, which are nearer than any of 30 others."""
    query = a_query(random.Random(0))
    crowded = new_product(sku="crowded")
    for number in range(MANY):
        add_coded_image(crowded, nearly(query.embedding, number))
    for number in range(30):
        other = new_product(sku=f"other-{number}", brand="Alba" if number % 2 else "")
        add_coded_image(other, embedding(random.Random(number + 100)))
    snapshots.build()
    return query


def nearly(vector: Embedding, seed: int) -> Embedding:
    changed = vector.copy()
    changed[seed % len(vector)] = -changed[seed % len(vector)]
    return changed


def test_other_products_fill_the_page(query: Query) -> None:
    answer = similar_to_query(query.token())
    assert len(answer.results) == RESULTS_PER_PAGE
    assert answer.results[0].product.sku == "crowded"
    assert answer.count == 31
    rest = similar_to_query(query.token(), SearchRequest(page=2))
    assert len({r.product.pk for r in (*answer.results, *rest.results)}) == 31


def test_under_a_filter_too(query: Query) -> None:
    alba = SearchRequest(Filters().with_words(brand=["alba"]))
    answer = similar_to_query(query.token(), alba)
    assert answer.count == 15


def test_a_product_of_many_pictures_has_similar_ones(query: Query) -> None:
    found = similar_to_query(query.token()).results[0].product
    crowded = Product.objects.get(pk=found.pk)
    assert len(similar_to_product(crowded)) == 12
