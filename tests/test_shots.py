"""The docs' pictures of the pages: each is listed, and they stay small."""

from tests.browser.shots import DOCS, SHOTS, WAY, listed

MOST = 1_500_000  # bytes of all


def test_every_picture_that_is_listed_is_there_and_no_other() -> None:
    taken = {path.stem for path in (DOCS / "shots").iterdir()}
    assert taken == {shot.name for shot in (*SHOTS, WAY)}


def test_the_list_is_the_one_that_the_command_writes() -> None:
    assert (DOCS / "shots.md").read_text(encoding="utf-8") == listed()


def test_they_are_small() -> None:
    sizes = [path.stat().st_size for path in (DOCS / "shots").iterdir()]
    assert sum(sizes) < MOST
