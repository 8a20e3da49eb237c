"""Files of one simulation put together: restarts of real LAMMPS and cut-up trajectories, none doubled, none lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import written

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files

RECORDED = Path(__file__).parent / "data" / "lj_restart"
FRAMES = written.breathing(frames=30)
NUMBERED, UNNUMBERED = Reading(timestep_ps=0.001), Reading(spacing_ps=0.05)


def part(begin, end, frames=FRAMES):
    return written.Frames(frames.scaled[begin:end], frames.cells[begin:end], frames.species)


def dumped(folder, name, begin, *, end, columns="id element xsu ysu zsu", frames=FRAMES):
    return written.dump(folder / name, part(begin, end, frames), columns, first=begin * written.STEP)


def same(found, whole):
    assert found.steps.tolist() == whole.steps.tolist()
    assert found.positions == pytest.approx(whole.positions, abs=1e-6)


def test_a_restart_of_lammps_recorded_on_two_files_reads_like_the_uncut_run_in_either_order():
    whole = read_files([RECORDED / "uncut.lammpstrj"], NUMBERED)
    files = [RECORDED / "trajectory.0.lammpstrj", RECORDED / "trajectory.1.lammpstrj"]
    for order in (files, files[::-1]):
        same(read_files(order, NUMBERED), whole)


@pytest.mark.parametrize("columns", ["id element xsu ysu zsu", "id element x y z", "id element xs ys zs ix iy iz"])
@pytest.mark.parametrize("cuts", [[(0, 12), (12, 30)], [(0, 15), (10, 30)], [(0, 9), (8, 20), (15, 30)]])
def test_pieces_that_join_or_overlap_give_the_whole(tmp_path, columns, cuts):
    whole = read_files([dumped(tmp_path, "whole", 0, end=30, columns=columns)], NUMBERED)
    files = [dumped(tmp_path, f"part{begin}", begin, end=end, columns=columns) for begin, end in cuts]
    same(read_files(files, NUMBERED), whole)


@pytest.mark.parametrize("cuts", [[(0, 12), (12, 30)], [(0, 12), (11, 30)], [(0, 15), (10, 30)]])
def test_pieces_without_step_numbers_join_where_they_are_the_same(tmp_path, cuts):
    whole = read_files([written.xdatcar(tmp_path / "XDATCAR", FRAMES)], UNNUMBERED)
    files = [written.xdatcar(tmp_path / f"XDATCAR.{begin}", part(begin, end)) for begin, end in cuts]
    same(read_files(files, UNNUMBERED), whole)


def test_images_that_a_restart_counts_anew_are_carried_on(tmp_path):
    whole = read_files([dumped(tmp_path, "whole", 0, end=30)], NUMBERED)
    anew = written.Frames(FRAMES.scaled - np.floor(FRAMES.scaled[12]), FRAMES.cells, FRAMES.species)
    for begin in (12, 11):
        files = [dumped(tmp_path, "a", 0, end=12), dumped(tmp_path, "b", begin, end=30, frames=anew)]
        same(read_files(files, NUMBERED), whole)


def test_a_first_frame_written_twice_in_one_file_counts_once(tmp_path):
    whole = dumped(tmp_path, "whole", 0, end=30)
    appended = tmp_path / "appended"
    first, second = dumped(tmp_path, "a", 0, end=12), dumped(tmp_path, "b", 11, end=30)
    appended.write_text(first.read_text() + "ITEM: UNITS\nmetal\n" + second.read_text())
    same(read_files([appended], NUMBERED), read_files([whole], NUMBERED))


def contradicting(folder):
    other = written.breathing(frames=30, seed=8)
    return [dumped(folder, "a", 0, end=15), dumped(folder, "b", 10, end=30, frames=other)]


def between(folder):
    late = written.dump(folder / "b", part(10, 30), "id element xsu ysu zsu", first=10 * written.STEP + 7)
    return [dumped(folder, "a", 0, end=15), late]


def backwards(folder):
    path = folder / "a"
    texts = [dumped(folder, "b", begin, end=end).read_text() for begin, end in ((0, 15), (10, 30))]
    path.write_text("".join(texts))
    return [path]


def twice(folder):
    return [dumped(folder, "a", 0, end=15), dumped(folder, "b", 0, end=30)]


@pytest.mark.parametrize("files", [contradicting, between, backwards, twice])
def test_an_overlap_that_contradicts_is_refused(tmp_path, files):
    with pytest.raises(TrajectoryError, match="an overlapping restart") as error:
        read_files(files(tmp_path), NUMBERED)
    assert "repair:" in str(error.value)


def test_a_missing_piece_and_another_interval_are_noticed(tmp_path):
    first = dumped(tmp_path, "a", 0, end=10)
    with pytest.raises(TrajectoryError, match="step 600 after step 450, while frames are 50 steps apart"):
        read_files([first, dumped(tmp_path, "b", 12, end=30)], NUMBERED)
    sparse = written.Frames(FRAMES.scaled[10::2], FRAMES.cells[10::2], FRAMES.species)
    path = written.dump(tmp_path / "c", sparse, "id element xsu ysu zsu", first=500)
    path.write_text(stretched(path.read_text(), begin=500))
    with pytest.raises(TrajectoryError, match="not equally spaced"):
        read_files([first, path], NUMBERED)


def stretched(text, *, begin):
    """The same dump with twice the steps between its frames."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line == "ITEM: TIMESTEP":
            lines[at + 1] = str(begin + 2 * (int(lines[at + 1]) - begin))
    return "\n".join(lines) + "\n"


def test_a_time_step_that_changes_within_a_file_is_refused(tmp_path):
    extra = "ITEM: UNITS\nmetal\nITEM: TIME\n{time}\n"
    path = written.dump(tmp_path / "a", FRAMES, "id element xsu ysu zsu", extra=extra)
    text = path.read_text()
    assert read_files([path], Reading()).spacing_ps == pytest.approx(1.0)
    at = text.index("ITEM: TIME\n20\n")
    for time in range(20, 30):
        text = text[:at] + text[at:].replace(f"ITEM: TIME\n{time}\n", f"ITEM: TIME\n{20 + 0.5 * (time - 20)}\n")
    path.write_text(text)
    with pytest.raises(TrajectoryError, match="the time step changes") as error:
        read_files([path], Reading())
    assert "0.5 ps from step 1000 to 1050, 1 ps elsewhere" in str(error.value)


def test_files_of_other_atoms_or_of_another_simulation_are_refused(tmp_path):
    fewer = written.breathing(frames=30, ions=5)
    with pytest.raises(TrajectoryError, match="holds other atoms than"):
        read_files([dumped(tmp_path, "a", 0, end=10), dumped(tmp_path, "b", 10, end=30, frames=fewer)], NUMBERED)
    other = written.breathing(frames=30, seed=8)
    files = [written.xdatcar(tmp_path / "XDATCAR.0", part(0, 10)), written.xdatcar(tmp_path / "XDATCAR.1", other)]
    with pytest.raises(TrajectoryError, match="does not continue"):
        read_files(files, UNNUMBERED)


def test_an_atom_that_is_lost_on_the_way_is_told_with_its_step(tmp_path):
    path = dumped(tmp_path, "a", 0, end=30)
    frames = path.read_text().split("ITEM: TIMESTEP\n")
    lines = frames[20].splitlines()[:-1]
    lines[2] = "10"
    frames[20] = "\n".join(lines) + "\n"
    path.write_text("ITEM: TIMESTEP\n".join(frames))
    with pytest.raises(TrajectoryError, match="the atoms change at step 950") as error:
        read_files([path], NUMBERED)
    assert "10 atoms" in str(error.value)
