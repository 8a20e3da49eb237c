"""D and its errors against walks with a known D: scale laws, symmetries, and coverage over simulated trajectories."""

from __future__ import annotations

import numpy as np
import pytest
import walks

from sselmp.errors import TrajectoryError
from sselmp.transport.collective import charge_diffusivity, charge_motion
from sselmp.transport.diffusion import diffusivity, fit_slope
from sselmp.transport.msd import mean_squared_displacement, relative_motion
from sselmp.transport.onset import find_onset, given_onset
from sselmp.transport.regression import MULTIPLES, NOISES, regression
from sselmp.transport.scales import ladder, measure_scales
from sselmp.transport.verdict import assess


def long_walk(D, seed=0, **keywords):
    keywords = {"frames": 2000, "ions": 20} | keywords
    return walks.walk(np.random.default_rng(seed), D=D, **keywords)


def at_scale(positions, scale=2, axes="xyz", **keywords):
    return diffusivity(measure_scales([walks.motion(positions, **keywords)]), scale, axes=axes)


@pytest.mark.parametrize(("axes", "D"), [("x", (0.2, 0, 0)), ("xy", (0.2, 0.2, 0)), ("xyz", (0.2, 0.2, 0.2))])
def test_a_walk_in_one_two_or_three_dimensions_gives_its_D(axes, D):
    found = at_scale(long_walk(D), axes=axes)
    assert pytest.approx(0.2, abs=4 * found.error) == found.D
    assert found.error < 0.02


def test_an_anisotropic_walk_gives_D_along_each_axis():
    D = (0.4, 0.1, 0.02)
    found = at_scale(long_walk(D))
    assert np.abs(found.axis_D - D).max() < 0.05
    assert (np.abs(found.axis_D - D) < 4 * found.axis_error).all()
    assert pytest.approx(sum(D) / 3, abs=4 * found.error) == found.D
    assert found.axis_D.mean() == pytest.approx(found.D)


def test_the_ladder_of_displacements_agrees_with_the_msd_over_all_origins():
    motion = walks.motion(long_walk((0.4, 0.1, 0.02), frames=300, ions=5))
    scales = measure_scales([motion])
    assert scales.lags.tolist() == ladder(149).tolist() == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]
    curve = mean_squared_displacement([motion]).axes[scales.lags]
    # Short lags start at every frame; long ones at every fourth to eighth part of them.
    assert scales.means[:5] == pytest.approx(curve[:5], rel=1e-6)
    assert scales.means[5:] == pytest.approx(curve[5:], rel=0.15)
    assert np.abs(scales.parts.sum(axis=0)).max() < 1e-10 * curve.max()


def test_what_the_blocks_add_up_to_is_what_the_naive_sum_over_origins_gives():
    positions = long_walk((0.2, 0.2, 0.2), frames=64, ions=3)
    scales = measure_scales([walks.motion(positions)])
    weights = np.zeros((len(scales.lags), 3))
    weights[1] = 1.0  # lag of two frames
    squares = ((positions[2:] - positions[:-2]) ** 2).sum(axis=2).mean(axis=1)
    middles = np.arange(len(squares)) + 1
    expected = [(squares[middles // 16 == block] - squares.mean()).sum() / len(squares) for block in range(4)]
    assert scales.contributions(weights, length=16) == pytest.approx(np.array(expected))


def test_D_does_not_depend_on_the_cell_the_drift_a_shift_or_the_order_of_the_ions():
    mobile = long_walk((0.2, 0.2, 0.2), frames=600, ions=10)
    plain = at_scale(mobile)
    shuffled = at_scale(mobile[:, ::-1] + np.array([5.0, -70.0, 1.0]))
    assert (shuffled.D, shuffled.error) == pytest.approx((plain.D, plain.error), rel=1e-6)
    drift = np.outer(np.arange(600), [0.4, -0.1, 0.2])
    for cell in (walks.CELL, np.diag([8.0, 9.0, 10.0])):
        motion = relative_motion(walks.trajectory(mobile, cell=cell, drift=drift), "Li", mobile="Li")
        found = diffusivity(measure_scales([motion]), 2)
        assert (found.D, found.error) == pytest.approx((plain.D, plain.error), rel=1e-5)


def test_the_unit_of_time_scales_D_and_its_errors_and_lengths_do_so_squared():
    mobile = long_walk((0.2, 0.2, 0.2), frames=500, ions=10)
    mobile += np.random.default_rng(1).normal(scale=0.3, size=mobile.shape)
    one, faster, larger = (
        assess([walks.motion(*scaled[:1], spacing_ps=scaled[1])], hop_length_A=scaled[2])
        for scaled in ((mobile, 1.0, 2.5), (mobile, 0.1, 2.5), (3 * mobile, 1.0, 7.5))
    )
    assert one.verdict.kind == faster.verdict.kind == larger.verdict.kind == "diffusive"
    for found, factor in ((faster, 10), (larger, 9)):
        for name in ("D", "error", "model_error", "block_error"):
            expected = factor * getattr(one.diffusivity, name)
            assert getattr(found.diffusivity, name) == pytest.approx(expected, rel=1e-9)
    assert faster.diffusivity.window_ps == pytest.approx(np.array(one.diffusivity.window_ps) / 10)
    assert larger.diffusivity.window_ps == one.diffusivity.window_ps


def test_rattling_on_top_of_a_walk_goes_into_the_constant_not_into_D():
    mobile = long_walk((0.2, 0.2, 0.2))
    rattling = mobile + np.random.default_rng(9).normal(scale=0.4, size=mobile.shape)
    plain, found = (at_scale(positions) for positions in (mobile, rattling))
    assert pytest.approx(plain.D, abs=3 * found.error) == found.D
    assert found.intercept_A2 - plain.intercept_A2 == pytest.approx(6 * 0.4**2, rel=0.2)


@pytest.mark.parametrize(("scale", "noise"), [(1, 0.0), (1, 10.0), (2, 1.0), (4, 0.0), (64, 30.0)])
def test_the_weights_give_D_of_a_line_exactly_and_ignore_its_constant(scale, noise):
    model = regression(scale, noise)
    line = 2.0 * np.array(MULTIPLES) * 0.7 + 0.3
    assert (model.slope @ line, model.constant @ line) == pytest.approx((0.7, 0.3))


def test_at_a_scale_of_one_frame_without_noise_the_error_is_that_of_the_covariance_estimator():
    # Vestergaard et al. 2014: (MSD(2) - MSD(1))/2 has a variance of 6 D²/N for N steps along one axis without noise.
    model = regression(1, 0.0)
    assert model.slope == pytest.approx([-0.5, 0.5, 0.0, 0.0], abs=1e-9)
    assert model.variance(1000.0) == pytest.approx(6.0 / 998.0, rel=1e-3)
    assert NOISES[0] == 0.0


@pytest.mark.parametrize(("scale", "noise"), [(2, 0.0), (4, 0.5)])
def test_the_models_error_is_the_scatter_of_walks_of_ions_that_move_on_their_own(scale, noise):
    rng, D, errors = np.random.default_rng(2), [], []
    for _ in range(150):
        positions = walks.walk(rng, frames=300, ions=4) + noise * rng.normal(size=(300, 4, 3))
        found = at_scale(positions, scale)
        D.append(found.D)
        errors.append(found.model_error)
    assert np.std(D) == pytest.approx(np.mean(errors), rel=0.2)


def test_ions_that_hop_together_have_the_error_of_their_groups_not_of_the_model():
    rng = np.random.default_rng(3)
    found = [
        at_scale(walks.chain_walk(rng, frames=600, ions=24, chance=0.02, group=6, rattle=0.05), 2) for _ in range(60)
    ]
    scatter, errors = np.std([one.D for one in found]), [one.error for one in found]
    assert scatter == pytest.approx(np.mean(errors), rel=0.25)
    assert np.mean([one.model_error for one in found]) < 0.6 * scatter


def test_runs_that_differ_more_than_their_blocks_have_the_error_of_runs():
    alike = [walks.motion(long_walk((0.2,) * 3, seed=seed, frames=600, ions=10)) for seed in range(4)]
    found = diffusivity(measure_scales(alike), 2)
    assert found.error_from == "short blocks"
    assert found.replica_error == pytest.approx(found.error, rel=0.8)
    unlike = [
        walks.motion(long_walk((D,) * 3, seed=seed, frames=600, ions=10)) for seed, D in enumerate((0.1, 0.2, 0.3, 0.4))
    ]
    found = diffusivity(measure_scales(unlike), 2)
    assert (found.error_from, found.degrees_of_freedom) == ("replicas", 3)
    assert found.error == found.replica_error == pytest.approx(np.std([0.1, 0.2, 0.3, 0.4], ddof=1) / 2, rel=0.2)


def test_four_times_the_time_halves_the_error():
    long = [walks.motion(long_walk((0.2, 0.2, 0.2), seed=seed, frames=1600, ions=6)) for seed in range(20)]
    errors = [
        np.mean([diffusivity(measure_scales([one]), 2).error for one in group])
        for group in ([motion.part(0, 400) for motion in long], long)
    ]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.15)


def test_the_regime_starts_after_the_rattling_is_forgotten_and_can_be_given():
    rng = np.random.default_rng(4)
    white = measure_scales([walks.motion(walks.lattice_walk(rng, frames=1500, ions=24, chance=0.05))])
    slow = measure_scales(
        [walks.motion(walks.caged_walk(rng, frames=1500, ions=24, chance=0.05, width=0.8, memory=6.0))]
    )
    assert find_onset(white).scale <= 4
    onset = find_onset(slow)
    assert onset.found
    assert 8 <= onset.scale <= 64
    assert onset.falls[0] > 1.0
    given = given_onset(slow, 3.3)
    assert (given.scale, given.given) == (4, True)
    with pytest.raises(TrajectoryError, match="regime cannot start there"):
        given_onset(slow, 1000.0)


def test_scales_that_are_too_long_and_axes_that_do_not_exist_are_refused():
    scales = measure_scales([walks.motion(long_walk((0.2, 0.2, 0.2), frames=100))])
    with pytest.raises(TrajectoryError, match="cannot be found at this scale"):
        diffusivity(scales, 16)
    with pytest.raises(TrajectoryError, match="power of two"):
        diffusivity(scales, 3)
    with pytest.raises(TrajectoryError, match="axes that do not exist"):
        fit_slope(scales, 1, axes="xw")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulate", "charge"),
    [
        (lambda rng: walks.lattice_walk(rng, frames=800, ions=24, chance=0.01), 1),
        (lambda rng: walks.walk(rng, frames=800, D=np.array([6.0, 2.0, 1.0]) / 3 * 0.0625 / 6), 1),
        (lambda rng: walks.caged_walk(rng, frames=1000, ions=24, chance=0.01), 1),
        (lambda rng: walks.chain_walk(rng, frames=800, ions=24, chance=0.01), 3),
    ],
    ids=["lattice", "anisotropic", "caged rattling", "correlated"],
)
def test_the_intervals_of_D_and_of_the_charge_cover_the_truth(simulate, charge):
    # benchmarks/coverage.py does this for 400 trajectories and several lengths; 150 scatter by 3.8 % at 68 %.
    rng, true, trials = np.random.default_rng(11), 0.0625 / 6, 150
    held = np.zeros((2, 2))
    for _ in range(trials):
        motion = walks.motion(simulate(rng))
        found = assess([motion])
        of_charge = charge_diffusivity([charge_motion(motion)], least=found.onset.scale)
        for row, (one, truth) in enumerate(((found.diffusivity, true), (of_charge, charge * true))):
            for column, interval in enumerate((one.interval_68, one.interval_95)):
                held[row, column] += interval.low <= truth <= interval.high
    assert (np.abs(held[:, 0] / trials - 0.68) < 0.12).all(), held / trials
    assert (held[:, 1] / trials > 0.89).all(), held / trials
