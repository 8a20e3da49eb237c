"""Following a growing log; the recorded logs and what made them are in tests/data."""

from __future__ import annotations

from pathlib import Path

import pytest

from sselmp.launch.progress import LogFollower

LOG = (
    Path(__file__).parent / "data" / "launch_log" / "log.0.lammps"
)  # relaxation, then 300 steps; generate.py beside it


def follow(path: Path, chunks, *, total: int = 300) -> list:
    """Feed a log piece by piece, one second apart; returns what was said each time."""
    follower = LogFollower(path, total=total)
    said = []
    with path.open("ab") as stream:
        for second, chunk in enumerate(chunks):
            stream.write(chunk)
            stream.flush()
            said.append(follower.read(float(second)))
    return [progress for progress in said if progress is not None]


@pytest.mark.parametrize("size", [1, 7, 100, 4096, 10**6])
def test_a_log_read_in_pieces_of_any_size_ends_at_the_same_step_and_temperature(tmp_path, size):
    text = LOG.read_bytes()
    said = follow(tmp_path / "log", [text[i : i + size] for i in range(0, len(text), size)])
    rows = [line.split() for line in text.decode().splitlines() if line.split()[:1] == ["300"]]
    assert said[-1].step == 300
    assert said[-1].temperature_K == float(rows[-1][2])
    steps = [progress.step for progress in said]
    assert steps == sorted(steps)


def test_steps_of_a_relaxation_do_not_count(tmp_path):
    text = LOG.read_bytes()
    said = follow(tmp_path / "log", [line + b"\n" for line in text.split(b"\n")])
    relaxing = [progress for progress in said if progress.minimising]
    assert len(relaxing) > 2
    assert {progress.step for progress in relaxing} == {0}
    # the step at which one run command ends and the next begins is in the log twice
    assert sorted({p.step for p in said if not p.minimising}) == list(range(0, 301, 10))


def test_speed_and_time_left_follow_the_clock(tmp_path):
    header = b"   Step          Time           Temp\n"
    rows = [f"{step:10d}   {step * 0.002}   {60.0}\n".encode() for step in range(0, 100, 10)]
    last = follow(tmp_path / "log", [header, *rows], total=1000)[-1]
    assert last.steps_per_s == pytest.approx(10.0)
    assert last.eta_s == pytest.approx((1000 - 90) / 10.0)


def test_a_log_that_is_not_there_yet_says_nothing(tmp_path):
    assert LogFollower(tmp_path / "log", total=10).read(0.0) is None


def test_an_unfinished_line_and_a_warning_among_the_rows_are_not_rows(tmp_path):
    said = follow(
        tmp_path / "log", [b"Step Time Temp\n0 0 60\n", b"WARNING: x y\nWARNING: odd atom\n10 0.0", b"2 6", b"1\n"]
    )
    assert [(p.step, p.temperature_K) for p in said] == [(0, 60.0), (10, 61.0)]
