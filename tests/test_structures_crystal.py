"""The record of a crystal, its hash, and crystals built from their crystallography."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import Site, from_crystallography

CELL = np.array([[5.0, 0, 0], [1.0, 6.0, 0], [-1.0, 2.0, 7.0]])
FRACTIONAL = np.array([[0.0, 0.0, 0.0], [0.3, 0.4, 0.5], [0.5, 0.9, 0.25]])


def crystal(fractional=FRACTIONAL, *, cell=CELL, species=("Li", "S", "Cl"), name="x") -> Crystal:
    return Crystal(name=name, species=species, cell=cell, positions=fractional @ cell)


def test_a_crystal_cannot_be_changed():
    found = crystal()
    with pytest.raises(ValueError, match="read-only"):
        found.positions[0, 0] = 1.0
    with pytest.raises(AttributeError):
        found.name = "y"


def test_a_crystal_copies_the_arrays_that_it_is_given():
    positions = FRACTIONAL @ CELL
    found = Crystal(name="x", species=("Li", "S", "Cl"), cell=CELL, positions=positions)
    positions[0, 0] = 9.0
    assert found.positions[0, 0] == 0.0


@given(
    shift=st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    noise=st.lists(st.floats(-1e-9, 1e-9), min_size=9, max_size=9),
)
def test_the_hash_ignores_rounding_and_lattice_translations(shift, noise):
    moved = crystal(FRACTIONAL + np.array(shift) + np.array(noise).reshape(3, 3), name="another name")
    assert moved.structure_sha256() == crystal().structure_sha256()


@pytest.mark.parametrize(
    "other",
    [
        crystal(FRACTIONAL + np.array([[1e-5, 0, 0], [0, 0, 0], [0, 0, 0]])),
        crystal(cell=CELL * 1.00001),
        crystal(species=("Li", "S", "Br")),
        crystal(FRACTIONAL[[1, 0, 2]], species=("S", "Li", "Cl")),
    ],
    ids=["positions", "cell", "species", "order"],
)
def test_the_hash_changes_with_everything_that_a_run_depends_on(other):
    assert other.structure_sha256() != crystal().structure_sha256()


def test_the_hash_is_pinned_since_old_run_ids_depend_on_it():
    assert crystal().structure_sha256() == "b70a9b73c6edfacb4905c51e0da1b2701ba827bea1bc68583f94041136551bea"


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(StructureError, match=r"x: .*do not belong together\n  got: .*2 species"):
        crystal(species=("Li", "S"))
    with pytest.raises(StructureError, match="not a finite number"):
        crystal(FRACTIONAL * np.nan)


def test_rock_salt_from_its_space_group_has_the_known_neighbours():
    sites = [Site("Li", "4a", (0, 0, 0)), Site("Cl", "4b", (0.5, 0.5, 0.5))]
    salt = from_crystallography("LiCl", sites, space_group=225, cell_parameters=(5.14,) * 3 + (90.0,) * 3)
    assert salt.counts() == {"Li": 4, "Cl": 4}
    assert salt.elements == ("Li", "Cl")
    apart = salt.fractional()[4:] - salt.fractional()[0]
    distances = np.linalg.norm((apart - np.round(apart)) @ salt.cell, axis=1)
    assert distances.min() == pytest.approx(2.57)


def test_a_site_that_is_not_on_the_declared_wyckoff_position_is_refused():
    with pytest.raises(StructureError, match=r"Li at \(0\.1, 0, 0\) is not on 4a of space group 225\n  got:     24 "):
        from_crystallography(
            "x", [Site("Li", "4a", (0.1, 0, 0))], space_group=225, cell_parameters=(5, 5, 5, 90, 90, 90)
        )
    with pytest.raises(StructureError, match="'a4' is not a Wyckoff symbol"):
        from_crystallography("x", [Site("Li", "a4", (0, 0, 0))], space_group=225, cell_parameters=(5, 5, 5, 90, 90, 90))


def test_two_sites_at_one_place_are_refused():
    sites = [Site("Li", "4a", (0, 0, 0)), Site("Na", "4a", (0.5, 0.5, 0))]
    with pytest.raises(StructureError, match="lies on another site"):
        from_crystallography("x", sites, space_group=225, cell_parameters=(5, 5, 5, 90, 90, 90))


def test_the_hash_does_not_sit_on_a_cut_for_sites_at_simple_fractions_of_six_decimal_cells():
    rng = np.random.default_rng(1)
    fractions = np.array([[n / 24, (n * 5 % 24) / 24, (n * 7 % 24) / 24] for n in range(24)])
    for millionths in range(9_860_000, 9_860_024):
        cell = np.eye(3) * millionths * 1e-6
        exact = Crystal(name="x", species=("Li",) * 24, cell=cell, positions=fractions @ cell)
        noisy = exact.positions + rng.uniform(-1e-9, 1e-9, (24, 3))
        again = Crystal(name="x", species=("Li",) * 24, cell=cell, positions=noisy)
        assert again.structure_sha256() == exact.structure_sha256()


@pytest.mark.parametrize(
    ("space_group", "parameters"),
    [
        (225, (5, 5, 6, 90, 90, 90)),
        (225, (5, 5, 5, 90, 90, 91)),
        (194, (5, 5, 8, 90, 90, 90)),
        (62, (5, 6, 7, 90, 95, 90)),
    ],
)
def test_lattice_parameters_that_are_not_the_space_groups_are_refused(space_group, parameters):
    site = Site("Li", "4a", (0, 0, 0))
    with pytest.raises(StructureError, match=f"lattice parameters are not those of space group {space_group}"):
        from_crystallography("x", [site], space_group=space_group, cell_parameters=parameters)


def test_hexagonal_and_monoclinic_lattices_are_accepted():
    hexagonal = from_crystallography(
        "x", [Site("Li", "2c", (1 / 3, 2 / 3, 0.25))], space_group=194, cell_parameters=(5, 5, 8, 90, 90, 120)
    )
    assert len(hexagonal) == 2
    oblique = from_crystallography(
        "x", [Site("Li", "4e", (0.1, 0.2, 0.3))], space_group=14, cell_parameters=(5, 6, 7, 90, 105, 90)
    )
    assert len(oblique) == 4


def test_a_setting_that_the_space_group_does_not_have_is_refused():
    with pytest.raises(StructureError, match=r"space group 225 has no setting 2"):
        from_crystallography(
            "x", [Site("Li", "4a", (0, 0, 0))], space_group=225, cell_parameters=(5, 5, 5, 90, 90, 90), setting=2
        )
