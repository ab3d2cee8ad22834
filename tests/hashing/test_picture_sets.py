"""Sets of pictures and their SPLITs."""

import numpy as np
import pytest

from hashing.picture_sets import PictureSet, alter
from tests.hashing.pictures import noise, tarred, write_set


@pytest.fixture(params=["folder", "tar"])
def source(request, tmp_path):
    folder = write_set(tmp_path / "shop")
    return folder if request.param == "folder" else tarred(folder)


@pytest.mark.parametrize(
    ("split", "n"),
    [
        ("", 12),
        (":open", 12),
        (":photo", 8),
        (":open+catalogue", 4),
        (":view=view1", 4),
        (":photo+view!=view1", 4),
        (":photo+fine_label=red", 2),
    ],
)
def test_words_of_a_split_all_have_to_hold(source, split, n):
    pictures = PictureSet.parse(f"{source}{split}")
    assert len(pictures) == len(list(pictures.pictures())) == n


def test_labels_and_pictures_come_in_the_manifests_order(source):
    pictures = PictureSet.parse(f"{source}:catalogue")
    assert pictures.column("fine_label") == ["red", "green", "blue", "yellow"]
    middle = [np.asarray(image)[45, 60].argmax() for image in pictures.pictures()]
    assert middle[:3] == [0, 1, 2]


def test_the_same_picture_has_the_same_key_in_every_split(source):
    every = set(PictureSet.parse(f"{source}").keys)
    assert set(PictureSet.parse(f"{source}:photo").keys) < every


@pytest.mark.parametrize(
    "split", [":nothing", ":view=view9", ":colour=red", ":photo+catalogue"]
)
def test_a_split_that_leaves_nothing_is_refused(source, split):
    with pytest.raises(ValueError, match=r"no picture is left|no column 'colour'"):
        PictureSet.parse(f"{source}{split}")


def test_a_label_that_is_no_column_is_named(source):
    with pytest.raises(ValueError, match="no column 'brand'"):
        PictureSet.parse(str(source)).column("brand")


@pytest.mark.parametrize("content", [None, b"", b"not a tar"])
def test_a_path_without_a_set_is_refused(tmp_path, content):
    path = tmp_path / "set.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"set\.tar"):
        PictureSet.parse(str(path))


def test_pictures_that_cannot_be_read_are_left_out_by_name(source, caplog):
    pictures = PictureSet.parse(f"{source}")
    (lost, cut, *rest) = [row.path for row in pictures.rows]
    damage(source, {lost: None, cut: b"no picture"})
    readable = PictureSet.parse(f"{source}").readable()
    assert [row.path for row in readable.rows] == rest
    assert len(list(readable.pictures())) == len(rest)
    assert f"{lost}: the file is missing" in caplog.text
    assert f"{cut}: This is not a picture" in caplog.text


def test_a_set_of_which_nothing_can_be_read_is_refused(source):
    rows = PictureSet.parse(f"{source}").rows
    damage(source, {row.path: b"" for row in rows})
    with pytest.raises(ValueError, match="no picture can be read"):
        PictureSet.parse(f"{source}").readable()


def damage(source, contents):
    """Write other contents into some of a set's files; None removes one."""
    folder = source.with_suffix("")
    for path, content in contents.items():
        (folder / path).unlink()
        if content is not None:
            (folder / path).write_bytes(content)
    if source.suffix:
        tarred(folder)


def test_an_altered_copy_is_another_picture_of_the_same_thing():
    image = noise((100, 80))
    copy = alter(image, seed=1)
    assert copy.size != image.size
    assert copy.tobytes() == alter(image, seed=1).tobytes()
    assert copy.tobytes() != alter(image, seed=2).tobytes()
