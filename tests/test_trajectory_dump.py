"""Reading and stitching dumps that real LAMMPS wrote (tests/data/lj_restart) and broken ones made on purpose."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import walks

from sselmp.errors import TrajectoryError
from sselmp.trajectory.reading import read_dump
from sselmp.trajectory.record import Trajectory, from_scaled

RECORDED = Path(__file__).parent / "data" / "lj_restart"
UNCUT = RECORDED / "uncut.lammpstrj"


def read(*paths):
    return read_dump(paths, timestep_ps=0.001)


def altered(folder: Path, change) -> Path:
    path = folder / "trajectory.0.lammpstrj"
    path.write_text(change(UNCUT.read_text()))
    return path


def test_a_recorded_dump_gives_steps_times_species_and_cells():
    found = read(UNCUT)
    assert found.steps.tolist() == list(range(0, 201, 10))
    assert found.times_ps[-1] == pytest.approx(0.2)
    assert found.species == ("Ar", "Ar", "Ar", "Ne") * 4
    # Box lengths and tilts of step 0 as the log of the same run printed them.
    assert found.cells[0] == pytest.approx(np.array([[10.6, 0, 0], [1.59, 10.6, 0], [0.53, -0.53, 5.3]]), abs=1e-6)


def test_positions_are_scaled_coordinates_times_the_mean_cell():
    found = read(UNCUT)
    mean_cell = found.cells.mean(axis=0)
    assert found.positions[0, 1] == pytest.approx(np.array([0.25, 0.25, 0.0]) @ mean_cell, abs=1e-7)


def test_a_resumed_run_is_stitched_to_the_same_frames_as_the_uncut_one():
    whole = read(UNCUT)
    stitched = read(RECORDED / "trajectory.0.lammpstrj", RECORDED / "trajectory.1.lammpstrj")
    assert stitched.steps.tolist() == whole.steps.tolist()
    assert np.abs(stitched.positions - whole.positions).max() < 1e-7
    assert np.abs(stitched.cells - whole.cells).max() < 1e-7


def test_a_later_segment_replaces_the_earlier_frames_from_its_first_step_on(tmp_path):
    wrong = tmp_path / "trajectory.0.lammpstrj"
    # Frames 100 to 130 of the first segment are spoilt: what is read must come from the second.
    text = (RECORDED / "trajectory.0.lammpstrj").read_text()
    at = text.index("ITEM: TIMESTEP\n100\n")
    wrong.write_text(text[:at] + text[at:].replace(" Ar 0", " Ar 7"))
    stitched = read(wrong, RECORDED / "trajectory.1.lammpstrj")
    assert stitched.positions == pytest.approx(read(UNCUT).positions, abs=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_a_file_cut_at_any_byte_gives_the_complete_frames_before_it(tmp_path, seed):
    data = UNCUT.read_bytes()
    starts = [at for at in range(len(data)) if data.startswith(b"ITEM: TIMESTEP\n", at)]
    cut = int(np.random.default_rng(seed).integers(starts[1] + 1, len(data)))
    path = tmp_path / "cut.lammpstrj"
    path.write_bytes(data[:cut])
    complete = sum(1 for end in [*starts[1:], len(data)] if end <= cut)
    found = read(path)
    assert found.frames == complete
    whole_cell = read(UNCUT).cells[:complete].mean(axis=0)
    scaled = found.positions @ np.linalg.inv(whole_cell)
    uncut = read(UNCUT).positions @ np.linalg.inv(read(UNCUT).cells.mean(axis=0))
    assert scaled == pytest.approx(uncut[:complete], abs=1e-9)


def test_a_cut_segment_followed_by_a_resumption_loses_and_doubles_nothing(tmp_path):
    cut = tmp_path / "trajectory.0.lammpstrj"
    cut.write_bytes((RECORDED / "trajectory.0.lammpstrj").read_bytes()[:-200])
    stitched = read(cut, RECORDED / "trajectory.1.lammpstrj")
    assert stitched.steps.tolist() == list(range(0, 201, 10))


def test_an_empty_segment_is_passed_over(tmp_path):
    empty = tmp_path / "trajectory.1.lammpstrj"
    empty.touch()
    assert read(UNCUT, empty).frames == 21


def test_unsorted_atoms_are_put_in_the_order_of_their_ids(tmp_path):
    def shuffle(text):
        frames = text.split("ITEM: TIMESTEP\n")[1:]
        rows = []
        for number, frame in enumerate(frames):
            lines = frame.splitlines()
            body = lines[8:]
            order = np.random.default_rng(number).permutation(len(body))
            rows.append("\n".join(["ITEM: TIMESTEP", *lines[:8], *(body[i] for i in order)]) + "\n")
        return "".join(rows)

    found, whole = read(altered(tmp_path, shuffle)), read(UNCUT)
    assert found.species == whole.species
    assert np.array_equal(found.positions, whole.positions)


def test_other_columns_and_exponents_do_not_disturb_the_reader(tmp_path):
    def rewrite(text):
        lines = []
        for line in text.splitlines():
            words = line.split()
            if line.startswith("ITEM: ATOMS"):
                lines.append("ITEM: ATOMS element xsu ysu zsu q id type")
            elif len(words) == 6 and words[2] in {"Ar", "Ne"}:
                numbers = [f"{float(word):.12e}" for word in words[3:]]
                lines.append(" ".join([words[2], *numbers, "-1.5e+00", words[0], words[1]]))
            else:
                lines.append(line)
        return "\n".join(lines) + "\n"

    found, whole = read(altered(tmp_path, rewrite)), read(UNCUT)
    assert found.species == whole.species
    assert found.positions == pytest.approx(whole.positions, abs=1e-10)


def test_a_framework_that_keeps_its_scaled_coordinates_stands_still_while_the_cell_breathes():
    frames = 40
    scale = 1.0 + 0.02 * np.sin(np.arange(frames))
    cells = walks.CELL[None] * scale[:, None, None]
    scaled = np.tile(np.array([[0.1, 0.2, 0.3], [3.7, -1.2, 0.5]]), (frames, 1, 1))
    found = from_scaled(scaled, cell_rows=cells, steps=np.arange(frames), timestep_ps=1.0, species=("S", "S"))
    assert np.abs(found.positions - found.positions[0]).max() < 1e-12
    assert found.mean_volume_A3 == pytest.approx(np.linalg.det(walks.CELL) * (scale**3).mean())


FAULTS = {
    "does not say which element": lambda text: text.replace(" element ", " what "),
    "lacks the columns xsu ysu zsu": lambda text: text.replace(" ysu ", " what "),
    "not a finite number": lambda text: text.replace(" 0.250000000", " nan", 1),
    "not a LAMMPS text dump": lambda text: "#!/bin/sh\n" + text,
    "header cannot be understood": lambda text: text.replace("NUMBER OF ATOMS\n16", "NUMBER OF ATOMS\nmany", 1),
    "not equally spaced": lambda text: text.replace("TIMESTEP\n50\n", "TIMESTEP\n55\n"),
    "the atoms change at step 200": lambda text: (
        "\n16 2 Ne".join(text.split("\n16 2 Ne")[:-1]) + "\n17 2 Ne" + text.split("\n16 2 Ne")[-1]
    ),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_broken_dump_is_refused_with_its_fault(tmp_path, message):
    with pytest.raises(TrajectoryError, match=message):
        read(altered(tmp_path, FAULTS[message]))


def test_a_frame_with_fewer_atoms_in_the_middle_of_a_file_is_refused(tmp_path):
    def drop(text):
        lines = text.splitlines(keepends=True)
        del lines[12]
        return "".join(lines)

    with pytest.raises(TrajectoryError, match="step 0 is damaged"):
        read(altered(tmp_path, drop))


def test_no_file_and_no_complete_frame_are_told_apart(tmp_path):
    with pytest.raises(TrajectoryError, match="no trajectory file"):
        read()
    path = tmp_path / "cut"
    path.write_bytes(UNCUT.read_bytes()[:400])
    with pytest.raises(TrajectoryError, match="no complete frame in cut"):
        read(path)
    with pytest.raises(TrajectoryError, match=r"cannot read .*absent"):
        read(tmp_path / "absent")


def test_a_missing_segment_is_noticed(tmp_path):
    late = tmp_path / "trajectory.2.lammpstrj"
    text = UNCUT.read_text()
    late.write_text(text[text.index("ITEM: TIMESTEP\n180\n") :])
    with pytest.raises(TrajectoryError, match="step 180 after step 130"):
        read(RECORDED / "trajectory.0.lammpstrj", late)


def test_a_cell_that_lammps_flipped_is_refused():
    cells = np.stack([walks.CELL] * 4)
    cells[2:, 1, 0] -= 10.0
    with pytest.raises(TrajectoryError, match="jumps between two frames"):
        from_scaled(np.zeros((4, 1, 3)), cell_rows=cells, steps=np.arange(4), timestep_ps=1.0, species=("S",))


def test_a_record_cannot_be_written_to_and_names_the_species_it_has():
    found = read(UNCUT)
    with pytest.raises(ValueError, match="read-only"):
        found.positions[0, 0, 0] = 1.0
    with pytest.raises(TrajectoryError, match="no atom of the species 'ar'") as error:
        found.atoms_of("ar")
    assert "did you mean 'Ar'" in str(error.value)


def test_a_record_refuses_shapes_that_disagree():
    good = read(UNCUT)
    with pytest.raises(TrajectoryError, match="positions has the wrong shape"):
        Trajectory(
            steps=good.steps, times_ps=good.times_ps, positions=good.positions[:, :-1], cells=good.cells,
            species=good.species,
        )  # fmt: skip


def test_reading_takes_less_than_ten_microseconds_an_atom_and_frame(tmp_path):
    record = walks.trajectory(walks.walk(np.random.default_rng(0), frames=50, ions=400))
    path = tmp_path / "big.lammpstrj"
    path.write_text(walks.dump_text(record))
    begin = time.process_time()
    found = read_dump([path], timestep_ps=0.1)
    assert (time.process_time() - begin) / (50 * 408) < 1e-5
    assert found.positions == pytest.approx(record.positions, abs=1e-7)
