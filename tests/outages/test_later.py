"""Notes are written beside the requests, which neither wait for them nor fail."""

import threading
from collections.abc import Iterator

import pytest

from outages import later
from outages.later import Notes
from tests.wait import wait_until


class Book:
    """Where notes are written, once it is open."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.written: list[tuple[str, int]] = []

    def write(self, note: str, times: int) -> None:
        assert self.open.wait(timeout=60)
        if note == "bad":
            raise OSError("torn")
        self.written.append((note, times))


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Iterator[Book]:
    monkeypatch.setattr(later, "in_background", True)
    book = Book()
    yield book
    book.open.set()


@pytest.mark.django_db
def test_nobody_waits_for_a_note_and_equal_ones_are_written_together(
    book: Book,
) -> None:
    notes = Notes(book.write)
    notes.add("first")
    for note in ("bad", "cup", "bad", "cup", "cup"):
        notes.add(note)  # returns, though the book is closed
    book.open.set()
    wait_until(lambda: sum(times for _, times in book.written) == 4)
    notes.add("last")
    wait_until(lambda: ("last", 1) in book.written)
    counted = {note: 0 for note, _ in book.written}
    for note, times in book.written:
        counted[note] += times
    assert counted == {"first": 1, "cup": 3, "last": 1}


@pytest.mark.django_db
def test_no_more_wait_than_memory_is_given_to(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "MAX_WAITING", 3)
    notes = Notes(book.write)
    for number in range(100):
        notes.add(str(number))
    book.open.set()
    wait_until(lambda: not notes._is_writing)
    assert 3 <= len(book.written) <= 6


def test_elsewhere_a_note_is_written_at_once_and_fails_nobody() -> None:
    book = Book()
    book.open.set()
    notes = Notes(book.write)
    notes.add("bad")
    notes.add("good")
    assert book.written == [("good", 1)]
