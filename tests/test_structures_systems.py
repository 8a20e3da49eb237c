"""Systems, their checks, and supercells."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sselmp.cells import perpendicular_widths
from sselmp.errors import SettingsError, StructureError
from sselmp.settings import Cell
from sselmp.structures import checks
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import enlarge, factors_for, repeat
from sselmp.structures.systems import load_system, system_names

SALT = """
title = "salt"
mobile_species = "Li"
citation = "none"
[charges]
Li = 1
Cl = -1
[crystallography]
space_group = 225
a_A = 5.14
[[crystallography.sites]]
species = "Li"
wyckoff = "4a"
position = [0, 0, 0]
[[crystallography.sites]]
species = "Cl"
wyckoff = "4b"
position = [0.5, 0.5, 0.5]
"""


def box(lengths, *, atoms: int = 1) -> Crystal:
    positions = np.array([[0.0, 0.0, 0.1 * n] for n in range(atoms)])
    return Crystal(name="box", species=("Li",) * atoms, cell=np.diag(lengths), positions=positions)


def structure_of(crystal: Crystal):
    from pymatgen.core import Lattice, Structure

    return Structure(Lattice(crystal.cell), crystal.species, crystal.positions, coords_are_cartesian=True)


def test_argyrodite_is_f43m_with_four_formula_units_of_li6ps5cl():
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    system = load_system("Li6PS5Cl")
    crystal = system.crystal
    assert crystal.counts() == {"Li": 24, "P": 4, "S": 20, "Cl": 4}
    assert crystal.elements == ("Li", "P", "S", "Cl")
    structure = structure_of(crystal)
    analyser = SpacegroupAnalyzer(structure, symprec=1e-3)
    assert (analyser.get_space_group_symbol(), analyser.get_space_group_number()) == ("F-43m", 216)
    assert structure.lattice.abc == pytest.approx((9.86,) * 3)
    assert "10.1002/anie.200703900" in system.citation


def test_argyrodite_has_the_bond_lengths_of_the_real_crystal():
    crystal = load_system("Li6PS5Cl").crystal
    fractional = crystal.fractional()
    apart = fractional[:, None] - fractional[None]
    distance = np.linalg.norm((apart - np.round(apart)) @ crystal.cell, axis=-1)
    species = np.array(crystal.species)
    to_sulfur = np.sort(distance[np.ix_(species == "P", species == "S")], axis=1)
    np.testing.assert_allclose(to_sulfur[:, :4], 2.05, atol=0.01)  # PS4 tetrahedra
    assert np.all(to_sulfur[:, 4] > 3.5)
    lithium = np.sort(distance[np.ix_(species == "Li", species == "S")], axis=1)[:, 0]
    assert np.all((lithium > 2.2) & (lithium < 2.6))


def test_argyrodite_is_the_published_ordered_structure_after_relaxation_scaled(test_data):
    """The Materials Project's relaxed cell matches ours once cell and lithium are allowed to relax."""
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure

    ours = structure_of(load_system("Li6PS5Cl").crystal)
    theirs = Structure.from_file(test_data / "structures" / "mp" / "Li6PS5Cl_mp-985592.cif")
    assert StructureMatcher().fit(ours, theirs)


def test_the_halide_is_three_formula_units_of_li3ycl6_with_octahedra_of_chlorine():
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    system = load_system("Li3YCl6")
    assert system.crystal.counts() == {"Li": 9, "Y": 3, "Cl": 18}
    structure = structure_of(system.crystal)
    assert SpacegroupAnalyzer(structure, symprec=1e-3).get_space_group_symbol() == "P321"
    species = np.array(system.crystal.species)
    for cation, shortest, longest in (("Y", 2.5, 2.71), ("Li", 2.44, 2.76)):
        to_chlorine = np.sort(structure.distance_matrix[np.ix_(species == cation, species == "Cl")], axis=1)
        assert np.all((to_chlorine[:, :6] > shortest) & (to_chlorine[:, :6] < longest))
        assert np.all(to_chlorine[:, 6] > 4)
    assert "10.1002/adma.201803075" in system.citation


def test_the_halides_lithium_has_the_lowest_ewald_energy_of_all_220_choices():
    """Nine of the twelve sites of 6g and 6h of P-3m1, with yttrium and chlorine where they are."""
    from pymatgen.analysis.ewald import EwaldSummation

    system = load_system("Li3YCl6")
    structure = structure_of(system.crystal)
    ours = structure.frac_coords[:9]
    free = np.array([row for row in -ours if not np.any(np.all(np.abs((ours - row + 0.5) % 1 - 0.5) < 1e-3, axis=1))])
    assert len(free) == 3  # the other half of 6h
    for position in free:
        structure.append("Li", position)
    structure.add_oxidation_state_by_element(dict(system.charges))
    pairs = EwaldSummation(structure).total_energy_matrix
    framework = list(range(9, 30))
    energies = {}
    for lithium in itertools.combinations([*range(9), 30, 31, 32], 9):
        held = [*lithium, *framework]
        energies[lithium] = pairs[np.ix_(held, held)].sum()
    assert len(energies) == 220
    first, mirrored, third = sorted(energies, key=energies.__getitem__)[:3]
    assert {first, mirrored} == {tuple(range(9)), (*range(6), 30, 31, 32)}
    assert energies[mirrored] - energies[first] == pytest.approx(0, abs=1e-6)
    assert energies[third] - energies[first] == pytest.approx(0.455, abs=0.002)


def test_the_halides_sites_are_those_of_the_published_disordered_structure(test_data):
    from pymatgen.core import Structure

    crystal = load_system("Li3YCl6").crystal
    published = Structure.from_file(test_data / "structures" / "obelix" / "Li3YCl6_ei3_disordered.cif")
    assert published.lattice.parameters == pytest.approx(structure_of(crystal).lattice.parameters, abs=1e-3)
    for symbol, position in zip(crystal.species, crystal.positions, strict=True):
        (nearest,) = published.get_sites_in_sphere(position, 0.1)
        assert {element.symbol for element in nearest.species.elements} == {symbol}
        assert symbol == "Li" or nearest.species.num_atoms > 0.5


def test_an_unknown_system_is_refused_with_the_nearest_name():
    assert "Li6PS5Cl" in system_names()
    with pytest.raises(SettingsError, match=r"no system 'Li6PS5CI'\n  allowed: did you mean 'Li6PS5Cl'") as caught:
        load_system("Li6PS5CI")
    assert caught.value.exit_code == 2
    with pytest.raises(SettingsError, match=r"no system 'Li0.5La0.5TiO3'"):
        load_system("Li0.5La0.5TiO3")


def test_a_system_file_of_the_users_own_is_loaded_by_its_path(tmp_path):
    path = tmp_path / "salt" / "system.toml"
    path.parent.mkdir()
    path.write_text(SALT)
    system = load_system(str(path))
    assert (system.name, system.mobile_species, dict(system.charges)) == ("salt", "Li", {"Li": 1.0, "Cl": -1.0})
    with pytest.raises(TypeError):
        system.charges["Li"] = 2.0


def test_a_system_file_may_name_a_structure_file_beside_it(tmp_path, test_data):
    source = test_data / "structures" / "mp" / "Li3PO4_mp-13725.cif"
    (tmp_path / "x.cif").write_bytes(source.read_bytes())
    head = 'title = "phosphate"\ncitation = "none"\nstructure = "x.cif"\n[charges]\nLi = 1\nP = 5\nO = -2\n'
    (tmp_path / "phosphate.toml").write_text(head)
    assert load_system(str(tmp_path / "phosphate.toml")).crystal.counts() == {"Li": 6, "P": 2, "O": 8}


def test_a_structure_file_becomes_a_system_with_guessed_charges(test_data):
    system = load_system(str(test_data / "structures" / "mp" / "Li6PS5Cl_mp-985592.cif"))
    assert dict(system.charges) == {"Li": 1.0, "P": 5.0, "S": -2.0, "Cl": -1.0}
    assert system.mobile_species == "Li"


def test_the_mobile_species_of_a_structure_file_can_be_named_and_must_be_in_it(test_data):
    path = str(test_data / "structures" / "mp" / "Na3YCl6_mp-675104.cif")
    assert load_system(path, mobile_species="Na").mobile_species == "Na"
    with pytest.raises(SettingsError, match=r"holds no mobile species Li\n(.|\n)*--mobile"):
        load_system(path)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("Cl = -1", "Cl = -2", r"salt is not charge balanced\n  got:     -4 e in all, from 4 Li \(\+1\), 4 Cl \(-2\)"),
        ("Cl = -1", "", "no formal charge is given for Cl"),
        ('wyckoff = "4b"', 'wyckoff = "8c"', "is not on 8c of space group 225"),
        ("a_A = 5.14", "a_A = 2.5", r"overlap\n  got:     1\.250 Å"),
        ('species = "Cl"', 'species = "Xx"', r"no chemical element 'Xx'|cannot be applied"),
    ],
)
def test_a_system_that_fails_a_check_is_refused_with_the_reason(tmp_path, before, after, message):
    (tmp_path / "salt.toml").write_text(SALT.replace(before, after))
    with pytest.raises(StructureError, match=message):
        load_system(str(tmp_path / "salt.toml"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("space_group = 225", "space_group = 231", r"crystallography\.space_group: .*230"),
        ("a_A = 5.14", "a_a = 5.14", r"there is no setting 'crystallography\.a_a'\n  allowed: did you mean 'a_A'"),
        (
            'wyckoff = "4b"',
            'wykcoff = "4b"',
            r"sites\.1\.wykcoff'\n  allowed: did you mean 'wyckoff'",
        ),
        ("a_A = 5.14", "a_A = -5", r"a_A: .*greater than 0"),
        ('title = "salt"', 'title = "salt"\nstructure = "x.cif"', "not both"),
        ("[charges]", "[charges", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_of_a_system_is_refused_with_its_key(tmp_path, before, after, message):
    (tmp_path / "salt.toml").write_text(SALT.replace(before, after))
    with pytest.raises(SettingsError, match=message):
        load_system(str(tmp_path / "salt.toml"))


def test_charges_that_cannot_be_guessed_are_refused():
    crystal = Crystal(name="Li5Cl", species=("Li",) * 5 + ("Cl",), cell=np.eye(3) * 9, positions=np.eye(6)[:, :3] * 3)
    with pytest.raises(StructureError, match="no oxidation states balance Li5Cl"):
        checks.guess_charges(crystal)


def test_nearly_overlapping_atoms_pass_until_they_are_too_near():
    def pair(distance: float) -> Crystal:
        return Crystal(name="x", species=("P", "S"), cell=np.eye(3) * 9, positions=[[0, 0, 0], [0, 0, distance]])

    checks.check_distances(pair(2.05))  # a P-S bond
    checks.check_distances(pair(1.28))
    with pytest.raises(StructureError, match=r"atoms 1 \(P\) and 2 \(S\) overlap"):
        checks.check_distances(pair(1.26))  # below 0.6 of 1.07 + 1.05


def test_the_paper_cell_of_argyrodite_has_1404_atoms():
    crystal = load_system("Li6PS5Cl").crystal
    assert len(enlarge(crystal, Cell(supercell=(3, 3, 3)))) == 1404
    assert len(enlarge(crystal, Cell(minimum_atoms=1200))) == 1404
    assert enlarge(crystal, Cell()) is crystal


@pytest.mark.parametrize(
    ("lengths", "minimum", "factors"),
    [
        ((5, 5, 5), 8, (2, 2, 2)),
        ((5, 5, 5), 9, (3, 3, 3)),  # a cube stays a cube
        ((5, 5, 10), 2, (2, 2, 1)),
        ((5, 10, 20), 8, (4, 2, 1)),
        ((5, 5, 5), 1, (1, 1, 1)),
    ],
)
def test_factors_make_the_cell_as_near_a_cube_as_they_can(lengths, minimum, factors):
    assert factors_for(box(lengths), minimum_atoms=minimum) == factors


def test_a_flat_oblique_cell_is_widened_by_its_perpendicular_widths_not_by_its_lengths():
    cell = np.array([[10.0, 0, 0], [9.0, 4.4, 0], [0, 0, 10.0]])  # b is 10 long, but its faces are 4.4 apart
    crystal = Crystal(name="x", species=("Li",), cell=cell, positions=[[0, 0, 0]])
    factors = factors_for(crystal, minimum_atoms=4)
    widths = perpendicular_widths(crystal.cell) * factors
    assert factors[2] == 1
    assert widths.min() > 8


def test_a_supercell_holds_every_image_once_and_keeps_the_density():
    crystal = load_system("Li6PS5Cl").crystal
    large = repeat(crystal, (2, 1, 3))
    assert len(large) == 6 * 52
    assert np.linalg.det(large.cell) / len(large) == pytest.approx(np.linalg.det(crystal.cell) / 52)
    folded = np.linalg.solve(crystal.cell.T, large.positions.T).T
    back = (folded - np.repeat(crystal.fractional(), 6, axis=0)).round(6)
    assert np.all(back == back.round())
    checks.check_distances(large)
