"""The LAMMPS data file: what it says, and that LAMMPS reads the same crystal from it."""

from __future__ import annotations

import numpy as np
import pytest
from argon_folder import argon
from ase.io import read

from sselmp.errors import StructureError
from sselmp.inputs.datafile import data_text
from sselmp.structures.crystal import Crystal
from sselmp.structures.systems import load_system

OBLIQUE = np.array([[0.1, 5.0, 0.3], [0.2, 3.9, 6.0], [7.0, 1.0, -4.5]])


def oblique() -> Crystal:
    """A rotated, strongly tilted cell, with atoms outside it."""
    fractional = np.array([[0.0, 0.0, 0.0], [1.2, -0.4, 0.5], [-0.3, 0.9, 2.25], [0.6, 0.1, 0.7]])
    cell = OBLIQUE if np.linalg.det(OBLIQUE) > 0 else -OBLIQUE
    return Crystal(name="oblique", species=("Li", "S", "Cl", "S"), cell=cell, positions=fractional @ cell)


def periodic_distances(cell: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Sorted lengths of all vectors between all atoms and images up to 9 Å, the naive way."""
    images = np.array(list(np.ndindex(9, 9, 9))) - 4
    apart = positions[:, None, None] - positions[None, :, None] + (images @ cell)[None, None]
    lengths = np.linalg.norm(apart, axis=-1)
    return np.sort(lengths[lengths < 9.0])


def test_the_crystal_survives_the_rotation_and_reduction_into_lammps_frame(tmp_path):
    crystal = oblique()
    (tmp_path / "x.data").write_text(data_text(crystal, type_order=("Cl", "Li", "S")))
    found = read(tmp_path / "x.data", format="lammps-data", atom_style="atomic", units="metal")
    assert tuple(found.get_chemical_symbols()) == crystal.species  # from the masses: types are in the given order
    np.testing.assert_allclose(
        periodic_distances(np.asarray(found.cell), found.positions),
        periodic_distances(crystal.cell, crystal.positions),
        atol=1e-9,
    )


def test_all_atoms_are_written_inside_the_cell(tmp_path):
    (tmp_path / "x.data").write_text(data_text(oblique(), type_order=("Li", "S", "Cl")))
    found = read(tmp_path / "x.data", format="lammps-data", atom_style="atomic", units="metal")
    fractional = found.positions @ np.linalg.inv(found.cell)
    assert np.all((fractional > -1e-9) & (fractional < 1 + 1e-9))


def test_tilts_are_written_only_where_there_are_some_or_where_they_are_asked_for():
    crystal = argon()
    assert "xy xz yz" not in data_text(crystal, type_order=("Ar",))
    assert "0.000000000000 0.000000000000 0.000000000000 xy xz yz" in data_text(
        crystal, type_order=("Ar",), triclinic=True
    )
    assert "xy xz yz" in data_text(argon(sheared=True), type_order=("Ar",))


def test_argyrodite_begins_as_a_lammps_user_expects():
    text = data_text(load_system("Li6PS5Cl").crystal, type_order=("Li", "P", "S", "Cl"))
    assert text.splitlines()[2:20] == [
        "52 atoms",
        "4 atom types",
        "",
        "0.0 9.860000000000 xlo xhi",
        "0.0 9.860000000000 ylo yhi",
        "0.0 9.860000000000 zlo zhi",
        "",
        "Masses",
        "",
        "1 6.940000  # Li",
        "2 30.973762  # P",
        "3 32.060000  # S",
        "4 35.450000  # Cl",
        "",
        "Atoms  # atomic",
        "",
        "1 1 0.197200000000 2.465000000000 2.465000000000",
        text.splitlines()[19],
    ]


def test_a_species_without_a_type_is_refused():
    with pytest.raises(StructureError, match="S has no LAMMPS type"):
        data_text(oblique(), type_order=("Li", "Cl"))


@pytest.mark.parametrize("crystal", [oblique(), argon(sheared=True, repeats=2)], ids=["oblique", "sheared"])
def test_lammps_reads_the_same_crystal(lammps, crystal):
    (lammps.folder / "x.data").write_text(data_text(crystal, type_order=crystal.elements))
    lammps.works(
        "units metal\natom_style atomic\nread_data x.data\npair_style lj/cut 6.0\npair_coeff * * 0.01 2.0\n"
        "thermo_style custom step pe vol\nthermo_modify format float %.12g\nrun 0\n",
        program="lmp",
    )
    _, energy, volume = lammps.thermo()[0]
    assert volume == pytest.approx(np.linalg.det(crystal.cell), rel=1e-9)
    distances = periodic_distances(crystal.cell, crystal.positions)
    near = distances[(distances > 1e-6) & (distances < 6.0)]
    assert energy == pytest.approx(0.5 * np.sum(0.04 * ((2 / near) ** 12 - (2 / near) ** 6)), rel=1e-9)
