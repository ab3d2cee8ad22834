"""Small files are there whole or not at all, and private ones are private."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from disk.whole import made_once, only_for_owner, whole_file, write_whole
from tests.servers import BASE_DIR


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def permissions(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_who_reads_meanwhile_or_after_a_failure_reads_the_old_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "card.json"
    write_whole(path, "old")

    def write_half() -> None:
        with whole_file(path) as file:
            file.write("half")
            file.flush()
            assert path.read_text() == "old"
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert (path.read_text(), names(tmp_path)) == ("old", {"card.json"})
    write_whole(path, "new")
    assert (path.read_text(), names(tmp_path)) == ("new", {"card.json"})


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_whole(path, "old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from disk.whole import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write('half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=BASE_DIR)
    assert killed.returncode == -9
    assert path.read_text() == "old"


def test_a_link_stays_and_a_pipe_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    write_whole(Path(os.devnull), "nothing")
    assert not Path(os.devnull).is_file()


def test_a_torn_file_is_made_again_and_a_whole_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.touch()
    assert made_once(path, "first") == "first"
    assert made_once(path, "second") == "first"
    assert permissions(path) == 0o600
    assert names(tmp_path) == {"secret_key"}


def test_a_private_file_is_made_or_closed_to_others(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("kept")
    old.chmod(0o644)
    for path in (new, old, new):
        only_for_owner(path)
    assert (permissions(new), permissions(old)) == (0o600, 0o600)
    assert old.read_text() == "kept"


@pytest.mark.slow
def test_processes_that_begin_at_once_share_one_key_and_a_private_database(
    tmp_path: Path,
) -> None:
    code = "from config import settings; print(settings.SECRET_KEY)"
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    keys = {process.communicate(timeout=120)[0].strip() for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert names(tmp_path / "data") == {"secret_key", "db.sqlite3"}
    for path in (tmp_path / "data").iterdir():
        assert permissions(path) == 0o600
