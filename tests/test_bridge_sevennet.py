"""SevenNet-0 through the bridge against SevenNet's own ASE calculator and against its own energies' derivatives."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lammps_program import LammpsProgram

from sselmp.cells import readonly
from sselmp.inputs.datafile import data_text
from sselmp.settings import Cell
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import Site, from_crystallography
from sselmp.structures.supercell import enlarge
from sselmp.structures.systems import load_system
from sselmp.units import EV_PER_A3_IN_BAR

pytestmark = pytest.mark.potential
ELEMENTS = ("Li", "P", "S", "Cl")
TRICLINIC = np.array([[10.2, 0.0, 0.0], [4.0, 9.6, 0.0], [-3.0, 2.5, 10.4]])
REFERENCE = Path(__file__).parent / "programs" / "reference.py"

SCRIPT = """
units metal
atom_style atomic
atom_modify map array
box tilt large
read_data {data}
pair_style sselmp sevennet
pair_coeff * * Li P S Cl
thermo_style custom step temp pe etotal press pxx pyy pzz pxy pxz pyz
thermo_modify format float %.15g
"""


def rattled(*, cell: np.ndarray, factors: tuple[int, int, int]) -> Crystal:
    """Li6PS5Cl in another cell, every atom moved a little, some across the boundary."""
    crystal = enlarge(load_system("Li6PS5Cl").crystal, Cell(supercell=factors))
    new = cell * np.array(factors)[:, None]
    moved = crystal.positions @ np.linalg.inv(crystal.cell) @ new
    moved = moved + np.random.default_rng(7).normal(scale=0.08, size=moved.shape)
    return Crystal(name="rattled", species=crystal.species, cell=readonly(new), positions=readonly(moved))


CELLS = {
    "cubic-52": (np.eye(3) * 10.1, (1, 1, 1)),
    "triclinic-52": (TRICLINIC, (1, 1, 1)),
    "cubic-416": (np.eye(3) * 10.1, (2, 2, 2)),
    "triclinic-416": (TRICLINIC, (2, 2, 2)),
}


@pytest.fixture(scope="session")
def structures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("structures")
    paths = {}
    for name, (cell, factors) in CELLS.items():
        paths[name] = folder / f"{name}.data"
        paths[name].write_text(data_text(rattled(cell=cell, factors=factors), type_order=ELEMENTS))
    return paths


def reference(lammps: LammpsProgram, wanted: str, *files: Path) -> dict:
    """What SevenNet's own calculator says of some data files."""
    argv = [lammps.prefix / "bin" / "python", REFERENCE, wanted, *files]
    done = subprocess.run(argv, env=lammps.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def references(lammps_environment, structures):
    program = LammpsProgram(prefix=lammps_environment, folder=Path())
    found = reference(program, "strain", structures["cubic-52"], structures["triclinic-52"])
    return found | reference(program, "-", structures["cubic-416"], structures["triclinic-416"])


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("program", "ranks"), [("sselmp-lmp", 1), ("lmp", 2)])
def test_energy_forces_and_pressure_are_those_of_the_ase_calculator(
    lammps: LammpsProgram, structures, references, name, program, ranks
):
    expected = references[str(structures[name])]
    atoms = len(expected["forces"])
    script = SCRIPT.format(data=structures[name]) + (
        "compute each all pe/atom\nrun 0\n"
        "write_dump all custom f.dump id fx fy fz c_each modify sort id format float %.15g\n"
    )
    lammps.works(script, program=program, ranks=ranks)
    row, table = lammps.thermo()[-1], lammps.table("f.dump")
    assert abs(row[2] - expected["energy"]) / atoms < 1e-6
    assert np.abs(table[:, 1:4] - expected["forces"]).max() < 1e-5
    assert table[:, 4] == pytest.approx(np.array(expected["energies"]), abs=1e-5)
    pressure = -np.array(expected["stress"])[[0, 1, 2, 5, 4, 3]] * EV_PER_A3_IN_BAR
    assert row[5:11] == pytest.approx(pressure, rel=1e-4, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cubic-52", "triclinic-52"])
def test_the_virial_is_the_derivative_of_the_energy(lammps, structures, references, name):
    lammps.works(SCRIPT.format(data=structures[name]) + "variable v equal vol\nrun 0\nprint 'VOLUME $v' file v.txt\n")
    volume = float((lammps.folder / "v.txt").read_text().split()[1])
    strain = np.array(references[str(structures[name])]["strain"])  # xx yy zz yz xz xy [eV]
    pressure = -strain[[0, 1, 2, 5, 4, 3]] / volume * EV_PER_A3_IN_BAR
    # single precision: 1.5e-5 eV in an energy of -200 eV, over a strain of 1e-3, is some 30 bar
    assert lammps.thermo()[-1, 5:11] == pytest.approx(pressure, rel=1e-3, abs=80.0)


def lithium_chloride() -> Crystal:
    """Rock salt, eight atoms, every one moved by a tenth of an Å: a minimum that is soon reached."""
    sites = [Site("Li", "4a", (0, 0, 0)), Site("Cl", "4b", (0.5, 0.5, 0.5))]
    crystal = from_crystallography("LiCl", sites, space_group=225, cell_parameters=(5.14, 5.14, 5.14, 90, 90, 90))
    moved = crystal.positions + np.random.default_rng(7).normal(scale=0.1, size=(8, 3))
    return Crystal(name="LiCl", species=crystal.species, cell=crystal.cell, positions=readonly(moved))


@pytest.mark.slow
def test_minimize_reaches_the_energy_of_ase_fire(lammps):
    path = lammps.folder / "start.data"
    path.write_text(data_text(lithium_chloride(), type_order=("Li", "Cl")))
    expected = reference(lammps, "minimum", path)[str(path)]
    start = SCRIPT.format(data=path).replace("Li P S Cl", "Li Cl")
    lammps.works(start + "min_style cg\nminimize 0 5e-3 100 200\n")
    rows = lammps.thermo()
    assert rows[0, 2] > expected["minimum"] + 0.1
    assert rows[-1, 2] == pytest.approx(expected["minimum"], abs=1e-4)


@pytest.mark.slow
def test_nve_conserves_energy(lammps, structures):
    script = SCRIPT.format(data=structures["cubic-52"]) + (
        "velocity all create 300 4321 mom yes rot no dist gaussian\ntimestep 0.001\nthermo 5\nfix 1 all nve\nrun 520\n"
    )
    lammps.works(script)
    rows = lammps.thermo()
    rows = rows[rows[:, 0] >= 20]
    picoseconds = (rows[:, 0] - rows[0, 0]) * 1e-3
    drift = np.polyfit(picoseconds, rows[:, 3] / 52, 1)[0]
    assert 450 < rows[:, 1].mean() < 800  # the rattled start brings about as much again as its velocities
    assert abs(drift) < 1e-4
