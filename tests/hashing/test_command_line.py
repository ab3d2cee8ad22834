"""`python -m hashing`: one bad file takes nothing else down."""

import json
from pathlib import Path

import numpy as np
import pytest

from hashing import SHIPPED
from hashing.__main__ import main
from tests.builders import make_image
from tests.hashing.pictures import write_set

BAD = {
    "cut.jpg": make_image(1)[:2000],
    "empty.png": b"",
    "text.jpg": b"This is a shopping list.",
    "lie.webp": b"RIFF\x10\0\0\0WEBPVP8 \4\0\0\0\0\0\0\0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more" / "a folder.jpg").mkdir(parents=True)
    (folder / "b.jpg").write_bytes(make_image(1))
    (folder / "more" / "Ä c.PNG").write_bytes(make_image(2, format="PNG"))
    (folder / "notes.txt").write_text("none of the pictures")
    return folder


def encode(folder: Path) -> tuple[int, Path]:
    out = folder.parent / "codes.npz"
    arguments = ["--encoder", str(SHIPPED), "--images", str(folder), "--out", str(out)]
    return main(["encode", *arguments]), out


def test_bad_files_are_reported_and_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, out = encode(folder)
    expected = np.load(out)["codes"]
    for name, content in BAD.items():
        (folder / name).write_bytes(content)
    (folder / "away.jpg").symlink_to(folder / "nowhere.jpg")
    code, out = encode(folder)
    assert (whole, code) == (0, 1)
    with np.load(out) as encoded:
        assert encoded["paths"].tolist() == ["b.jpg", "more/Ä c.PNG"]
        assert (encoded["codes"] == expected).all()
        assert len(encoded["embeddings"]) == 2
    told = capsys.readouterr()
    assert "2 pictures encoded" in told.out and "5 left out" in told.out
    for name in [*BAD, "away.jpg"]:
        assert f"{name}: " in told.err
    assert "damaged or incomplete" in told.err and "empty" in told.err


def test_nothing_is_written_where_no_picture_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "cut.jpg").write_bytes(BAD["cut.jpg"])
    code, out = encode(folder)
    assert code == 1 and not out.exists()
    assert "no picture that can be read" in capsys.readouterr().err


def test_an_evaluation_goes_on_without_bad_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_set(tmp_path / "shop")
    (folder / "red-1.png").write_bytes(BAD["cut.jpg"])
    (folder / "blue-2.png").unlink()
    sets = ["--gallery", str(folder), "--queries", f"{folder}:photo"]
    rest = ["--label", "fine_label", "--report", str(tmp_path / "report")]
    assert main(["evaluate", "--encoder", str(SHIPPED), *sets, *rest]) == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert (report["n_gallery"], report["n_queries"]) == (10, 6)
    assert "red-1.png" in caplog.text and "blue-2.png" in caplog.text
