"""Percolation of hand-made tubes, sheets and blobs in a periodic cell, whose dimension is known."""

from __future__ import annotations

import numpy as np
import pytest

from sselmp.transport.percolation import connection, percolation

N = 12


def tube(values, start, end, *, height=1.0):
    """Raise a one-voxel path of steps through faces from one point to another, wrapping round the cell."""
    at = np.array(start)
    values[tuple(at % N)] = height
    while (at != end).any():
        axis = int(np.argmax(np.abs(np.array(end) - at)))
        at[axis] += np.sign(end[axis] - at[axis])
        values[tuple(at % N)] = max(height, values[tuple(at % N)])
    return values


def empty():
    return np.zeros((N, N, N))


def found(values):
    result = percolation(values)
    return [None if one is None else one.level for one in (*result.dimensions, *result.axes)]


def test_a_blob_across_the_corner_of_the_cell_does_not_percolate():
    values = empty()
    values[np.ix_(*[[-2, -1, 0, 1]] * 3)] = 1.0
    assert found(values) == [None] * 6
    assert connection(values, level=0.5).dimensions == 0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_straight_tube_percolates_along_its_axis_only(axis):
    end = [5, 5, 5]
    end[axis] += N
    result = percolation(tube(empty(), [5, 5, 5], end, height=0.7))
    assert [one is not None for one in result.dimensions] == [True, False, False]
    assert result.dimensions[0].axes == "abc"[axis]
    assert np.abs(result.dimensions[0].directions).tolist() == [np.eye(3, dtype=int)[axis].tolist()]
    assert result.axes[axis].level == 0.7


def test_a_tube_with_a_gap_percolates_where_the_gap_is_filled():
    values = tube(empty(), [0, 3, 3], [N, 3, 3])
    values[7, 3, 3] = 0.25
    assert found(values) == [0.25, None, None, 0.25, None, None]
    assert connection(values, level=0.2500001).dimensions == 0


def test_a_diagonal_tube_is_one_dimensional_along_two_axes():
    result = percolation(tube(empty(), [1, 1, 6], [1 + N, 1 + N, 6]))
    assert result.dimensions[0].directions == ((1, 1, 0),)
    assert result.dimensions[0].axes == "ab"
    assert result.dimensions[1] is None


def test_a_tube_that_winds_twice_before_it_closes_repeats_after_two_cells():
    values = tube(empty(), [2, 2, 2], [2 + N, 2, 6])
    values = tube(values, [2 + N, 2, 6], [2 + 2 * N, 8, 6])
    values = tube(values, [2 + 2 * N, 8, 6], [2 + 2 * N, 8, 2])
    assert connection(values, level=0.5).dimensions == 0
    values = tube(values, [2 + 2 * N, 8, 2], [2 + 2 * N, 2, 2])
    assert connection(values, level=0.5).directions == ((2, 0, 0),)


def test_two_tubes_that_do_not_meet_are_one_dimensional_along_two_axes():
    values = tube(tube(empty(), [0, 2, 2], [N, 2, 2]), [8, 0, 8], [8, N, 8])
    result = percolation(values)
    assert (result.dimensions[0].axes, result.dimensions[1]) == ("ab", None)


def test_two_tubes_that_cross_make_two_dimensions_and_three_make_three():
    crossed = tube(tube(empty(), [0, 2, 2], [N, 2, 2]), [8, 0, 2], [8, N, 2], height=0.6)
    assert found(crossed) == [1.0, 0.6, None, 1.0, 0.6, None]
    full = tube(crossed, [8, 5, 0], [8, 5, N], height=0.3)
    assert found(full) == [1.0, 0.6, 0.3, 1.0, 0.6, 0.3]
    assert percolation(full).dimensions[2].axes == "abc"


def test_a_sheet_is_two_dimensional_and_a_filled_cell_three():
    sheet = empty()
    sheet[:, 4, :] = 1.0
    assert percolation(sheet).dimensions[1].axes == "ac"
    assert percolation(sheet).dimensions[2] is None
    assert found(np.ones((3, 4, 5))) == [1.0] * 6


def test_a_grid_one_point_wide_connects_to_itself():
    assert connection(np.ones((1, 1, 6)), level=0.5).dimensions == 3


def test_an_empty_density_percolates_nowhere():
    assert found(empty()) == [None] * 6


def test_levels_are_the_highest_that_percolate_in_a_random_density():
    values = np.random.default_rng(0).random((9, 10, 11))
    result = percolation(values)
    for one in (*result.dimensions, *result.axes):
        above = np.nextafter(one.level, 1.0)
        assert connection(values, level=one.level) == one
        less = connection(values, level=above)
        assert less.dimensions < one.dimensions or len(less.axes) < len(one.axes)
    one, two, three = (found.level for found in result.dimensions)
    assert one >= two >= three > 0


def test_levels_below_the_least_are_not_looked_at():
    values = tube(tube(empty(), [0, 2, 2], [N, 2, 2]), [8, 0, 2], [8, N, 2], height=0.3)
    assert [one and one.level for one in percolation(values, least=0.3).dimensions] == [1.0, 0.3, None]
    assert [one and one.level for one in percolation(values, least=0.31).dimensions] == [1.0, None, None]


def test_shifting_the_origin_changes_nothing():
    rng = np.random.default_rng(1)
    values = rng.random((8, 8, 8))
    moved = np.roll(values, (3, 5, 1), axis=(0, 1, 2))
    assert found(values) == found(moved)
