"""The lock of a run folder: what an earlier sselmp left running closes it, and nothing else does."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sselmp import layout
from sselmp.errors import RunError
from sselmp.launch.lock import locked


def noted(folder: Path, program: int, *, host: str | None = None) -> None:
    """A lock file as an sselmp leaves it that was killed while its program ran."""
    text = json.dumps({"sselmp": 1, "program": program, "host": host or platform.node()})
    (folder / layout.LOCK).write_text(text + "\n")


@pytest.fixture
def at_work(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that works in a run folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=folder)
    yield program
    program.kill()
    program.wait()


def state(pid: int) -> str:
    """The letter by which Linux tells the state of a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def until_zombie(pid: int) -> None:
    end = time.monotonic() + 30
    while state(pid) != "Z":
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.01)


def test_a_program_that_still_works_in_the_folder_keeps_it_closed(at_work, tmp_path):
    noted(tmp_path / "run", at_work.pid)
    with pytest.raises(RunError, match=f"still runs in (.|\\n)*process {at_work.pid}"), locked(tmp_path / "run"):
        pass


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="a zombie can be told by Linux's /proc only")
def test_a_program_that_has_ended_and_that_nobody_has_reaped_does_not_keep_the_folder_closed(at_work, tmp_path):
    noted(tmp_path / "run", at_work.pid)
    os.kill(at_work.pid, 9)
    until_zombie(at_work.pid)
    os.kill(at_work.pid, 0)  # its number still answers
    with locked(tmp_path / "run") as lock:
        lock.note(None)
    assert state(at_work.pid) == "Z"


def test_a_number_that_a_program_elsewhere_has_got_again_does_not_keep_the_folder_closed(at_work, tmp_path):
    noted(tmp_path, at_work.pid)
    with locked(tmp_path):
        pass


def test_a_number_of_another_machine_says_nothing_here(at_work, tmp_path):
    noted(tmp_path / "run", at_work.pid, host="another-machine")
    with locked(tmp_path / "run"):
        pass
