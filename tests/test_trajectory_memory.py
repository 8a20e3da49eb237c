"""Trajectories larger than the memory allowed: the same numbers, from a file without a name, in bounded memory."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pytest
import walks
import written

from sselmp.errors import TrajectoryError
from sselmp.trajectory import paths
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files
from sselmp.trajectory.spool import Spool
from sselmp.transport import msd
from sselmp.transport.msd import mean_squared_displacement, relative_motion
from sselmp.transport.verdict import assess

SMALL = 0.02  # MB: blocks of a few frames, and the disk after a few blocks


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One trajectory in memory and on disk."""
    frames = written.breathing(frames=600, ions=8, hop=0.02)
    path = written.dump(tmp_path_factory.mktemp("t") / "t", frames, "id element xsu ysu zsu")
    found = tuple(read_files([path], Reading(timestep_ps=0.002, memory_MB=size)) for size in (512.0, SMALL))
    assert [paths.on_disk(one.positions) for one in found] == [False, True]
    return found


def test_what_waits_on_disk_is_what_would_be_in_memory(both):
    memory, disk = both
    assert np.array_equal(memory.positions, disk.positions)
    assert np.array_equal(memory.cells, disk.cells)
    with pytest.raises(ValueError, match="read-only"):
        disk.positions[0, 0, 0] = 1.0


@pytest.mark.parametrize("reference", ["framework", "centre of mass", "none"])
def test_motions_and_their_msd_do_not_depend_on_where_positions_are(both, monkeypatch, reference):
    memory, disk = (relative_motion(one, "Li", mobile="Li", reference=reference) for one in both)
    assert paths.on_disk(disk.positions)
    assert np.array_equal(memory.positions, disk.positions)
    whole = mean_squared_displacement([memory])
    monkeypatch.setattr(msd, "_CHUNK_BYTES", 1)
    assert mean_squared_displacement([disk]).axes == pytest.approx(whole.axes, rel=1e-9, abs=1e-9)


def test_a_part_of_a_motion_on_disk_is_sliced_like_any_array(both):
    memory, disk = (relative_motion(one, "Li", mobile="Li") for one in both)
    difference = disk.part(100, 300).positions - memory.positions[100:300]
    assert not difference.any()
    found = [assess([one]).diffusivity.D for one in (memory, disk)]
    assert found[1] == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("frames", [1, 2, 41, 42, 43, 500])
def test_every_number_of_frames_fills_the_spool(frames):
    rng = np.random.default_rng(frames)
    matrix = rng.normal(size=(3, 3))
    given = rng.normal(size=(frames, 5, 3))
    for size in (512.0, SMALL):
        spool = Spool(5, memory_MB=size)
        for one in given:
            spool.add(one)
        assert spool.frames == frames
        assert spool.finish(matrix) == pytest.approx(given @ matrix, abs=1e-12)


def test_a_disk_without_room_is_told_and_how_to_go_on(tmp_path):
    frames = written.breathing(frames=600, ions=8, hop=0.02)
    path = written.dump(tmp_path / "t", frames, "id element xsu ysu zsu")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(TrajectoryError, match="cannot keep a trajectory in the temporary folder") as error:
            read_files([path], Reading(timestep_ps=0.002, memory_MB=SMALL))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "the disk is full; " in str(error.value)
    assert "TMPDIR" in str(error.value)


PROGRAM = """
import sys
from pathlib import Path
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files
from sselmp.transport.msd import mean_squared_displacement, relative_motion

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1e3

import ase.geometry.minkowski_reduction, scipy.fft
before = peak()
species = ("Li",) * 200 + ("S",) * 200
found = read_files([Path(sys.argv[1])], Reading(spacing_ps=0.1, species=species, memory_MB=float(sys.argv[2])))
mean_squared_displacement([relative_motion(found, "Li", mobile="Li")])
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_bounded_by_the_setting_and_not_by_the_trajectory(tmp_path):
    rng = np.random.default_rng(0)
    frames, atoms = 10_000, 400  # 96 MB of positions
    scaled = np.cumsum(rng.normal(scale=0.002, size=(frames, atoms, 3)).astype(np.float32), axis=0)
    record = written.Frames(scaled, np.broadcast_to(walks.CELL, (frames, 3, 3)), ("Li",) * atoms)
    path = written.dcd(tmp_path / "t.dcd", record, wrapped=False)
    program = [sys.executable, "-c", PROGRAM, path, "20"]
    grown = float(subprocess.run(program, capture_output=True, text=True, check=True).stdout)
    assert grown < 20 + 90  # MB; all of it in memory would take 96, its motion 48 more
