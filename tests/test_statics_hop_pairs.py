"""Distinct hops are as many as can be counted by hand, and their supercells keep symmetry and distance."""

from __future__ import annotations

from collections import Counter

import metals
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal as of_space_group
from hypothesis import given, settings
from hypothesis import strategies as st

from sselmp.networks import parts_of
from sselmp.statics.hop_pairs import hop_kinds
from sselmp.statics.symmetry import operations
from sselmp.statics.vacancy_cell import factors_of_length, vacancy_hop
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import image_distance


def kinds(atoms, element, longest):
    return hop_kinds(metals.crystal(atoms), element, longest_A=longest, tolerance_A=0.01)


def antifluorite(a=4.62):
    return of_space_group(
        ["O", "Li"], [(0, 0, 0), (0.25, 0.25, 0.25)], spacegroup=225, cellpar=[a] * 3 + [90] * 3, primitive_cell=True
    )


@pytest.mark.parametrize(("atoms", "element", "longest", "counted"), [
    # length of each kind and its pairs in the cell: half of the neighbours of each site
    (bulk("Cu", "fcc", a=3.6), "Cu", 2.6, [(2.546, 6)]),
    (bulk("Cu", "fcc", a=3.6, cubic=True), "Cu", 3.7, [(2.546, 24), (3.6, 12)]),
    (bulk("Mg", "hcp", a=3.2, c=5.1), "Mg", 3.3, [(3.149, 6), (3.2, 6)]),
    (bulk("Fe", "bcc", a=2.87), "Fe", 4.1, [(2.485, 4), (2.87, 3), (4.059, 6)]),
    (bulk("LiCl", "rocksalt", a=5.14), "Li", 4.0, [(3.635, 6)]),
    # along <100>, <110>, and along <111> through an oxygen or through an empty cube
    (antifluorite(), "Li", 4.1, [(2.31, 6), (3.267, 12), (4.001, 4), (4.001, 4)]),
])  # fmt: skip
def test_simple_crystals_have_as_many_hops_as_can_be_counted(atoms, element, longest, counted):
    found = kinds(atoms, element, longest)
    assert [(round(kind.length_A, 3), len(kind.pairs)) for kind in found] == counted
    assert all(kind.symmetric and not kind.passes for kind in found)


def test_a_hop_over_another_site_is_a_row_of_hops():
    found = kinds(antifluorite(), "Li", 4.7)
    assert [kind.passes for kind in found] == [False, False, False, False, True]
    assert found[-1].length_A == pytest.approx(4.62)


def test_between_unequal_sites_the_hop_back_is_another_and_pairs_keep_their_direction():
    cell = np.diag([6.0, 4.0, 4.5])
    sites = np.array([[0, 0, 0], [0.4, 0, 0], [0.2, 0.5, 0.5], [0.0, 0.5, 0.0], [0.4, 0.5, 0.0]]) @ cell
    crystal = Crystal("chain", ("Li", "Li", "S", "Cl", "Br"), cell=cell, positions=sites)
    found = hop_kinds(crystal, "Li", longest_A=3.7, tolerance_A=0.01)
    assert [(kind.length_A, kind.symmetric) for kind in found] == [
        (pytest.approx(2.4), False),
        (pytest.approx(3.6), False),
    ]
    assert {edge[:2] for kind in found for edge in kind.pairs} == {(0, 1)}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_neither_axes_nor_order_nor_cells_of_atoms_change_the_hops(seed):
    random = np.random.default_rng(seed)
    atoms = bulk("Mg", "hcp", a=3.2, c=5.1) * (2, 1, 1)
    turn = metals.rotation(seed)
    order = random.permutation(len(atoms))
    places = (atoms.positions + random.integers(-2, 3, size=(len(atoms), 3)) @ atoms.cell.array) @ turn
    other = Crystal("t", ("Mg",) * len(atoms), cell=atoms.cell.array @ turn, positions=places[order])
    found = hop_kinds(other, "Mg", longest_A=4.6, tolerance_A=0.01)
    assert Counter((round(kind.length_A, 3), len(kind.pairs)) for kind in found) == Counter(
        (round(kind.length_A, 3), len(kind.pairs)) for kind in kinds(atoms, "Mg", 4.6)
    )
    assert parts_of(edge for kind in found for edge in kind.pairs)[0].dimension == 3


@pytest.mark.parametrize(("atoms", "minimum", "factors"), [
    (bulk("Cu", "fcc", a=3.6), 9.0, (4, 4, 4)),  # of 2.55 Å vectors
    (bulk("Cu", "fcc", a=3.6, cubic=True), 9.0, (3, 3, 3)),
    (bulk("Mg", "hcp", a=3.2, c=5.1), 9.0, (3, 3, 2)),
    (bulk("LiCl", "rocksalt", a=5.14), 10.0, (3, 3, 3)),
])  # fmt: skip
def test_the_smallest_supercell_that_keeps_images_apart_and_the_symmetry_is_taken(atoms, minimum, factors):
    group = operations(metals.crystal(atoms), tolerance_A=0.01)
    assert factors_of_length(atoms.cell.array, group, minimum_A=minimum) == factors
    larger = atoms * factors
    assert image_distance(larger.cell.array) >= minimum
    assert len(operations(metals.crystal(larger), tolerance_A=0.01)) == len(group) * np.prod(factors)


def test_a_hop_moves_one_ion_by_its_vector_and_leaves_what_symmetry_says_is_alike():
    crystal = metals.crystal(antifluorite())
    for kind in hop_kinds(crystal, "Li", longest_A=4.1, tolerance_A=0.01):
        hop = vacancy_hop(crystal, kind, factors=(3, 3, 3))
        moved = hop.final.positions - hop.initial.positions
        assert moved[hop.ion] == pytest.approx(kind.vector_A)
        assert np.count_nonzero(np.linalg.norm(moved, axis=1)) == 1
        assert len(hop.initial) == 80
        fingerprints = []
        for one in (hop.initial, hop.final):
            atoms = Atoms(one.species, positions=one.positions, cell=one.cell, pbc=True)
            fingerprints.append(np.sort(atoms.get_all_distances(mic=True).ravel()))
        assert fingerprints[0] == pytest.approx(fingerprints[1])  # any vacancy is like any other
        assert fingerprints[0][80] > 1.9  # and no two atoms are in one place
