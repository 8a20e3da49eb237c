"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest
from small_files import small_files

from sselmp import files
from sselmp.errors import RunError


def test_a_file_is_written_with_its_folder(tmp_path):
    files.write_text(tmp_path / "new" / "x.txt", "σ = 1\n")
    assert (tmp_path / "new" / "x.txt").read_bytes() == "σ = 1\n".encode()
    assert stat.S_IMODE((tmp_path / "new" / "x.txt").stat().st_mode) == 0o644
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.txt"]


def fail_halfway(path):
    with files.whole(path) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "x.txt"
    with files.whole(path) as temporary:
        temporary.write_text("all of it")
        assert not path.exists()
    assert path.read_text() == "all of it"


def test_the_temporary_name_keeps_the_suffix_that_some_writers_go_by(tmp_path):
    with files.whole(tmp_path / "figure.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")


def test_a_disk_that_takes_no_more_is_reported_and_the_old_file_kept(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with small_files(100), pytest.raises(RunError, match=r"cannot write .*x\.txt") as caught:
        files.write_text(path, "new " * 1000)
    assert "repair:" in str(caught.value)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_called_a_full_disk(tmp_path):
    def write():
        with files.whole(tmp_path / "x.txt"):
            Path("/dev/full").write_text("x")

    with pytest.raises(RunError, match="the disk is full") as caught:
        write()
    assert "nothing half-written was left" in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        files.write_text(tmp_path / "file" / "x.txt", "text")


def test_the_hash_is_that_of_the_bytes(tmp_path):
    content = os.urandom(300_000)
    (tmp_path / "x").write_bytes(content)
    assert files.sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
