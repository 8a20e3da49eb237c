"""One trajectory from every format: recorded by real LAMMPS, written by ASE, found, and broken on purpose."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import written
from backports import zstd

from sselmp.errors import SselmpError, TrajectoryError
from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files

RECORDED = Path(__file__).parent / "data" / "formats"
LAMMPS = Reading(timestep_ps=0.002, species=("Ar", "Ne"))
FRAMES = written.breathing()
STATED = Reading(spacing_ps=0.1)
ORDERED = Reading(spacing_ps=0.1, species=FRAMES.species)

WRITERS = {
    "xsu": lambda path: written.dump(path, FRAMES, "id type element xsu ysu zsu"),
    "xu": lambda path: written.dump(path, FRAMES, "xu yu zu q element id", origin=(3.0, -2.0, 1.0)),
    "x with images": lambda path: written.dump(path, FRAMES, "id element x y z ix iy iz", origin=(3.0, -2.0, 1.0)),
    "xs with images": lambda path: written.dump(path, FRAMES, "id ix iy iz xs ys zs type element"),
    "x": lambda path: written.dump(path, FRAMES, "id element x y z"),
    "xs": lambda path: written.dump(path, FRAMES, "id element xs ys zs"),
    "XDATCAR": lambda path: written.xdatcar(path, FRAMES),
    "extxyz": lambda path: written.through_ase(path.with_suffix(".extxyz"), FRAMES, wrapped=False),
    "extxyz wrapped": lambda path: written.through_ase(path.with_suffix(".extxyz"), FRAMES, wrapped=True),
    "traj": lambda path: written.through_ase(path.with_suffix(".traj"), FRAMES, wrapped=False),
    "traj wrapped": lambda path: written.through_ase(path.with_suffix(".traj"), FRAMES, wrapped=True),
    "dcd": lambda path: written.dcd(path, FRAMES, wrapped=False),
    "dcd wrapped": lambda path: written.dcd(path, FRAMES, wrapped=True),
    "dcd of another machine": lambda path: written.dcd(path, FRAMES, wrapped=True, order=">", degrees=True),
}


def read(path, name=""):
    return read_files([path], ORDERED if name.startswith("dcd") else STATED)


@pytest.fixture(scope="module")
def truth():
    return np.einsum("fnj,jk->fnk", FRAMES.scaled, FRAMES.cells.mean(axis=0))


def displacements(positions):
    return positions - positions[0]


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_record_to_its_own_precision(tmp_path, truth, name):
    found = read(WRITERS[name](tmp_path / "trajectory"), name)
    assert found.species == FRAMES.species
    assert found.times_ps == pytest.approx(0.1 * np.arange(40))
    assert np.abs(found.cells - FRAMES.cells).max() < 1e-5
    precision = 2e-5 if name.startswith("dcd") else 1e-6
    assert np.abs(displacements(found.positions) - displacements(truth)).max() < precision


@pytest.mark.parametrize("name", WRITERS)
def test_an_immobile_framework_far_from_the_first_cell_stands_still_while_the_cell_breathes(tmp_path, name):
    found = read(WRITERS[name](tmp_path / "trajectory"), name)
    framework = found.positions[:, found.atoms_of("S")]
    assert np.abs(displacements(framework)).max() < (2e-5 if name.startswith("dcd") else 1e-6)
    assert np.abs(displacements(found.positions[:, found.atoms_of("Li")])).max() > 1.0


def recorded(name):
    return read_files([RECORDED / name], LAMMPS)


@pytest.mark.parametrize("flavour", ["xu", "xs-images", "x-images", "xs", "x", "time"])
def test_all_columns_that_lammps_can_write_give_what_its_scaled_unwrapped_ones_give(flavour):
    truth, found = recorded("xsu.lammpstrj.gz"), recorded(f"{flavour}.lammpstrj.gz")
    assert found.species == truth.species == tuple("Ne" if atom in {4, 8, 12, 16} else "Ar" for atom in IDS)
    assert found.steps.tolist() == list(range(0, 1201, 40))
    assert np.ptp(truth.cells[:, 0, 0]) > 1.0
    assert np.ptp(truth.positions, axis=0).max() > 5.0
    assert np.abs(displacements(found.positions) - displacements(truth.positions)).max() < 2e-8


IDS = [atom for atom in range(1, 17) if atom not in {5, 11}]


@pytest.mark.parametrize("name", ["wrapped.dcd", "unwrapped.dcd"])
def test_lammps_dcd_differs_from_its_text_by_rounding_and_the_drift_of_the_box(name):
    truth = recorded("xsu.lammpstrj.gz")
    reading = Reading(timestep_ps=0.002, species=("Ar", "Ne"), topology=RECORDED / "atoms.data")
    found = read_files([RECORDED / name], reading)
    assert found.species == truth.species
    assert found.times_ps == pytest.approx(truth.times_ps)
    apart = displacements(found.positions) - displacements(truth.positions)
    assert np.abs(apart - apart.mean(axis=1, keepdims=True)).max() < 2e-6


def test_species_of_a_data_file_go_by_its_masses_where_types_are_not_named():
    reading = Reading(timestep_ps=0.002, topology=RECORDED / "atoms.data")
    assert read_files([RECORDED / "wrapped.dcd"], reading).species == recorded("xsu.lammpstrj.gz").species


def test_a_dump_that_holds_times_and_units_needs_no_time_step_and_refuses_another():
    path = RECORDED / "time.lammpstrj.gz"
    assert read_files([path], Reading()).times_ps[-1] == pytest.approx(2.4)
    with pytest.raises(TrajectoryError, match="other times than the time step stated"):
        read_files([path], Reading(timestep_ps=0.001))


@pytest.mark.parametrize(("units", "spacing_ps"), [("metal", 1.0), ("real", 0.001)])
def test_times_in_a_dump_are_in_the_unit_that_it_names(tmp_path, units, spacing_ps):
    extra = "ITEM: UNITS\n" + units + "\nITEM: TIME\n{time}\n"
    path = written.dump(tmp_path / "t", FRAMES, "id element x y z", extra=extra)
    assert read_files([path], Reading()).spacing_ps == pytest.approx(spacing_ps)


def test_labels_of_types_are_taken_as_symbols_and_units_without_angstroms_are_refused(tmp_path):
    path = WRITERS["xs with images"](tmp_path / "t")
    text = path.read_text().replace("type element", "element type")  # a label stands where the element stood
    path.write_text(text.replace("element type", "q type"))
    path.write_text(re.sub(r"(\d) [12] (Li|S)\n", r"\1 0.5 \2\n", path.read_text()))
    assert read(path).species == FRAMES.species
    path.write_text("ITEM: UNITS\nlj\n" + text)
    with pytest.raises(TrajectoryError, match="units that are not understood") as error:
        read(path)
    assert "metal, real" in str(error.value)


def test_the_unit_of_time_changes_the_times_and_nothing_else(tmp_path):
    slow, fast = (read_files([WRITERS["xsu"](tmp_path / "t")], Reading(timestep_ps=dt)) for dt in (0.002, 2.0))
    assert fast.times_ps == pytest.approx(1000 * slow.times_ps)
    assert np.array_equal(fast.positions, slow.positions)


def test_a_shift_of_wrapped_positions_changes_no_displacement(tmp_path, truth):
    moved = written.Frames(FRAMES.scaled + np.array([0.31, 0.77, -0.4]), FRAMES.cells, FRAMES.species)
    found = read(written.dump(tmp_path / "t", moved, "id element x y z"))
    assert np.abs(displacements(found.positions) - displacements(truth)).max() < 1e-6


def test_the_choice_of_lattice_vectors_changes_no_displacement_of_wrapped_positions(tmp_path, truth):
    other = np.array([[1, 0, 0], [2, 1, 0], [-3, 2, 1]])  # the same lattice, much askew
    askew = written.Frames(FRAMES.scaled @ np.linalg.inv(other), other @ FRAMES.cells, FRAMES.species)
    found = read(written.through_ase(tmp_path / "t.extxyz", askew, wrapped=True))
    assert np.abs(displacements(found.positions) - displacements(truth)).max() < 1e-6


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_compressed_files_are_read_as_they_are(tmp_path, ending):
    plain = WRITERS["xsu"](tmp_path / "t")
    compress = gzip.compress if ending == "gz" else zstd.compress
    packed = tmp_path / f"t.{ending}"
    packed.write_bytes(compress(plain.read_bytes()))
    assert np.array_equal(read(packed).positions, read(plain).positions)
    packed.write_bytes(compress(plain.read_bytes())[:-200])
    with pytest.raises(TrajectoryError, match="is cut short: its compressed content has no end") as error:
        read(packed)
    assert "copy the file again" in str(error.value)


@pytest.mark.parametrize("name", ["XDATCAR", "extxyz", "dcd", "x"])
def test_a_last_frame_that_a_kill_cut_is_dropped(tmp_path, name):
    path = WRITERS[name](tmp_path / "t")
    whole = read(path, name)
    path.write_bytes(path.read_bytes()[:-30])
    found = read(path, name)
    assert found.frames == whole.frames - 1
    assert np.abs(found.cells - whole.cells[:-1]).max() < 1e-12


def test_the_start_is_left_out_as_equilibration(tmp_path):
    found = read_files([WRITERS["x"](tmp_path / "t")], Reading(timestep_ps=0.002, start_ps=1.0))
    assert found.times_ps[0] == pytest.approx(1.0)
    assert found.frames == 30
    truth = FRAMES.scaled[10:] @ FRAMES.cells[10:].mean(axis=0)
    assert np.abs(displacements(found.positions) - displacements(truth)).max() < 1e-6
    with pytest.raises(TrajectoryError, match=r"ends after 3\.9 ps"):
        read_files([tmp_path / "t"], Reading(timestep_ps=0.002, start_ps=4.0))
    with pytest.raises(TrajectoryError, match="one frame has no displacement"):
        read_files([tmp_path / "t"], Reading(timestep_ps=0.002, start_ps=3.9))


def test_the_vectors_of_a_general_cell_are_read_as_lammps_writes_them(tmp_path):
    plain = WRITERS["xsu"](tmp_path / "t").read_text().splitlines()
    lines = []
    for index, line in enumerate(plain):
        if line.startswith("ITEM: BOX"):
            cell = FRAMES.cells[sum(one.startswith("ITEM: BOX") for one in plain[:index])]
            lines.append("ITEM: BOX BOUNDS abc origin pp pp pp")
            lines += [" ".join(map(str, [*row, 0.0])) for row in cell]
        elif not any(one.startswith("ITEM: BOX") for one in plain[max(0, index - 3) : index]):
            lines.append(line)
    general = tmp_path / "general"
    general.write_text("\n".join(lines) + "\n")
    assert read(general).positions == pytest.approx(read(tmp_path / "t").positions, abs=1e-9)


def test_argyrodite_of_vasp_is_followed_as_by_hand(test_data):
    path = test_data / "diffusion" / "argyrodite-aimd" / "Li6PS5Cl_0p_run1_XDATCAR.gz"
    found = read_files([path], STATED)
    assert (found.frames, len(found.species), found.species.count("Li")) == (140, 416, 192)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    last = np.array([line.split() for line in lines[-416:]], float)
    scaled = found.positions[-1] @ np.linalg.inv(found.cells[0])
    assert (scaled - last) == pytest.approx(np.rint(scaled - last), abs=1e-6)
    assert np.abs(np.diff(found.positions, axis=0)).max() < 4.0


def test_the_dcd_of_kinisi_is_read_with_its_data_file(test_data):
    folder = test_data / "diffusion" / "kinisi"
    reading = Reading(spacing_ps=1.25, species=("Li", "F"), topology=folder / "example_LAMMPS.data")
    found = read_files([folder / "example_LAMMPS.dcd"], reading)
    assert (found.frames, len(found.species), found.species.count("Li")) == (200, 256, 204)
    assert found.mean_volume_A3 == pytest.approx(5.81789043**3, rel=1e-6)
    with pytest.raises(TrajectoryError, match="how much time passes"):  # its header's interval of 1 is nobody's
        read_files([folder / "example_LAMMPS.dcd"], Reading(timestep_ps=0.005, species=found.species))


def changed(name, change):
    """A writer whose text is changed on purpose."""

    def write(path):
        made = WRITERS[name](path)
        made.write_text(change(made.read_text()))
        return made

    return write


def of_bytes(content):
    def write(path):
        path.write_bytes(content)
        return path

    return write


BROKEN = {
    "is of no trajectory format that is known": of_bytes(b"PK\x03\x04 something else"),
    "there is no complete frame in": of_bytes(b""),
    "frame 2 is damaged or holds something that is not a finite number": changed(
        "XDATCAR", lambda text: re.sub(r"(configuration= +3\n +)\S+", r"\1nan", text)
    ),
    "frame 0 holds something that is not a finite number": changed(
        "extxyz", lambda text: re.sub(r"(\nLi +)\S+", r"\1nan", text, count=1)
    ),
    "holds something that is not a finite number": changed("xu", lambda text: re.sub(r"\n1\.\S+", r"\n-nan", text)),
    "the atoms change at frame 2": changed(
        "XDATCAR", lambda text: re.sub(r"(?s)(= +2\n.*?)Li  S", r"\1S  Li", text, count=1)
    ),
    "the atoms change": changed(
        "extxyz", lambda text: text[: text.rindex("Li ")] + "S  " + text[text.rindex("Li ") + 3 :]
    ),
    "does not say which element an atom is": lambda path: written.dump(path, FRAMES, "id type x y z"),
    "lacks the columns id": lambda path: written.dump(path, FRAMES, "type element x y z"),
    "shrinks around its atoms": changed("x", lambda text: text.replace("pp pp pp", "pp pp ss")),
    "has no cell": changed("extxyz", lambda text: text.replace('Lattice="', 'Lattice="0 0 0 0 0 0 0 0 0" was="')),
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_file_that_cannot_be_used_is_refused_with_its_fault(tmp_path, message):
    with pytest.raises(SselmpError, match=message):
        read(BROKEN[message](tmp_path / "trajectory"))


def test_no_topology_and_one_of_other_atoms_are_told_apart(tmp_path):
    path = WRITERS["dcd"](tmp_path / "t.dcd")
    with pytest.raises(TrajectoryError, match="does not say which element an atom is"):
        read_files([path], STATED)
    with pytest.raises(TrajectoryError, match=r"describes other atoms than (.|\n)*14 atoms"):
        read_files([path], Reading(spacing_ps=0.1, species=("Ar", "Ne"), topology=RECORDED / "atoms.data"))
