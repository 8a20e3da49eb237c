"""Users' structure files: what is read, and what is refused with which words."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from sselmp.errors import StructureError
from sselmp.structures.read import crystal_name, read_crystal

CIF_HEAD = """data_test
_symmetry_space_group_name_H-M 'P 1'
_cell_length_a {a}
_cell_length_b 5.0
_cell_length_c 5.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""


@pytest.fixture
def salt() -> Atoms:
    """LiCl in a triclinic setting."""
    return Atoms("LiCl", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=[3.63, 3.63, 3.63, 60, 60, 60], pbc=True)


def cif(tmp_path, *sites: str, a: str = "5.0"):
    path = tmp_path / "test.cif"
    path.write_text(CIF_HEAD.format(a=a) + "\n".join(sites) + "\n")
    return path


@pytest.mark.parametrize(
    "name", ["salt.cif", "salt.vasp", "POSCAR", "POSCAR_relaxed", "x_POSCAR", "salt.xyz", "salt.extxyz"]
)
def test_a_crystal_comes_out_of_every_kind_of_file_as_it_went_in(tmp_path, salt, name):
    kind = "cif" if name.endswith("cif") else "extxyz" if name.endswith("xyz") else "vasp"
    write(tmp_path / name, salt, format=kind)
    crystal = read_crystal(tmp_path / name)
    assert sorted(crystal.species) == ["Cl", "Li"]
    assert abs(np.linalg.det(crystal.cell)) == pytest.approx(salt.get_volume(), rel=1e-6)
    apart = (crystal.fractional()[1] - crystal.fractional()[0]) % 1
    assert apart == pytest.approx(0.5, abs=1e-6)
    assert not crystal.positions.flags.writeable


def test_symmetry_is_applied_to_a_cif(tmp_path):
    path = tmp_path / "rocksalt.cif"
    text = CIF_HEAD.format(a="5.0").replace("'P 1'", "'F m -3 m'") + "Li1 Li 0 0 0 1\nCl1 Cl 0.5 0.5 0.5 1\n"
    path.write_text(text)
    assert read_crystal(path).counts() == {"Li": 4, "Cl": 4}


def test_a_left_handed_cell_is_negated_and_spans_the_same_crystal(tmp_path, salt):
    left = salt.copy()
    left.set_cell(salt.cell[[1, 0, 2]], scale_atoms=False)
    write(tmp_path / "left.extxyz", left, format="extxyz")
    crystal = read_crystal(tmp_path / "left.extxyz")
    assert np.linalg.det(crystal.cell) > 0
    np.testing.assert_allclose(crystal.cell, -salt.cell[[1, 0, 2]], atol=1e-8)
    np.testing.assert_allclose(crystal.positions, salt.positions, atol=1e-8)


@pytest.mark.parametrize(
    "content",
    ["", "this is no CIF", "data_x\n_cell_length_a five\n", CIF_HEAD.format(a="5.0"), CIF_HEAD[: len(CIF_HEAD) // 2]],
)
def test_a_cif_that_does_not_parse_is_refused_with_the_file_named(tmp_path, content):
    path = tmp_path / "broken.cif"
    path.write_text(content)
    with pytest.raises(StructureError, match=r"broken\.cif cannot be read as a CIF") as caught:
        read_crystal(path)
    assert "repair:" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_poscar_that_does_not_parse_is_refused(tmp_path):
    (tmp_path / "POSCAR").write_text("only\n1.0\n5 0 0\n0 5 0\n")
    with pytest.raises(StructureError, match="cannot be read as a POSCAR"):
        read_crystal(tmp_path / "POSCAR")


def test_overlapping_atoms_are_refused_with_the_pair_and_its_distance(tmp_path):
    path = cif(tmp_path, "Li1 Li 0 0 0 1", "Cl1 Cl 0.5 0.5 0.5 1", "Cl2 Cl 0.5 0.5 0.52 1")
    with pytest.raises(StructureError, match=r"\(Cl\) and . \(Cl\) overlap") as caught:
        read_crystal(path)
    assert "0.100 Å apart, at fractional (0.5000, 0.5000, 0.5000) and (0.5000, 0.5000, 0.5200)" in str(caught.value)


def test_an_atom_that_overlaps_with_its_own_image_is_refused(tmp_path):
    with pytest.raises(StructureError, match=r"atoms 1 \(Li\) and 1 \(Li\) overlap\n.*1\.000 Å.*its own image"):
        read_crystal(cif(tmp_path, "Li1 Li 0 0 0 1", a="1.0"))


def test_disorder_is_refused_with_sites_and_occupancies_named(tmp_path):
    path = cif(tmp_path, "Li1 Li 0 0 0 0.5", "S1 S 0.5 0.5 0.5 0.6", "Cl1 Cl 0.5 0.5 0.5 0.4", "P1 P 0.5 0 0 1")
    with pytest.raises(StructureError, match="is disordered") as caught:
        read_crystal(path)
    message = str(caught.value)
    assert "Li1 (Li 0.5)" in message
    assert "S 0.6, Cl 0.4" in message
    assert "P1" not in message
    assert "ordered cell" in message


def test_an_occupancy_that_is_one_but_for_rounding_is_one(tmp_path):
    assert len(read_crystal(cif(tmp_path, "Li1 Li 0 0 0 0.9999", "Cl1 Cl 0.5 0.5 0.5 1.0"))) == 2


def test_published_disordered_argyrodite_is_refused_and_the_ordered_one_is_read(test_data):
    folder = test_data / "structures"
    with pytest.raises(StructureError, match=r"Cl 0\.615, S 0\.385"):
        read_crystal(folder / "obelix" / "Li6PS5Cl_122_disordered.cif")
    assert read_crystal(folder / "mp" / "Li6PS5Cl_mp-985592.cif").counts() == {"Li": 24, "P": 4, "S": 20, "Cl": 4}


def test_every_ordered_structure_of_a_database_of_electrolytes_passes_and_every_other_is_called_disordered(test_data):
    for path in sorted((test_data / "structures" / "obelix").glob("*.cif")):
        if "disordered" in path.stem:
            with pytest.raises(StructureError, match="is disordered"):
                read_crystal(path)
        else:
            assert len(read_crystal(path)) >= 4


def test_a_molecule_without_a_cell_is_refused(tmp_path):
    write(tmp_path / "water.xyz", Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [0, 0.96, 0]]), format="extxyz")
    with pytest.raises(StructureError, match="not periodic along all three axes"):
        read_crystal(tmp_path / "water.xyz")


def test_a_trajectory_is_refused_with_the_number_of_its_frames(tmp_path, salt):
    write(tmp_path / "many.extxyz", [salt, salt, salt], format="extxyz")
    with pytest.raises(StructureError, match="must hold one structure\n  got:     3 of them"):
        read_crystal(tmp_path / "many.extxyz")


def test_a_file_of_an_unknown_kind_or_none_at_all_is_refused(tmp_path):
    (tmp_path / "salt.docx").write_text("x")
    with pytest.raises(StructureError, match=r"unknown kind(.|\n)*\*\.cif"):
        read_crystal(tmp_path / "salt.docx")
    with pytest.raises(StructureError, match="there is no structure file"):
        read_crystal(tmp_path / "none.cif")


def test_a_crystal_is_named_after_its_file_or_the_folder_of_a_poscar(tmp_path):
    assert crystal_name(tmp_path / "Li3 PS4 (beta).cif") == "Li3_PS4_beta"
    assert crystal_name(tmp_path / "LGPS" / "POSCAR") == "LGPS"
