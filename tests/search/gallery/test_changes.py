"""Changes come in commit order, for every reader."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from search import changes
from search.models import Change

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


class Reader:
    """Follows the changes as a serving process does."""

    def __init__(self) -> None:
        self.position = changes.Position(changes.current_position())

    def read(self) -> frozenset[int]:
        seen = changes.since(self.position)
        self.position = seen.position
        return seen.products


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_reader_sees_what_was_committed_and_nothing_twice() -> None:
    reader = Reader()
    changes.record([1, 2, 2])
    assert reader.read() == {1, 2}
    assert reader.read() == set()
    with transaction.atomic():
        changes.record([3])
        transaction.set_rollback(True)
    changes.record([4])
    assert reader.read() == {4}


def test_transactions_that_commit_in_reverse_order_lose_nothing() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    reader = Reader()
    began, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            changes.record([1])
            began.set()
            assert may_commit.wait(10)

    thread = in_thread(slow)
    assert began.wait(10)
    changes.record([2])
    newest = Change.objects.latest("pk")
    assert reader.read() == {2}
    may_commit.set()
    thread.join()
    assert reader.read() == {1}
    # The one that came late is older by any sequence: a reader that goes by it has
    # passed it.
    assert Change.objects.get(product_id=1).pk < newest.pk


def test_a_reader_that_goes_by_a_timestamp_loses_what_commits_late() -> None:
    """What the position is for: the same two transactions, read by their times."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    began, may_commit = threading.Event(), threading.Event()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stamped (product bigint, at timestamptz DEFAULT now())"
        )

    def stamp(product: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO stamped (product) VALUES (%s)", [product])

    def newer_than(at: str) -> list[tuple[int, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT product, at FROM stamped WHERE at > %s ORDER BY at", [at]
            )
            return cursor.fetchall()

    def slow() -> None:
        with transaction.atomic():
            stamp(1)
            began.set()
            assert may_commit.wait(10)

    try:
        thread = in_thread(slow)
        assert began.wait(10)
        stamp(2)
        ((product, watermark),) = newer_than("-infinity")
        assert product == 2
        may_commit.set()
        thread.join()
        assert newer_than(watermark) == []  # product 1 is lost to it for ever
    finally:
        may_commit.set()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE stamped")


def test_a_reader_who_starts_during_a_transaction_sees_its_changes() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    began, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            changes.record([1])
            began.set()
            assert may_commit.wait(10)

    thread = in_thread(slow)
    assert began.wait(10)
    changes.record([2])  # began later, and has ended
    reader = Reader()
    may_commit.set()
    thread.join()
    assert 1 in reader.read()


def test_what_no_reader_needs_is_forgotten() -> None:
    changes.record([1])
    reader = Reader()
    changes.record([2])
    changes.forget_before(reader.position.upto)
    assert 2 in reader.read()
    assert Change.objects.count() <= 2


def test_a_long_transaction_does_not_make_readers_read_the_rest_again() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    reader = Reader()
    began, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            changes.record([1])
            began.set()
            assert may_commit.wait(10)

    thread = in_thread(slow)
    assert began.wait(10)
    for product_id in range(2, 6):
        changes.record([product_id])
        assert reader.read() == {product_id}
    assert reader.read() == set()
    may_commit.set()
    thread.join()
    assert reader.read() == {1}


def test_what_the_reader_s_own_transaction_writes_later_is_seen_after_it() -> None:
    reader = Reader()
    with transaction.atomic():
        changes.record([1])
        in_thread(lambda: _record_elsewhere(2)).join()
        assert 1 in reader.read()
        changes.record([3])
    assert 3 in reader.read()


def _record_elsewhere(product_id: int) -> None:
    if connection.vendor == "postgresql":
        changes.record([product_id])
