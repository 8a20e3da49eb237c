"""Bends, jumps and VTF laws found in simulated campaigns, named rightly, and not found where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arrhenius_campaigns import line

from sselmp import units
from sselmp.transport.arrhenius import ArrheniusPoint, Refusal, fit_arrhenius, trusted
from sselmp.transport.curvature import columns, straightness

KELVINS = (400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 1100.0)


def fit(law, *, relative=0.05, kelvins=KELVINS):
    return fit_arrhenius([ArrheniusPoint(k, math.exp(law(k)), relative * math.exp(law(k)), 8) for k in kelvins])


def hinge(kelvin):
    x, bend = 1 / (units.BOLTZMANN_EV_PER_K * kelvin), 1 / (units.BOLTZMANN_EV_PER_K * 650.0)
    return line(kelvin) - 0.3 * max(x - bend, 0.0)


def jump(kelvin):
    return line(kelvin) + (math.log(10.0) if kelvin > 750.0 else 0.0)


def glass(kelvin):
    return 2.0 - 0.12 / (units.BOLTZMANN_EV_PER_K * (kelvin - 200.0))


def test_an_exact_line_is_straight_at_any_number_of_points():
    for count in (3, 4, 5, 6, 7):
        found = fit(line, kelvins=KELVINS[-count:])
        assert found.fault is None
        assert found.straightness.p_value > 0.9
        assert found.widened == 1.0


def test_a_jump_between_two_temperatures_is_called_a_phase_change_or_melting():
    found = fit(jump)
    assert found.straightness.bent
    best = found.straightness.alternatives[0]
    assert best.shape == "step"
    assert best.gap_K == (700.0, 800.0)
    assert "jump of D up by a factor of 10 between 700 and 800 K" in found.fault
    assert "phase change or melting" in found.fault
    assert isinstance(trusted(found, 300.0), Refusal)


def test_two_slopes_are_found_with_the_temperature_where_they_meet():
    found = fit(hinge, relative=0.03)
    best = found.straightness.alternatives[0]
    assert best.shape == "hinge"
    assert best.special_K == pytest.approx(650.0, abs=40)
    assert "0.5" in found.fault
    assert "0.25 eV above" in found.fault


def test_a_vtf_law_is_found_with_its_T0():
    found = fit(glass, relative=0.03)
    assert found.straightness.bent
    vtf = next(one for one in found.straightness.alternatives if one.shape == "vtf")
    assert vtf.special_K == pytest.approx(200.0, abs=20)
    assert vtf.aic_gain >= max(one.aic_gain for one in found.straightness.alternatives) - 3
    there = np.array([450.0, 1000.0])
    assert vtf.ln_D(there) == pytest.approx([glass(k) for k in there], abs=0.05)


def test_three_points_off_a_line_are_bent_by_their_quadratic_term():
    kelvins = (600.0, 800.0, 1100.0)
    found = fit(lambda k: line(k) + (0.6 if k == 800.0 else 0.0), kelvins=kelvins)
    assert [one.shape for one in found.straightness.alternatives] == ["curved"]
    assert found.straightness.bent
    assert "activation energy goes from" in found.fault


def test_the_alternatives_allowed_grow_with_the_number_of_points():
    shapes = {n: {one.shape for one in fit(line, kelvins=KELVINS[:n]).straightness.alternatives} for n in (3, 4, 5, 6)}
    assert shapes[3] == {"curved"}
    assert shapes[4] == {"curved", "vtf"}
    assert shapes[5] == {"curved", "vtf", "hinge", "step"}
    assert shapes[6] == {"curved", "vtf", "hinge", "step", "two lines"}


def test_a_straight_law_is_called_bent_in_at_most_5_percent():
    rng, kelvins = np.random.default_rng(3), np.array(KELVINS[1:6])
    alarms = 0
    for _ in range(120):
        squared = rng.chisquare(5, size=5) / 5
        errors = 0.1 * np.sqrt(squared)
        ln_D = np.array([line(k) for k in kelvins]) + 0.1 * rng.normal(size=5)
        alarms += straightness(kelvins, ln_D, ln_errors=errors, freedom=np.full(5, 5.0)).bent
    assert alarms / 120 <= 0.05 + 0.035


def test_a_bend_as_large_as_said_to_be_detectable_is_found_in_about_80_percent():
    rng, kelvins = np.random.default_rng(4), np.array(KELVINS[1:6])
    errors, infinite = np.full(5, 0.1), np.full(5, np.inf)
    straight = np.array([line(k) for k in kelvins])
    x = 1 / kelvins
    unit = (x - x.mean()) / (x.max() - x.min())
    best = np.polynomial.Polynomial.fit(unit, unit**2, 1)
    far = unit.max() + 1
    effect = straightness(kelvins, straight, ln_errors=errors, freedom=infinite).detectable
    bend = effect / abs(far**2 - best(far)) * unit**2
    found = [
        straightness(kelvins, straight + bend + 0.1 * rng.normal(size=5), ln_errors=errors, freedom=infinite).bent
        for _ in range(80)
    ]
    assert 0.55 <= np.mean(found) <= 0.9  # the test pays for looking at other shapes too


def test_the_columns_of_a_law_with_a_jump_differ_on_its_two_sides_only():
    both = columns("two lines", np.array([500.0, 900.0]), special_K=700.0)
    assert both[1, 2:].tolist() == [0.0, 0.0]
    assert both[0, 2] == 1.0
    assert math.isnan(columns("vtf", np.array([150.0]), special_K=200.0)[0, 1])
