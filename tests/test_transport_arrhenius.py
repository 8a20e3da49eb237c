"""The Arrhenius fit against its own theory and against simulated campaigns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.arrhenius import ArrheniusFit, ArrheniusPoint, Refusal, extrapolate, fit_arrhenius

EA, D0 = 0.25, 60.0
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
    assert loud.Ea_error_eV == pytest.approx(quiet.Ea_error_eV * math.sqrt(loud.reduced_chi2), rel=1e-9)


def test_one_and_two_temperatures_are_refused_with_the_reason():
    for count in (0, 1, 2):
        refused = fit_arrhenius(points(KELVINS[:count]))
        assert isinstance(refused, Refusal)
        assert "needs 3 diffusive temperatures" in refused.reason
        assert (f"there are {count} (600 K" if count else "there is none") in refused.reason
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
    assert few.Ea_error_eV == pytest.approx(many.Ea_error_eV)
    assert few.Ea_interval_95.high - EA > 1.05 * (many.Ea_interval_95.high - EA)
    assert there.ln_error < 1e-3  # the two exact points decide where the line is


@pytest.mark.slow
def test_intervals_cover_the_truth_over_simulated_campaigns():
    rng, trials, blocks = np.random.default_rng(1), 1500, 8
    hits = {"Ea": 0, "D300": 0}
    for _ in range(trials):
        measured = []
        for kelvin in (600.0, 750.0, 900.0, 1100.0):
            parts = true_D(kelvin) * (1 + 0.1 * np.sqrt(blocks) * rng.normal(size=blocks))
            error = parts.std(ddof=1) / np.sqrt(blocks)
            measured.append(ArrheniusPoint(kelvin, parts.mean(), error, blocks - 1))  # fmt: skip
        fit = fit_arrhenius(measured)
        hits["Ea"] += fit.Ea_interval_68.low <= EA <= fit.Ea_interval_68.high
        interval = extrapolate(fit, 300.0).interval_68
        hits["D300"] += interval.low <= true_D(300.0) <= interval.high
    assert 0.62 <= hits["Ea"] / trials <= 0.80
    assert 0.62 <= hits["D300"] / trials <= 0.80


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
    with pytest.raises(TrajectoryError, match="twice"):
        fit_arrhenius([*good, good[0]])
    with pytest.raises(TrajectoryError, match="temperature must be positive"):
        extrapolate(fit_arrhenius(good), 0.0)
