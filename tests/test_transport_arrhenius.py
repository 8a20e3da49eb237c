"""The Arrhenius fit against its own theory and against simulated campaigns."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from arrhenius_campaigns import D0, EA, Campaign, line, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.arrhenius import (
    ArrheniusBound,
    ArrheniusFit,
    ArrheniusPoint,
    Extrapolation,
    Refusal,
    extrapolate,
    fit_arrhenius,
    reach,
    trusted,
)

KELVINS = (600.0, 700.0, 800.0, 900.0, 1100.0)


def true_D(kelvin):
    return D0 * math.exp(-EA / (units.BOLTZMANN_EV_PER_K * kelvin))


def points(kelvins=KELVINS, *, relative=0.1, noise=None, freedom=math.inf):
    factors = np.ones(len(kelvins)) if noise is None else noise
    return [
        ArrheniusPoint(temperature_K=k, D=true_D(k) * f, error=relative * true_D(k) * f, degrees_of_freedom=freedom)
        for k, f in zip(kelvins, factors, strict=True)
    ]


def test_an_exact_line_gives_its_own_energy_and_prefactor():
    fit = fit_arrhenius(points())
    assert fit.Ea_eV == pytest.approx(EA, abs=1e-10)
    assert math.exp(fit.ln_D0) == pytest.approx(D0)
    assert fit.reduced_chi2 == pytest.approx(0.0, abs=1e-12)


def test_an_exact_line_with_10_percent_errors_has_the_error_of_theory_not_zero():
    fit = fit_arrhenius(points(relative=0.1))
    x = 1.0 / (units.BOLTZMANN_EV_PER_K * np.array(KELVINS))
    expected = 0.1 / math.sqrt(((x - x.mean()) ** 2).sum())
    assert fit.Ea_error_eV == pytest.approx(expected, rel=1e-9)
    assert fit.ln_D0_error == pytest.approx(0.1 * math.sqrt(1 / 5 + x.mean() ** 2 / ((x - x.mean()) ** 2).sum()))
    assert fit.Ea_interval_95.high - fit.Ea_eV == pytest.approx(1.95996 * expected, rel=1e-5)


def test_the_weights_are_the_errors():
    chosen = points()
    far = ArrheniusPoint(temperature_K=500.0, D=50 * true_D(500), error=1e4 * true_D(500))
    assert fit_arrhenius([*chosen, far]).Ea_eV == pytest.approx(EA, abs=1e-4)


def test_points_that_scatter_more_than_their_errors_enlarge_the_error():
    noise = np.exp([0.2, -0.2, 0.2, -0.2, 0.2])
    quiet, loud = fit_arrhenius(points(relative=0.05)), fit_arrhenius(points(relative=0.05, noise=noise))
    assert loud.reduced_chi2 > 4
    assert loud.widened > 2
    assert loud.Ea_error_eV == pytest.approx(quiet.Ea_error_eV * loud.widened, rel=1e-6)


def test_one_and_two_temperatures_are_refused_with_the_reason():
    for count in (0, 1, 2):
        refused = fit_arrhenius(points(KELVINS[:count]))
        assert isinstance(refused, Refusal)
        assert "needs 3 diffusive temperatures" in refused.reason
        assert ("there is none", "there is 1 (600 K)", "there are 2 (600 K, ")[count] in refused.reason
    assert isinstance(fit_arrhenius(points(KELVINS[:3])), ArrheniusFit)


def test_the_extrapolation_is_the_law_and_its_error_follows_from_the_covariance():
    fit = fit_arrhenius(points(relative=0.1))
    there = extrapolate(fit, 300.0)
    assert pytest.approx(true_D(300.0)) == there.D
    x = 1.0 / (units.BOLTZMANN_EV_PER_K * np.array(KELVINS))
    away = 1.0 / (units.BOLTZMANN_EV_PER_K * 300.0) - x.mean()
    expected = 0.1 * math.sqrt(1 / 5 + away**2 / ((x - x.mean()) ** 2).sum())
    assert there.ln_error == pytest.approx(expected, rel=1e-9)
    assert math.log(there.interval_95.high / there.D) == pytest.approx(1.95996 * expected, rel=1e-5)
    assert there.interval_68.low * there.interval_68.high == pytest.approx(there.D**2)


def test_few_degrees_of_freedom_widen_the_interval_as_student_says():
    # One point dominates the error of D far beyond it, so the combined degrees of freedom tend to that point's two.
    narrow = points(KELVINS[:3], relative=1e-6)
    loud = ArrheniusPoint(temperature_K=600.0, D=true_D(600), error=0.1 * true_D(600), degrees_of_freedom=2)
    there = extrapolate(fit_arrhenius([loud, *narrow[1:]]), 300.0)
    few = fit_arrhenius(points(freedom=2))
    many = fit_arrhenius(points())
    assert few.Ea_error_eV > many.Ea_error_eV
    assert few.Ea_interval_95.high - EA > 1.05 * (many.Ea_interval_95.high - EA)
    assert there.ln_error < 1e-3  # the two exact points decide where the line is


SIX = (400.0, 500.0, 600.0, 700.0, 900.0, 1100.0)


@pytest.mark.parametrize(
    "campaign",
    [
        Campaign((600.0, 750.0, 900.0, 1100.0), error=0.1, freedom=4, kind="blocks"),
        Campaign(SIX, error=0.2, freedom=3, kind="modelled"),
        Campaign(SIX, error=0.1, freedom=9, kind="hops"),
    ],
    ids=["blocks", "modelled", "with bounds"],
)
def test_intervals_cover_the_truth_over_simulated_campaigns(campaign):
    # 80 campaigns know a share of 68 % to 5.2 %; benchmarks/coverage_arrhenius.py has the full study.
    rng, trials = np.random.default_rng(1), 80
    hits, alarms, limits, truth = np.zeros(4), 0, 0, math.exp(line(300.0))
    for _ in range(trials):
        measured, bounds = simulate(campaign, rng)
        fit = fit_arrhenius(measured, bounds)
        there = extrapolate(fit, 300.0)
        pairs = [(fit.Ea_interval_68, EA), (fit.Ea_interval_95, EA)]
        pairs += [(there.interval_68, truth), (there.interval_95, truth)]
        hits += [interval.low <= value <= interval.high for interval, value in pairs]
        alarms += fit.fault is not None
        limits += len(bounds)
    assert (limits > trials) == (campaign.kind == "hops")
    for share in (hits / trials)[::2]:
        assert 0.52 <= share <= 0.84  # three standard errors of 80 campaigns
    for share in (hits / trials)[1::2]:
        assert 0.87 <= share <= 1.0
    assert alarms / trials <= 0.10


def test_where_two_points_are_exact_the_third_cannot_move_the_line():
    fit = fit_arrhenius([*points(KELVINS[:2], relative=1e-6), *points(KELVINS[2:3], relative=0.5, noise=[3.0])])
    assert fit.Ea_eV == pytest.approx(EA, abs=1e-5)


@given(st.permutations(range(6)), st.integers(0, 50))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_points_does_not_matter(order, seed):
    measured, bounds = simulate(Campaign(SIX, error=0.15, freedom=5, kind="hops"), np.random.default_rng(seed))
    everything = [*measured, *bounds]
    mixed = [everything[i] for i in order]
    first = fit_arrhenius(measured, bounds)
    second = fit_arrhenius(
        [one for one in mixed if isinstance(one, ArrheniusPoint)],
        [one for one in mixed if isinstance(one, ArrheniusBound)],
    )
    if isinstance(first, Refusal):
        assert first == second
        return
    assert (first.Ea_eV, first.Ea_interval_95) == (second.Ea_eV, second.Ea_interval_95)
    assert trusted(first, 300.0) == trusted(second, 300.0)


@given(st.floats(1e-4, 1e4), st.integers(0, 50))
@settings(max_examples=8, deadline=None)
def test_another_unit_of_D_changes_the_prefactor_and_nothing_else(factor, seed):
    measured, bounds = simulate(Campaign(SIX, error=0.1, freedom=5, kind="hops"), np.random.default_rng(seed))
    first = fit_arrhenius(measured, bounds)
    second = fit_arrhenius(
        [ArrheniusPoint(p.temperature_K, factor * p.D, factor * p.error, p.degrees_of_freedom) for p in measured],
        [ArrheniusBound(b.temperature_K, factor * b.upper_bound, b.probability) for b in bounds],
    )
    assert second.Ea_eV == pytest.approx(first.Ea_eV, rel=1e-6)
    assert second.Ea_interval_95.low == pytest.approx(first.Ea_interval_95.low, rel=1e-5)
    assert second.ln_D0 == pytest.approx(first.ln_D0 + math.log(factor), rel=1e-5, abs=1e-5)
    assert second.straightness.p_value == first.straightness.p_value


@given(st.floats(0.3, 3.0), st.integers(0, 50))
@settings(max_examples=8, deadline=None)
def test_temperatures_times_a_factor_multiply_the_activation_energy(factor, seed):
    measured, _ = simulate(Campaign(SIX, error=0.1, freedom=5, kind="modelled"), np.random.default_rng(seed))
    first = fit_arrhenius(measured)
    second = fit_arrhenius(
        [ArrheniusPoint(factor * p.temperature_K, p.D, p.error, p.degrees_of_freedom) for p in measured]
    )
    assert second.Ea_eV == pytest.approx(factor * first.Ea_eV, rel=1e-6)
    assert second.Ea_interval_68.high == pytest.approx(factor * first.Ea_interval_68.high, rel=1e-5)
    assert second.straightness.p_value == pytest.approx(first.straightness.p_value, abs=1e-3)


def test_a_bound_below_the_range_of_the_points_lowers_the_law_and_one_far_above_does_not():
    measured = points((600.0, 750.0, 900.0), relative=0.2)
    plain = fit_arrhenius(measured)
    high = fit_arrhenius(measured, [ArrheniusBound(400.0, 1e4 * true_D(400), 0.95)])
    low = fit_arrhenius(measured, [ArrheniusBound(400.0, 0.8 * true_D(400), 0.95)])
    assert high.Ea_eV == pytest.approx(plain.Ea_eV, rel=1e-4)
    assert low.Ea_eV > plain.Ea_eV
    assert extrapolate(low, 400.0).D < extrapolate(plain, 400.0).D
    assert low.bounds[0].temperature_K == 400.0


def test_a_bound_far_below_the_law_contradicts_it_and_is_not_fitted():
    fit = fit_arrhenius(points(), [ArrheniusBound(400.0, 0.05 * true_D(400), 0.95)])
    assert [bound.temperature_K for bound in fit.broken_bounds] == [400.0]
    assert fit.Ea_eV == pytest.approx(EA, abs=1e-9)
    refused = trusted(fit, 300.0)
    assert isinstance(refused, Refusal)
    assert "above the upper bound at 400 K" in refused.reason


def test_bounds_alone_and_two_points_with_a_bound_are_refused():
    bounds = [ArrheniusBound(kelvin, 1.0, 0.95) for kelvin in KELVINS]
    assert "there is none" in fit_arrhenius([], bounds).reason
    assert "there are 2" in fit_arrhenius(points(KELVINS[:2]), bounds[2:]).reason


def test_a_melt_is_left_out_and_nothing_is_extrapolated_through_it():
    measured = points(KELVINS)
    solid = fit_arrhenius(measured, melted_K=[1100.0])
    assert [point.temperature_K for point in solid.points] == [600, 700, 800, 900]
    assert isinstance(trusted(solid, 300.0), Extrapolation)
    for kelvin in (1100.0, 1200.0):
        assert "melted or changed at 1100 K" in trusted(solid, kelvin).reason
    cold = fit_arrhenius(measured, [ArrheniusBound(450.0, 1.0, 0.95)], melted_K=[450.0])
    assert "melted or changed at 450 K" in trusted(cold, 300.0).reason
    assert isinstance(trusted(cold, 500.0), Extrapolation)
    assert "left out" in fit_arrhenius(measured[:4], melted_K=[800.0, 900.0]).reason


def test_an_extrapolation_over_orders_of_magnitude_is_refused_and_an_interpolation_is_not():
    fit = fit_arrhenius(points((900.0, 1000.0, 1100.0), relative=0.25))
    refused = trusted(fit, 300.0)
    assert isinstance(refused, Refusal)
    assert re.search(r"would span \d\.\d orders of magnitude", refused.reason)
    assert isinstance(trusted(fit, 950.0), Extrapolation)
    assert reach(fit, 300.0) == pytest.approx((1 / 300 - 1 / 900) / (1 / 900 - 1 / 1100))
    assert reach(fit, 1000.0) == 0


def test_nonsense_is_refused():
    good = points()
    for bad in (
        ArrheniusPoint(0.0, 1.0, 0.1),
        ArrheniusPoint(500.0, -1.0, 0.1),
        ArrheniusPoint(500.0, 1.0, 0.0),
        ArrheniusPoint(500.0, math.nan, 0.1),
    ):
        with pytest.raises(TrajectoryError, match="positive temperatures"):
            fit_arrhenius([*good, bad])
    for bound in (ArrheniusBound(500.0, -1.0, 0.95), ArrheniusBound(500.0, 1.0, 1.0), ArrheniusBound(0.0, 1.0, 0.95)):
        with pytest.raises(TrajectoryError, match="upper bound needs"):
            fit_arrhenius(good, [bound])
    with pytest.raises(TrajectoryError, match="twice"):
        fit_arrhenius([*good, good[0]])
    with pytest.raises(TrajectoryError, match="temperature must be positive"):
        extrapolate(fit_arrhenius(good), 0.0)
