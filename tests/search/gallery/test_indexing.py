"""Snapshots with an index of lists: chosen by settings, exact under filters."""

import random
from typing import Any

import numpy as np
import pytest

from hashing import IndexKind, RecallTooLow
from search.engines.engine import current_gallery
from search.gallery.filters import Filters
from search.gallery.on_disk import indexing, snapshots
from search.models import Snapshot
from tests.search.catalogues import BRANDS, a_query, brute_force, random_product

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def lists(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Even a small shop gets them, however little they find."""
    monkeypatch.setattr(indexing, "MIN_IVF_IMAGES", 1)
    settings.SEARCH_INDEX = "ivf"
    settings.LEAST_RECALL = 0.01
    return settings


@pytest.mark.parametrize(
    ("chosen", "images", "kind"),
    [
        ("auto", 1_000_000, IndexKind.FLAT),
        ("auto", 10_000_000, IndexKind.IVF),
        ("flat", 10_000_000, IndexKind.FLAT),
        ("ivf", 1_000_000, IndexKind.IVF),
        ("ivf", 1000, IndexKind.FLAT),
    ],
)
def test_the_kind_goes_by_the_setting_and_the_size(
    settings: Any, chosen: str, images: int, kind: IndexKind
) -> None:
    settings.SEARCH_INDEX = chosen
    assert indexing.kind_for(images) == kind


def test_a_snapshot_states_its_index_and_the_recall_measured(lists: Any) -> None:
    chance = random.Random(0)
    for _ in range(60):
        random_product(chance)
    snapshot = snapshots.build()
    assert snapshot is not None
    index = current_gallery().snapshot.index  # type: ignore[attr-defined]
    assert (snapshot.kind, index.kind) == ("ivf", IndexKind.IVF)
    assert snapshot.recall == index.recall
    assert 0.01 <= index.recall <= 1


@pytest.mark.parametrize("seed", range(3))
def test_filters_lose_nothing_where_lists_do(lists: Any, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(60):
        random_product(chance)
        if number == 45:
            snapshots.build()
    now = current_gallery()
    assert now.pending > 0
    for brand in BRANDS:
        for k in (1, 5, 200):
            query = a_query(chance)
            filters = Filters(in_stock=True).with_words(brand=[brand])
            expected = brute_force(
                query,
                k,
                where=lambda product: (
                    product.brand.casefold() == brand.casefold() and product.stock > 0  # noqa: B023
                ),
            )
            assert now.search(query, k, filters=filters).hits() == expected


def uniform_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the shop's pictures had nothing to do with one another."""
    build = indexing.CodeIndex.build

    def with_uniform(ids: Any, codes: Any, **options: Any) -> Any:
        drawn = np.random.default_rng(0).integers(0, 256, (4000, 32), np.uint8)
        if options.get("kind") == IndexKind.IVF:
            build(np.arange(4000), drawn, **options)
        return build(ids, codes)

    monkeypatch.setattr(indexing.CodeIndex, "build", with_uniform)


def test_lists_that_lose_too_much_are_refused_and_the_last_goes_on(
    lists: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_product(random.Random(1))
    lists.SEARCH_INDEX = "flat"
    first = snapshots.build()
    lists.SEARCH_INDEX, lists.LEAST_RECALL = "ivf", 0.99
    uniform_codes(monkeypatch)
    with pytest.raises(RecallTooLow):
        snapshots.build()
    assert list(Snapshot.objects.all()) == [first]
    assert current_gallery().name == first.name  # type: ignore[union-attr]


def test_where_auto_may_choose_such_a_shop_is_searched_whole(
    lists: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_product(random.Random(1))
    lists.SEARCH_INDEX, lists.LEAST_RECALL = "auto", 0.99
    monkeypatch.setattr(indexing, "AUTO_IVF_IMAGES", 1)
    uniform_codes(monkeypatch)
    snapshot = snapshots.build()
    assert snapshot is not None
    assert (snapshot.kind, snapshot.recall) == ("flat", 1.0)
