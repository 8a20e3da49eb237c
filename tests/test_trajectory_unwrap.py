"""Following wrapped atoms: right wherever it is allowed, and refused wherever an image would be lost."""

from __future__ import annotations

import numpy as np
import pytest
import written
from hypothesis import given, settings
from hypothesis import strategies as st

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.reading import read_files
from sselmp.trajectory.unwrap import Follower

CELL = np.array([[10.0, 0.0, 0.0], [1.5, 11.0, 0.0], [-2.0, 1.0, 12.0]])


def followed(scaled, cell=CELL):
    """The wrapped coordinates followed, and whether that was allowed."""
    follower, found = Follower(), []
    for index, one in enumerate(scaled % 1.0):
        frame = Frame(index, None, cell, np.arange(one.shape[0]), ("Li",) * one.shape[0], one, unwrapped=False)
        found.append(follower.follow(frame, index=index))
    try:
        follower.check("this")
    except TrajectoryError:
        return np.array(found), False
    return np.array(found), True


def wrong_images(scaled, found):
    return int(np.abs(np.rint((found - found[0]) - (scaled - scaled[0]))[-1]).sum())


def gaussian(width, *, frames=400, ions=30, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(scale=width, size=(frames, ions, 3)), axis=0)


def laplace(width, *, frames=400, ions=30, seed=0):
    return np.cumsum(np.random.default_rng(seed).laplace(scale=width, size=(frames, ions, 3)), axis=0)


@pytest.mark.parametrize("walk", [gaussian, laplace])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_accepted_has_no_wrong_image_and_nothing_safe_is_refused(walk, seed):
    allowed = {}
    for width in np.geomspace(0.02, 1.0, 12):
        scaled = walk(width, seed=seed)
        found, allowed[width] = followed(scaled)
        if allowed[width]:
            assert wrong_images(scaled, found) == 0
    safe = [width for width in allowed if width < (0.09 if walk is gaussian else 0.03)]
    assert all(allowed[width] for width in safe)
    assert not any(allowed[width] for width in allowed if width > 0.2)


def test_the_walks_that_are_refused_would_have_come_out_wrong():
    scaled = gaussian(0.2)
    found, allowed = followed(scaled)
    assert not allowed
    assert wrong_images(scaled, found) > 10


def test_hops_of_a_third_of_the_cell_are_followed_and_hops_of_half_of_it_refused():
    rng = np.random.default_rng(3)
    hops = (rng.random((300, 8, 1)) < 0.05) * rng.choice([-1.0, 1.0], (300, 8, 1)) * np.array([1.0, 0.0, 0.0])
    rattle = rng.normal(scale=0.01, size=(300, 8, 3))
    for length, right in ((0.33, True), (0.5, False), (0.45, False)):
        scaled = np.cumsum(length * hops, axis=0) + rattle
        found, allowed = followed(scaled)
        assert allowed is right
        assert not allowed or wrong_images(scaled, found) == 0


def test_one_lone_long_displacement_is_refused():
    scaled = gaussian(0.01, frames=50)
    scaled[20:, 4, 1] += 0.46
    assert not followed(scaled)[1]


@given(st.lists(st.integers(-2, 2), min_size=3, max_size=3), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_another_basis_of_the_same_lattice_changes_nothing(mix, seed):
    other = np.array([[1, 0, 0], [mix[0], 1, 0], [mix[1], mix[2], 1]])
    scaled = gaussian(0.06, frames=60, ions=5, seed=seed)
    plain, allowed = followed(scaled)
    askew, also = followed(scaled @ np.linalg.inv(other), other @ CELL)
    assert allowed is also
    moved = (askew - askew[0]) @ other - (plain - plain[0])
    assert np.abs(moved).max() < 1e-9


def test_a_wrapped_dump_with_frames_far_apart_is_refused_with_the_longest_displacement(tmp_path):
    frames = written.breathing(hop=0.25)
    path = written.dump(tmp_path / "far.lammpstrj", frames, "id element x y z")
    with pytest.raises(TrajectoryError, match=r"far\.lammpstrj: atoms move too far between frames") as error:
        read_files([path], Reading(timestep_ps=0.002))
    assert "the longest, 0.50, is of atom" in str(error.value)
    assert "write frames more often" in str(error.value)
    path = written.dump(path, frames, "id element x y z ix iy iz")
    assert read_files([path], Reading(timestep_ps=0.002)).frames == 40


def test_unwrapped_positions_that_move_far_are_taken_when_said_to_be_unwrapped(tmp_path):
    frames = written.breathing(hop=0.25)
    path = written.through_ase(tmp_path / "far.extxyz", frames, wrapped=False)
    with pytest.raises(TrajectoryError, match="too far between frames"):
        read_files([path], Reading(spacing_ps=1.0))
    found = read_files([path], Reading(spacing_ps=1.0, unwrapped=True))
    truth = frames.scaled @ frames.cells.mean(axis=0)
    assert found.positions == pytest.approx(truth, abs=1e-6)
