"""Cells in LAMMPS's frame, dumps' bounds, and the orders and signs of stress."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sselmp import cells
from sselmp.errors import StructureError

VECTORS = st.lists(st.floats(-12, 12), min_size=9, max_size=9)


def right_handed(numbers: list[float]) -> np.ndarray:
    """A cell that is neither flat nor left-handed, made of nine numbers."""
    cell = np.array(numbers).reshape(3, 3)
    determinant = np.linalg.det(cell)
    assume(abs(determinant) > 5)
    return cell if determinant > 0 else -cell


@given(VECTORS)
def test_lammps_frame_is_a_rotation_and_a_reduction_of_the_same_lattice(numbers):
    cell = right_handed(numbers)
    frame = cells.lammps_frame(cell)
    np.testing.assert_allclose(frame.rotation @ frame.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(frame.rotation) == pytest.approx(1.0)
    whole = (cell @ frame.rotation) @ np.linalg.inv(frame.cell)  # old vectors in terms of new ones
    np.testing.assert_allclose(whole, np.round(whole), atol=1e-6)
    assert abs(np.linalg.det(np.round(whole))) == pytest.approx(1.0)


@given(VECTORS)
def test_lammps_frame_is_lower_triangular_with_positive_lengths_and_small_tilts(numbers):
    lower = cells.lammps_frame(right_handed(numbers)).cell
    lx, ly, lz = np.diag(lower)
    assert min(lx, ly, lz) > 0
    assert np.all(np.triu(lower, 1) == 0)
    assert abs(lower[1, 0]) <= lx / 2 * (1 + 1e-9)
    assert abs(lower[2, 0]) <= lx / 2 * (1 + 1e-9)
    assert abs(lower[2, 1]) <= ly / 2 * (1 + 1e-9)


def test_a_cell_already_in_the_frame_stays():
    cell = np.array([[5.0, 0, 0], [1.0, 6.0, 0], [-1.0, 2.0, 7.0]])
    frame = cells.lammps_frame(cell)
    np.testing.assert_allclose(frame.cell, cell, atol=1e-14)
    np.testing.assert_allclose(frame.rotation, np.eye(3), atol=1e-14)
    assert not frame.cell.flags.writeable


@pytest.mark.parametrize("cell", [-np.eye(3), np.diag([1.0, 1.0, 0.0])], ids=["left-handed", "flat"])
def test_a_left_handed_or_flat_cell_is_refused(cell):
    with pytest.raises(StructureError, match=r"right-handed and enclose a volume\n  got:     det = "):
        cells.lammps_frame(cell)


def test_widths_are_the_distances_between_faces():
    np.testing.assert_allclose(cells.perpendicular_widths(np.diag([3.0, 4.0, 5.0])), [3, 4, 5])
    hexagonal = np.array([[2.0, 0, 0], [-1.0, np.sqrt(3), 0], [0, 0, 5.0]])
    np.testing.assert_allclose(cells.perpendicular_widths(hexagonal), [np.sqrt(3), np.sqrt(3), 5])


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (1, -1, -1), (-1, -1, 1)])
def test_the_cell_comes_back_from_the_bounding_box_of_its_corners(signs):
    xy, xz, yz = np.array([1.2, 0.7, 1.9]) * signs
    cell = np.array([[5.0, 0, 0], [xy, 6.0, 0], [xz, yz, 7.0]])
    origin = np.array([-0.3, 0.4, 1.0])
    corners = origin + np.array(list(np.ndindex(2, 2, 2))) @ cell
    bounds = np.column_stack([corners.min(axis=0), corners.max(axis=0), [xy, xz, yz]])
    # LAMMPS bounds the box by its four lowest corners in x only as far as the tilts reach; so do the corners here.
    found, lo = cells.cell_from_dump_bounds(bounds)
    np.testing.assert_allclose(found, cell, atol=1e-12)
    np.testing.assert_allclose(lo, origin, atol=1e-12)


def test_an_orthogonal_dump_has_no_tilts():
    found, lo = cells.cell_from_dump_bounds(np.array([[0.5, 5.5], [0, 6.0], [-1, 6.0]]))
    np.testing.assert_allclose(found, np.diag([5.0, 6.0, 7.0]))
    np.testing.assert_allclose(lo, [0.5, 0, -1])


def test_the_virial_of_an_ideal_strain_derivative_has_lammps_sign_and_order():
    stress = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])  # xx yy zz yz xz xy, positive under tension
    np.testing.assert_array_equal(cells.virial_from_ase_stress(stress, 10.0), [-10, -20, -30, -60, -50, -40])


def test_volume_and_orthogonality():
    assert cells.volume(np.diag([2.0, 3.0, -4.0])) == pytest.approx(24.0)
    assert cells.is_orthogonal(np.diag([2.0, 3.0, 4.0]))
    assert not cells.is_orthogonal(np.array([[2.0, 0, 0], [1e-6, 3, 0], [0, 0, 4]]))
    flags = cells.readonly([[1, 2], [3, 4]]).flags
    assert not flags.writeable


def test_the_stress_of_a_virial_tensor_is_symmetric_and_comes_back_as_lammps_virial():
    virial = np.array([[1.0, 6.1, 5.0], [5.9, 2.0, 4.0], [5.0, 4.0, 3.0]])
    stress = cells.ase_stress_from_virial(virial, 10.0)
    np.testing.assert_allclose(stress, [-0.1, -0.2, -0.3, -0.4, -0.5, -0.6])
    np.testing.assert_allclose(cells.virial_from_ase_stress(stress, 10.0), [1, 2, 3, 6, 5, 4])
