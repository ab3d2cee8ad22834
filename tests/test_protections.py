"""Every protection that is tried by taking it away is there, and told in the docs."""

import pytest

from tests.protections import (
    BASE_DIR,
    DOCS,
    Protection,
    documented,
    protections,
)

EACH = pytest.mark.parametrize("protection", protections(), ids=lambda each: each.name)


@EACH
def test_what_would_be_taken_away_is_there(protection: Protection) -> None:
    text = (BASE_DIR / protection.file).read_text(encoding="utf-8")
    assert protection.taken_away(text) != text


@EACH
def test_its_test_is_there(protection: Protection) -> None:
    file, *chosen = protection.test.split()
    tests = (BASE_DIR / file).read_text(encoding="utf-8")
    assert all(word in tests for word in chosen if word != "-k")


def test_the_docs_list_them_all() -> None:
    assert DOCS.read_text(encoding="utf-8") == documented(), (
        "run python -m tests.protections --docs"
    )


def test_one_that_is_no_more_is_noticed() -> None:
    (first, *_) = protections()
    with pytest.raises(ValueError, match="0 x"):
        first.taken_away("")
