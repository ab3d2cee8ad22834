"""One gallery asked by many: threads under different filters, and a forked child."""

import os
import random
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from hashing import CodeIndex, IndexKind, hamming
from search.answers.query import Query
from search.encoders.registry import encoder
from search.gallery.columns import WordColumn
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.on_disk.snapshots import LoadedSnapshot
from search.gallery.rows import Rows
from search.gallery.snapshot_gallery import SnapshotGallery

N, K, CHANGED = 4000, 60, 100
FILTERS = (
    NO_FILTERS,
    Filters(categories=frozenset([1, 3])),
    Filters(in_stock=True),
    Filters(min_price=Decimal(10), max_price=Decimal(20)),
    Filters(in_stock=True).with_words(brand=["alba"]),
    Filters(categories=frozenset([2]), max_price=Decimal(5)),
    Filters().with_words(colour=["red"], brand=["alba", "borea"]),
    Filters(categories=frozenset()),
)


def some_rows(n: int, seed: int, *, first: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-127, 128, (n, encoder().card.dim), np.int8)
    return Rows(
        image_id=first + rng.permutation(n).astype(np.int64),
        product_id=first + np.arange(n) // 2,
        category_id=np.arange(n) * 4 // n,
        price=rng.integers(0, 5000, n),
        in_stock=rng.random(n) < 0.5,
        codes=encoder().layer.codes(vectors),
        embeddings=vectors,
        words={
            "brand": WordColumn(rng.integers(0, 2, n), ("Alba", "Borea")),
            "colour": WordColumn(rng.integers(0, 2, n), ("blue", "red")),
        },
    )


@pytest.fixture(params=[IndexKind.FLAT, IndexKind.IVF])
def now(db: None, request: Any) -> SnapshotGallery:
    """4,000 pictures, a hundred products changed since; of lists, all are read."""
    rows = some_rows(N, 0)
    index = CodeIndex.build(rows.image_id, rows.codes, kind=request.param, probes=N)
    loaded = LoadedSnapshot("one", encoder().fingerprint, 0, None, rows, index)  # type: ignore[arg-type]
    changed = some_rows(2 * CHANGED, 1, first=10 * N)
    changed = Rows(**{**vars(changed), "product_id": np.arange(2 * CHANGED) // 2})
    return SnapshotGallery.of(loaded).changed(range(CHANGED), changed)


def expected(
    now: SnapshotGallery, query: Query, filters: Filters
) -> list[tuple[int, int]]:
    """By sorting all that are live and allowed."""
    found: list[tuple[int, int]] = []
    for rows, live in (
        (now.snapshot.rows, now.snapshot.rows.product_id >= CHANGED),
        (now.overlay.table.rows, np.ones(len(now.overlay.table.rows), bool)),
    ):
        distances = hamming(query.codes, rows.codes)[0]
        for row in np.flatnonzero(live & allowed(rows, filters)).tolist():
            found.append((int(distances[row]), int(rows.image_id[row])))
    return [(image_id, distance) for distance, image_id in sorted(found)[:K]]


def allowed(rows: Rows, filters: Filters) -> np.ndarray:
    fits = np.ones(len(rows), bool)
    if filters.categories is not None:
        fits &= np.isin(rows.category_id, list(filters.categories))
    if filters.min_price is not None:
        fits &= rows.price >= filters.min_price * 100
    if filters.max_price is not None:
        fits &= rows.price <= filters.max_price * 100
    if filters.in_stock:
        fits &= rows.in_stock
    for name, wanted in filters.chosen_words.items():
        words = rows.words[name].words(np.arange(len(rows)))
        fits &= np.array([word.casefold() in wanted for word in words])
    return fits


def queries(n: int) -> list[Query]:
    rng = np.random.default_rng(9)
    vectors = rng.integers(-127, 128, (n, encoder().card.dim), np.int8)
    return [Query(encoder().fingerprint, vector) for vector in vectors]


def test_eight_threads_under_different_filters_get_each_its_own(
    now: SnapshotGallery,
) -> None:
    asked = [(query, filters) for query in queries(4) for filters in FILTERS]
    answers = [expected(now, query, filters) for query, filters in asked]
    turns = list(range(len(asked))) * 6
    random.Random(0).shuffle(turns)

    def is_right(turn: int) -> bool:
        query, filters = asked[turn]
        return now.search(query, K, filters=filters).hits() == answers[turn]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(is_right, turns))


def test_a_search_that_has_begun_goes_on_undisturbed_by_the_next_change(
    now: SnapshotGallery,
) -> None:
    asked = [(query, filters) for query in queries(2) for filters in FILTERS]
    answers = [now.search(query, K, filters=filters).hits() for query, filters in asked]
    later = now.changed(range(N // 2), now.overlay.table.rows.take(np.arange(0)))
    for (query, filters), answer in zip(asked, answers, strict=True):
        assert now.search(query, K, filters=filters).hits() == answer
    assert [later.search(query, K, filters=f).hits() for query, f in asked] != answers


def test_a_child_forked_after_a_search_searches_too(now: SnapshotGallery) -> None:
    asked = [(query, filters) for query in queries(2) for filters in FILTERS]
    answers = [now.search(query, K, filters=filters).hits() for query, filters in asked]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # says what it found, and ends without a word to pytest
        same = [
            now.search(query, K, filters=filters).hits() == answer
            for (query, filters), answer in zip(asked, answers, strict=True)
        ]
        os.write(writer, bytes(same))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        has_answered, _, _ = select.select([pipe], [], [], 30)
        if not has_answered:  # it hangs
            os.kill(child, signal.SIGKILL)
        said = pipe.read()
    os.waitpid(child, 0)
    assert said == bytes([True] * len(asked))
