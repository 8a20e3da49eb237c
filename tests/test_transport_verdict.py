"""Verdicts on motions that diffuse, that rattle, that are too short, and that drift; and the bounds that replace D."""

from __future__ import annotations

import re

import numpy as np
import pytest
import walks

from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import poisson_upper, student_quantile
from sselmp.transport.msd import mean_squared_displacement
from sselmp.transport.verdict import assess, with_framework


def judge(positions, **keywords):
    return assess([walks.motion(positions)], **keywords)


def test_a_long_walk_is_diffusive_and_its_sharpest_window_is_taken():
    found = judge(walks.walk(np.random.default_rng(0), frames=2000))
    assert found.verdict.diffusive
    assert found.verdict.upper_bound is None
    assert found.diffusivity.window_ps == (2.0, 8.0)
    assert found.verdict.hops == pytest.approx(6 * 0.125 * 24 * 1999 / 6.25, rel=0.2)
    assert "t^" in found.verdict.reason


def test_a_shorter_walk_is_diffusive_with_a_larger_error():
    found = judge(walks.walk(np.random.default_rng(1), frames=100))
    assert found.verdict.diffusive
    longer = judge(walks.walk(np.random.default_rng(0), frames=2000))
    assert found.diffusivity.error > 2 * longer.diffusivity.error


@pytest.mark.parametrize("seed", [6, 7])
def test_a_slope_that_settles_only_at_the_last_scale_there_is_has_not_been_seen_to_settle(seed):
    # Wide cages that are forgotten after 80 of 500 frames: D at the last scale is still 3.6 times too large.
    rng = np.random.default_rng(seed)
    found = judge(walks.caged_walk(rng, frames=500, ions=24, chance=0.005, width=1.2, memory=80.0))
    assert (found.onset.falls < 1.0).tolist() == [False] * 4 + [True]
    assert not found.onset.found
    assert found.verdict.kind == "too short"


@pytest.mark.parametrize(("width", "memory"), [(0.3, 2), (1.5, 2), (1.0, 50), (2.5, 30)])
def test_caged_rattling_is_not_diffusive_however_wide_the_cage(width, memory):
    rng = np.random.default_rng(2)
    for _ in range(20):
        found = judge(walks.cage(rng, frames=400, ions=24, width=width, memory=memory))
        assert not found.verdict.diffusive
        assert found.verdict.upper_bound > 0


def test_rest_has_the_bound_of_three_hops_none_of_which_was_seen():
    found = judge(np.zeros((301, 10, 3)) + 1e-12 * np.random.default_rng(3).normal(size=(301, 10, 3)))
    assert not found.verdict.diffusive
    # Fewer than 3.0 hops at 95 %: D < 3.0 a²/(6 N t).
    assert found.verdict.upper_bound == pytest.approx(-np.log(0.05) * 2.5**2 / (6 * 10 * 300), rel=1e-6)


def test_three_hops_that_fell_evenly_into_the_blocks_are_still_three_hops_only():
    positions = np.zeros((300, 10, 3))
    for ion, frame in enumerate((50, 150, 250)):
        positions[frame:, ion, 0] = 2.5
    found = judge(positions)
    # Three events allow for 7.75 at 95 % (classical limit); the bound is D of that many hops or more.
    assert found.verdict.upper_bound >= 7.7 * 2.5**2 / (6 * 10 * 299)


def test_ions_that_do_not_move_at_all_are_judged_too():
    found = judge(np.zeros((100, 4, 3)))
    assert not found.verdict.diffusive
    assert found.verdict.upper_bound > 0


def test_a_walk_that_has_not_gone_as_far_as_a_hop_is_too_short():
    found = judge(walks.walk(np.random.default_rng(4), frames=200, D=(0.01, 0.01, 0.01)))
    assert found.verdict.kind == "too short"
    assert "less than one hop" in found.verdict.reason
    assert found.verdict.upper_bound > 0.01


def test_few_ions_that_hop_a_few_times_have_too_few_hops():
    rng = np.random.default_rng(5)
    found = [judge(walks.walk(rng, frames=120, ions=1, D=(0.05, 0.05, 0.05))).verdict for _ in range(60)]
    assert any(verdict.reason.startswith("too few hops") for verdict in found)
    assert not any(verdict.diffusive for verdict in found if verdict.hops < 10)


def test_drift_that_was_not_removed_is_faster_than_linear_and_has_no_bound():
    positions = walks.walk(np.random.default_rng(6), frames=300, D=(1e-3,) * 3)
    found = judge(positions + np.outer(np.arange(300), [0.1, 0.1, 0.0])[:, None])
    assert "faster than linear" in found.verdict.reason
    assert found.verdict.upper_bound is None


def test_too_few_frames_are_said_to_be_too_few():
    found = judge(walks.walk(np.random.default_rng(7), frames=30))
    assert found.diffusivity is None
    assert "too few frames to judge (30; 32 are needed)" in found.verdict.reason


def test_the_bound_of_a_slow_lattice_walk_holds_in_nineteen_of_twenty():
    rng, held, trials = np.random.default_rng(9), 0, 200
    for _ in range(trials):
        found = judge(walks.lattice_walk(rng, frames=200, ions=24, chance=0.001))
        assert not found.verdict.diffusive
        held += found.verdict.upper_bound >= 0.001 * 6.25 / 6
    assert held / trials >= 0.91


def test_caged_walks_are_called_not_diffusive_and_walks_are_not():
    rng = np.random.default_rng(10)
    walking = [judge(walks.lattice_walk(rng, frames=1000, ions=24, chance=0.02)).verdict for _ in range(100)]
    caged = [judge(walks.cage(rng, frames=300, ions=24, width=1.0, memory=20)).verdict for _ in range(100)]
    assert sum(verdict.diffusive for verdict in walking) >= 97
    assert sum(verdict.kind == "not diffusive" for verdict in walking) <= 2
    assert sum(verdict.kind == "not diffusive" for verdict in caged) >= 95


@pytest.mark.slow
def test_intervals_of_walks_judged_diffusive_cover_the_true_D():
    rng, covered, trials = np.random.default_rng(12), [], 300
    true = 0.02 * 6.25 / 6
    for _ in range(trials):
        found = judge(walks.lattice_walk(rng, frames=1000, ions=24, chance=0.02))
        if found.verdict.diffusive:
            interval = found.diffusivity.interval_68
            covered.append(interval.low <= true <= interval.high)
    assert len(covered) > 0.97 * trials
    assert 0.60 <= np.mean(covered) <= 0.76


def test_a_run_that_is_too_short_says_how_long_it_should_be():
    rng = np.random.default_rng(13)
    short = judge(walks.lattice_walk(rng, frames=300, ions=24, chance=0.003)).verdict
    assert short.kind == "too short"
    assert "ns are needed" in short.reason
    enough = judge(walks.lattice_walk(rng, frames=int(2 * short.needs_ps), ions=24, chance=0.003)).verdict
    assert enough.diffusive


def test_a_framework_that_wanders_makes_a_run_not_diffusive_and_one_that_rattles_does_not():
    rng = np.random.default_rng(14)
    found = judge(walks.walk(rng, frames=400))
    rattling, melting = (
        mean_squared_displacement([walks.motion(positions, species="S")])
        for positions in (walks.cage(rng, frames=400, ions=8), walks.walk(rng, frames=400, ions=8, D=(0.02,) * 3))
    )
    assert with_framework(found, [rattling]).verdict == found.verdict
    melted = with_framework(found, [rattling, melting]).verdict
    assert (melted.kind, melted.upper_bound) == ("not diffusive", None)
    assert melted.reason.startswith("framework melted or reconstructed: S moves")


def test_the_non_gaussian_parameter_is_zero_for_a_walk_and_large_where_few_ions_move():
    rng = np.random.default_rng(15)
    walk = walks.walk(rng, frames=1000)
    assert np.abs(judge(walk).shape.non_gaussian[:8]).max() < 0.15
    few = walk * (np.arange(24) < 6)[:, None]
    # A quarter of the ions carries it: 1/0.25 - 1.
    assert judge(few).shape.non_gaussian[0] == pytest.approx(3.0, abs=0.4)


def test_the_non_gaussian_parameter_of_a_lattice_walk_is_three_fifths_of_one_over_its_hops():
    # ⟨r⁴⟩ = a⁴ (⟨N⟩ + 5/3 ⟨N(N - 1)⟩) for N hops along random axes;
    # ⟨N(N - 1)⟩ = ⟨N⟩² (1 - 1/lag) where there is one trial a frame.
    rng, chance = np.random.default_rng(16), 0.05
    found = judge(walks.lattice_walk(rng, frames=3000, ions=150, chance=chance, rattle=0.0))
    lags = found.shape.lags_ps[:10]
    expected = 3.0 / (5.0 * chance * lags) - 1.0 / lags
    assert found.shape.non_gaussian[:10] == pytest.approx(expected, rel=0.03, abs=0.02)
    unlike = found.verdict.heterogeneity
    assert unlike.lag_ps == found.diffusivity.window_ps[1]
    assert unlike.alpha_2 == pytest.approx((3.0 / (5.0 * chance) - 1.0) / unlike.lag_ps, rel=0.05)
    assert unlike.moving_share > 0.95
    assert f"α₂ = {unlike.alpha_2:.2g} at {unlike.lag_ps:.3g} ps" in found.verdict.reason


def test_a_motion_that_a_third_of_the_ions_carries_is_diffusive_and_said_to_be_theirs():
    rng = np.random.default_rng(17)
    hops = walks.lattice_walk(rng, frames=3000, ions=48, chance=0.05, rattle=0.0)
    few = hops * (np.arange(48) < 16)[:, None] + rng.normal(scale=0.3, size=hops.shape)
    verdict = judge(few).verdict
    assert verdict.diffusive
    assert verdict.heterogeneity.moving_share == pytest.approx(1 / 3, abs=0.05)
    assert re.search(r"as if 3\d% of the ions moved", verdict.reason)


def test_no_share_of_the_ions_is_named_where_they_have_hopped_too_seldom_to_tell():
    rng = np.random.default_rng(18)
    few = judge(walks.lattice_walk(rng, frames=1000, ions=24, chance=0.004)).verdict
    assert few.diffusive
    assert few.heterogeneity.alpha_2 > 1.0
    assert few.heterogeneity.moving_share is None
    assert "of the ions moved" not in few.reason
    cage = judge(walks.cage(rng, frames=400, ions=24)).verdict
    assert cage.heterogeneity.moving_share is None
    assert "α₂" not in cage.reason


def test_a_hop_must_have_a_length():
    with pytest.raises(TrajectoryError, match="hop's length must be positive"):
        judge(np.zeros((100, 4, 3)), hop_length_A=0.0)


def test_quantiles_agree_with_printed_tables():
    assert student_quantile(0.95, 3) == pytest.approx(2.353, abs=0.001)
    assert student_quantile(0.975, np.inf) == pytest.approx(1.960, abs=0.001)
    # Classical upper limits for 0, 1 and 5 events at 95 %.
    assert [poisson_upper(n, probability=0.95) for n in (0, 1, 5)] == pytest.approx([2.996, 4.744, 10.513], abs=0.001)
