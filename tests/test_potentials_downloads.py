"""Downloads over real HTTP: whole and verified, or nothing but a piece to go on with and a message that says all."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_server import FileServer, serving

from sselmp.errors import PotentialError
from sselmp.potentials.downloads import fetch

CONTENT = os.urandom(1_000_003)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "weights" / "models" / "best.pth"


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


def test_a_file_comes_whole_and_its_progress_is_told(server, target):
    told: list[tuple[int, int | None]] = []
    assert fetch(server.url, target, sha256=SHA256, on_progress=lambda *bytes_: told.append(bytes_)) == SHA256
    assert target.read_bytes() == CONTENT
    assert left(target) == ["best.pth"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_a_cut_connection_leaves_a_piece_that_the_next_call_continues(server, target):
    server.cut_after = 300_000
    with pytest.raises(PotentialError, match=r"could not get best\.pth") as caught:
        fetch(server.url, target, sha256=SHA256)
    said = str(caught.value)
    assert "ended after 300000 of 1000003 bytes" in said
    for needed in (server.url, SHA256, str(target), f"{target}.part"):
        assert needed in said
    assert left(target) == ["best.pth.part"]
    server.cut_after = None
    told: list[int] = []
    fetch(server.url, target, sha256=SHA256, on_progress=lambda done, _: told.append(done))
    assert server.asked == [None, "bytes=300000-"]
    assert told[0] > 300_000
    assert target.read_bytes() == CONTENT
    assert left(target) == ["best.pth"]


def test_a_piece_is_continued_as_often_as_needed(server, target):
    server.cut_after = 400_000
    for _ in range(2):
        with pytest.raises(PotentialError, match="the connection ended"):
            fetch(server.url, target, sha256=SHA256)
    fetch(server.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_a_server_that_does_not_resume_sends_all_of_it_again(server, target):
    target.parent.mkdir(parents=True)
    Path(f"{target}.part").write_bytes(b"x" * 5000)
    server.ranges = False
    fetch(server.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("piece", [CONTENT, CONTENT + b"more"], ids=["all there", "too long"])
def test_a_piece_with_nothing_left_to_ask_for_is_used_or_begun_again(server, target, piece):
    target.parent.mkdir(parents=True)
    Path(f"{target}.part").write_bytes(piece)
    fetch(server.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_a_piece_of_another_file_is_found_out_and_thrown_away(server, target):
    target.parent.mkdir(parents=True)
    Path(f"{target}.part").write_bytes(b"x" * 5000)
    with pytest.raises(PotentialError, match="not the file that was asked for"):
        fetch(server.url, target, sha256=SHA256)
    assert left(target) == []
    fetch(server.url, target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_a_wrong_hash_is_said_with_both_and_leaves_nothing(server, target):
    with pytest.raises(PotentialError) as caught:
        fetch(server.url, target, sha256="0" * 64)
    assert SHA256 in str(caught.value)
    assert "0" * 64 in str(caught.value)
    assert left(target) == []


def test_an_existing_file_is_not_touched_by_a_download_that_fails(server, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"before")
    with pytest.raises(PotentialError):
        fetch(server.url, target, sha256="0" * 64)
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal_of_the_server_leaves_nothing_and_says_where_to_put_the_file(server, target, status):
    server.status = status
    with pytest.raises(PotentialError, match=f"HTTP {status}") as caught:
        fetch(server.url, target, sha256=SHA256)
    assert "nothing was written" in str(caught.value)
    assert f"put it at {target}" in str(caught.value)
    assert left(target) == []


def test_no_server_at_all_leaves_nothing(server, target):
    url = server.url.rsplit(":", 1)[0] + ":9/best.pth"  # no server listens on the discard port
    with pytest.raises(PotentialError, match="refused") as caught:
        fetch(url, target, sha256=SHA256)
    assert url in str(caught.value)
    assert left(target) == []


def test_without_a_hash_pieces_of_two_files_are_never_joined(server, target):
    target.parent.mkdir(parents=True)
    Path(f"{target}.part").write_bytes(b"x" * 5000)
    assert fetch(server.url, target, sha256=None) == SHA256
    assert server.asked == [None]
    assert target.read_bytes() == CONTENT


def test_a_second_download_of_the_same_file_at_once_is_refused(server, target):
    target.parent.mkdir(parents=True)
    with Path(f"{target}.part").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PotentialError, match=r"another sselmp is downloading best\.pth"):
            fetch(server.url, target, sha256=SHA256)


def test_a_folder_that_cannot_be_made_is_said(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PotentialError, match=r"could not get best\.pth"):
        fetch(server.url, tmp_path / "file" / "best.pth", sha256=SHA256)
