"""MSD by Fourier transform against a double loop, closed forms, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
import walks
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sselmp.errors import TrajectoryError
from sselmp.transport import msd as module
from sselmp.transport.msd import mean_squared_displacement, relative_motion, squared_displacements

paths = arrays.arrays(
    np.float64,
    st.tuples(st.integers(2, 17), st.integers(1, 4), st.just(3)),
    elements=st.floats(-30, 30, allow_subnormal=False, width=32),
)


def double_loop(positions):
    frames, ions = positions.shape[:2]
    result = np.zeros((frames, 3))
    for lag in range(frames):
        for origin in range(frames - lag):
            for ion in range(ions):
                result[lag] += (positions[origin + lag, ion] - positions[origin, ion]) ** 2
        result[lag] /= (frames - lag) * ions
    return result


@given(paths)
@settings(max_examples=60, deadline=None)
def test_the_transform_equals_the_double_loop(positions):
    assert squared_displacements(positions) == pytest.approx(double_loop(positions), abs=1e-9)


@given(paths, arrays.arrays(np.float64, 3, elements=st.floats(-1e4, 1e4)))
@settings(max_examples=40, deadline=None)
def test_a_shift_of_everything_changes_nothing(positions, shift):
    assert squared_displacements(positions + shift) == pytest.approx(squared_displacements(positions), abs=1e-7)


@given(paths, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_ions_changes_nothing(positions, random):
    order = list(range(positions.shape[1]))
    random.shuffle(order)
    assert squared_displacements(positions[:, order]) == pytest.approx(squared_displacements(positions), abs=1e-9)


@given(paths)
@settings(max_examples=40, deadline=None)
def test_time_run_backwards_gives_the_same(positions):
    assert squared_displacements(positions[::-1]) == pytest.approx(squared_displacements(positions), abs=1e-9)


def test_steady_motion_grows_with_the_square_of_time_along_its_own_axis():
    positions = np.zeros((50, 3, 3))
    positions[..., 1] = 0.3 * np.arange(50)[:, None]
    found = mean_squared_displacement([walks.motion(positions, spacing_ps=0.5)])
    assert found.axes[:, 1] == pytest.approx((0.6 * found.lags_ps) ** 2)
    assert np.abs(found.axes[:, [0, 2]]).max() == 0
    assert found.total == pytest.approx(found.axes[:, 1])


def test_many_ions_are_transformed_in_pieces_that_add_up(monkeypatch):
    positions = walks.walk(np.random.default_rng(2), frames=64, ions=50)
    whole = squared_displacements(positions)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 64 * 3 * 16)
    assert squared_displacements(positions) == pytest.approx(whole, rel=1e-12)


def test_positions_far_from_the_origin_keep_their_digits():
    positions = walks.cage(np.random.default_rng(3), frames=200, ions=4, width=1e-3) + 1e5
    assert squared_displacements(positions) == pytest.approx(double_loop(positions), rel=1e-6)


def test_seeds_are_averaged_with_each_origin_counting_once():
    rng = np.random.default_rng(4)
    long, short = walks.walk(rng, frames=30, ions=5), walks.walk(rng, frames=12, ions=5)
    together = mean_squared_displacement([walks.motion(long), walks.motion(short)])
    lag = 7
    squares = [((p[lag:] - p[:-lag]) ** 2).mean(axis=1) for p in (long, short)]
    assert together.axes[lag] == pytest.approx(np.concatenate(squares).mean(axis=0))
    assert together.axes[20] == pytest.approx(squared_displacements(long)[20])


def test_runs_with_other_ions_or_spacings_are_not_averaged():
    rng = np.random.default_rng(4)
    one = walks.motion(walks.walk(rng, frames=30, ions=5))
    for other in (
        walks.motion(walks.walk(rng, frames=30, ions=6)),
        walks.motion(walks.walk(rng, frames=30, ions=5), spacing_ps=2.0),
        walks.motion(walks.walk(rng, frames=30, ions=5), species="Na"),
    ):
        with pytest.raises(TrajectoryError, match="same ions and the same time"):
            mean_squared_displacement([one, other])


def drifting():
    rng = np.random.default_rng(5)
    mobile = walks.walk(rng, frames=300)
    drift = np.cumsum(rng.normal(0.05, 0.3, (300, 3)), axis=0)
    return mobile, walks.trajectory(mobile, drift=drift)


def test_the_drift_of_the_framework_is_removed_exactly():
    mobile, trajectory = drifting()
    motion = relative_motion(trajectory, "Li", mobile="Li")
    assert squared_displacements(motion.positions) == pytest.approx(squared_displacements(mobile), abs=1e-8)
    framework = relative_motion(trajectory, "S", mobile="Li")
    assert squared_displacements(framework.positions).max() < 1e-9


def test_a_framework_that_moves_against_the_ions_is_not_mistaken_for_their_rest():
    # Momentum conserved: light ions that hop to the right push the framework to the left.
    mobile, _ = drifting()
    recoil = -0.2 * mobile.mean(axis=1)
    trajectory = walks.trajectory(mobile, drift=recoil)
    motion = relative_motion(trajectory, "Li", mobile="Li")
    assert squared_displacements(motion.positions) == pytest.approx(squared_displacements(mobile), abs=1e-8)


def test_the_centre_of_mass_is_weighted_by_the_masses():
    _, trajectory = drifting()
    li, s = 6.94, 32.06
    weights = np.array([li] * 24 + [s] * 8)
    centre = (trajectory.positions * weights[:, None]).sum(axis=1) / weights.sum()
    motion = relative_motion(trajectory, "Li", mobile="Li", reference="centre of mass")
    assert motion.positions == pytest.approx(trajectory.positions[:, :24] - centre[:, None], abs=1e-6)


def test_without_a_reference_the_positions_are_as_they_are():
    _, trajectory = drifting()
    motion = relative_motion(trajectory, "Li", mobile="Li", reference="none")
    assert np.array_equal(motion.positions, trajectory.positions[:, :24])


def test_a_species_that_is_absent_or_a_missing_framework_is_refused():
    mobile, trajectory = drifting()
    with pytest.raises(TrajectoryError, match="no atom of the species 'Na'"):
        relative_motion(trajectory, "Na", mobile="Na")
    with pytest.raises(TrajectoryError, match="no framework: every atom is Li"):
        relative_motion(walks.trajectory(mobile, framework=0), "Li", mobile="Li")


def test_one_frame_and_numbers_that_are_not_finite_are_refused():
    with pytest.raises(TrajectoryError, match="one frame"):
        mean_squared_displacement([walks.motion(np.zeros((1, 4, 3)))])
    with pytest.raises(TrajectoryError, match="not a finite number"):
        walks.motion(np.full((5, 1, 3), np.nan))
    with pytest.raises(TrajectoryError, match="between frames must be positive"):
        walks.motion(np.zeros((5, 1, 3)), spacing_ps=0.0)
