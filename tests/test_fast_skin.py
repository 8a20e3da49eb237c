"""A neighbour list with a skin is used for as long as it is complete, and no longer."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from sselmp.potentials.fast.skin import Skin

CUTOFF, SKIN = 3.0, 0.8


def crystal(seed: int) -> Atoms:
    random = np.random.default_rng(seed)
    cell = np.diag([4.0, 5.0, 6.5]) + random.normal(0.0, 0.4, (3, 3))
    return Atoms("Ar12", cell=cell, scaled_positions=random.random((12, 3)), pbc=True)


def skin_of(atoms: Atoms) -> Skin:
    return Skin(atoms.positions, cell=atoms.cell.array, periodic=atoms.pbc, cutoff_A=CUTOFF, skin_A=SKIN)


def pairs(atoms: Atoms, distance: float) -> set[tuple[int, ...]]:
    first, second, shifts = neighbor_list("ijS", atoms, distance)
    return {(int(i), int(j), *map(int, shift)) for i, j, shift in zip(first, second, shifts, strict=True)}


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    move=st.floats(0.0, 0.6),
    strain=st.floats(0.0, 0.12),
    drift=st.floats(-9.0, 9.0),
    wrapped=st.booleans(),
)
def test_a_list_that_is_said_to_hold_has_every_pair_within_the_cutoff(seed, move, strain, drift, wrapped):
    atoms = crystal(seed)
    listed = pairs(atoms, CUTOFF + SKIN)
    skin, random = skin_of(atoms), np.random.default_rng(seed + 1)
    later = atoms.copy()
    later.set_cell(atoms.cell.array @ (np.eye(3) + random.uniform(-strain, strain, (3, 3))), scale_atoms=True)
    later.positions += random.uniform(-move, move, later.positions.shape) + drift
    followed = skin.followed(later.positions if not wrapped else wrapped_positions(later), cell=later.cell.array)
    if followed is not None:
        later.positions = followed
        assert pairs(later, CUTOFF) <= listed


def wrapped_positions(atoms: Atoms) -> np.ndarray:
    copy = atoms.copy()
    copy.wrap()
    return copy.positions


def test_one_atom_may_go_half_the_skin_and_no_farther():
    atoms = Atoms("Ar100", positions=np.random.default_rng(0).random((100, 3)) * 20, cell=[20, 20, 20], pbc=True)
    skin = skin_of(atoms)
    for way, holds in ((0.49, True), (0.52, False)):
        moved = atoms.positions.copy()
        moved[7, 1] += way * SKIN
        assert (skin.followed(moved, cell=atoms.cell.array) is not None) == holds


def test_a_way_common_to_all_atoms_and_other_images_do_not_count():
    atoms = crystal(3)
    moved = atoms.positions + np.array([0.3, -0.2, 0.1])
    images = np.array([[1, 0, -2]] * 6 + [[0, 3, 0]] * 6) @ atoms.cell.array
    followed = skin_of(atoms).followed(moved + images, cell=atoms.cell.array)
    np.testing.assert_allclose(followed, moved, atol=1e-9)


def test_a_cell_that_shrinks_by_less_than_the_skin_is_followed_and_one_that_shrinks_by_more_is_not():
    atoms = crystal(4)
    for factor, holds in ((0.99, True), (CUTOFF / (CUTOFF + SKIN) - 0.01, False), (1.3, True)):
        later = atoms.copy()
        later.set_cell(atoms.cell.array * factor, scale_atoms=True)
        assert (skin_of(atoms).followed(later.positions, cell=later.cell.array) is not None) == holds


def test_open_directions_are_never_folded():
    atoms = crystal(5)
    atoms.pbc = [True, True, False]
    moved = atoms.positions + np.array([[0.0, 0.0, 0.0]] * 11 + [atoms.cell.array[2]])
    assert skin_of(atoms).followed(moved, cell=atoms.cell.array) is None


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_position_that_is_no_number_is_no_reason_to_trust_the_list(broken):
    atoms = crystal(6)
    moved = atoms.positions.copy()
    moved[0, 0] = broken
    with np.errstate(invalid="ignore"):
        assert skin_of(atoms).followed(moved, cell=atoms.cell.array) is None
