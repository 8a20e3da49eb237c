"""D and its error against walks with a known D, in one to three dimensions."""

from __future__ import annotations

import numpy as np
import pytest
import walks

from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import block_frames, diffusivity
from sselmp.transport.msd import mean_squared_displacement, relative_motion


def long_walk(D, seed=0, **keywords):
    keywords = {"frames": 4000, "ions": 40} | keywords
    return walks.walk(np.random.default_rng(seed), D=D, **keywords)


@pytest.mark.parametrize(("axes", "D"), [("x", (0.2, 0, 0)), ("xy", (0.2, 0.2, 0)), ("xyz", (0.2, 0.2, 0.2))])
def test_a_walk_in_one_two_or_three_dimensions_gives_its_D(axes, D):
    found = diffusivity([walks.motion(long_walk(D))], blocks=10, axes=axes)
    assert pytest.approx(0.2, abs=4 * found.error) == found.D
    assert found.error < 0.02
    assert found.exponent == pytest.approx(1.0, abs=0.05)


def test_D_is_the_least_squares_slope_of_the_msd_in_the_window_over_twice_the_dimensions():
    motion = walks.motion(long_walk((0.4, 0.1, 0.02), frames=400), spacing_ps=0.5)
    msd = mean_squared_displacement([motion])
    for axes, columns in (("xyz", [0, 1, 2]), ("xz", [0, 2]), ("y", [1])):
        found = diffusivity([motion], blocks=5, axes=axes)
        start, end = found.window_ps
        assert (start, end) == pytest.approx((0.2 * 79 * 0.5, 0.6 * 79 * 0.5), abs=0.3)
        chosen = (msd.lags_ps >= start - 1e-9) & (msd.lags_ps <= end + 1e-9)
        slope, intercept = np.polyfit(msd.lags_ps[chosen], msd.axes[chosen][:, columns].sum(axis=1), 1)
        assert (found.D, found.intercept_A2) == pytest.approx((slope / (2 * len(columns)), intercept), rel=1e-6)


def test_an_anisotropic_walk_gives_D_along_each_axis():
    D = (0.4, 0.1, 0.02)
    found = diffusivity([walks.motion(long_walk(D))], blocks=10)
    assert np.abs(found.axis_D - D).max() < 0.05
    assert (np.abs(found.axis_D - D) < 4 * found.axis_error).all()
    assert pytest.approx(sum(D) / 3, abs=4 * found.error) == found.D


def test_D_does_not_depend_on_the_cell_or_the_drift_of_the_crystal():
    mobile = long_walk((0.2, 0.2, 0.2), frames=1000, ions=20)
    plain = diffusivity([walks.motion(mobile)], blocks=5)
    drift = np.outer(np.arange(1000), [0.4, -0.1, 0.2])
    for cell in (walks.CELL, np.diag([8.0, 9.0, 10.0])):
        trajectory = walks.trajectory(mobile, cell=cell, drift=drift)
        found = diffusivity([relative_motion(trajectory, "Li", mobile="Li")], blocks=5)
        assert pytest.approx(plain.D, rel=1e-6) == found.D
        assert found.error == pytest.approx(plain.error, rel=1e-5)


def test_the_unit_of_time_scales_D_and_its_error_and_lengths_do_so_squared():
    mobile = long_walk((0.2, 0.2, 0.2), frames=500, ions=10)
    one = diffusivity([walks.motion(mobile)], blocks=5)
    faster = diffusivity([walks.motion(mobile, spacing_ps=0.1)], blocks=5)
    larger = diffusivity([walks.motion(3 * mobile)], blocks=5)
    assert (faster.D, faster.error) == pytest.approx((10 * one.D, 10 * one.error))
    assert (larger.D, larger.error) == pytest.approx((9 * one.D, 9 * one.error))
    assert faster.window_ps == pytest.approx(np.array(one.window_ps) / 10)
    assert faster.exponent == pytest.approx(one.exponent)


def test_rattling_on_top_of_a_walk_goes_into_the_intercept_not_into_D():
    mobile = long_walk((0.2, 0.2, 0.2), frames=2000)
    rattling = mobile + np.random.default_rng(9).normal(scale=0.4, size=mobile.shape)
    plain, found = (diffusivity([walks.motion(positions)], blocks=10) for positions in (mobile, rattling))
    assert pytest.approx(plain.D, rel=0.02) == found.D
    assert found.intercept_A2 - plain.intercept_A2 == pytest.approx(6 * 0.4**2, rel=0.1)


def test_the_errors_are_students_with_one_degree_of_freedom_less_than_blocks():
    found = diffusivity([walks.motion(long_walk((0.2, 0.2, 0.2), frames=600))], blocks=3)
    assert (len(found.blocks), found.degrees_of_freedom) == (3, 2)
    # Tables of Student's t for two degrees of freedom: 4.303 at 95 %, 1.321 at 68.27 %.
    assert (found.interval_95.high - found.D) / found.error == pytest.approx(4.303, abs=0.001)
    assert (found.interval_68.high - found.D) / found.error == pytest.approx(1.321, abs=0.001)


def test_four_times_the_time_halves_the_error():
    motions = [walks.motion(long_walk((0.2, 0.2, 0.2), seed=seed, frames=3200, ions=10)) for seed in range(30)]
    parts = [motion.part(0, 800) for motion in motions]
    # The window is kept by keeping the length of the blocks.
    errors = [np.mean([diffusivity([m], blocks=b).error for m in group]) for group, b in ((parts, 5), (motions, 20))]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.15)


def test_blocks_of_several_runs_are_pooled():
    runs = [walks.motion(long_walk((0.2, 0.2, 0.2), seed=seed, frames=frames)) for seed, frames in ((1, 300), (2, 200))]
    assert block_frames(runs, blocks=5) == 100
    found = diffusivity(runs, blocks=5)
    assert len(found.blocks) == 5
    assert found.observed_ps == pytest.approx(299 + 199)


@pytest.mark.slow
def test_the_68_percent_interval_covers_the_true_D_in_68_percent_of_walks():
    rng, covered, covered_95, trials = np.random.default_rng(11), 0, 0, 400
    for _ in range(trials):
        found = diffusivity([walks.motion(walks.walk(rng, frames=400, D=(0.2, 0.2, 0.2)))], blocks=8)
        covered += found.interval_68.low <= 0.2 <= found.interval_68.high
        covered_95 += found.interval_95.low <= 0.2 <= found.interval_95.high
    assert 0.58 <= covered / trials <= 0.78
    assert 0.91 <= covered_95 / trials <= 0.99


def test_too_few_frames_or_blocks_or_other_axes_are_refused():
    motion = walks.motion(long_walk((0.2, 0.2, 0.2), frames=32))
    with pytest.raises(TrajectoryError, match="32 frames cannot give D with an error from 3 blocks"):
        diffusivity([motion], blocks=3)
    with pytest.raises(TrajectoryError, match="3 blocks or more"):
        diffusivity([motion], blocks=2)
    with pytest.raises(TrajectoryError, match="axes that do not exist"):
        diffusivity([motion], blocks=3, axes="xw")
