"""Nernst–Einstein against numbers worked out by hand."""

from __future__ import annotations

import pytest

from sselmp.errors import TrajectoryError
from sselmp.transport.conductivity import Carriers, conductivity, nernst_einstein
from sselmp.transport.intervals import Interval

LITHIUM = Carriers(species="Li", charge=1.0, number_density=1 / 40)


def test_the_check_value_of_the_theory_page():
    # n = 2.5e28 m⁻³, e = 1.602177e-19 C, D = 1e-10 m²/s, k_B T = 1.380649e-23 · 300 J:
    # 2.5e28 · (1.602177e-19)² · 1e-10 / 4.141947e-21 = 15.4937 S/m
    assert nernst_einstein(0.01, carriers=LITHIUM, temperature_K=300.0) == pytest.approx(15.4937, abs=1e-4)


def test_the_same_in_plain_si_units():
    e, k = 1.602176634e-19, 1.380649e-23
    expected = (24 / 1089.5e-30) * (2 * e) ** 2 * 3.3e-9 / (k * 873.0)
    magnesium = Carriers(species="Mg", charge=2.0, number_density=24 / 1089.5)
    assert nernst_einstein(0.33, carriers=magnesium, temperature_K=873.0) == pytest.approx(expected, rel=1e-8)


def test_a_larger_cell_with_the_same_ions_conducts_less():
    # The volume is in the denominator.
    dilute = Carriers(species="Li", charge=1.0, number_density=1 / 80)
    assert nernst_einstein(1.0, carriers=dilute, temperature_K=300.0) == pytest.approx(
        nernst_einstein(1.0, carriers=LITHIUM, temperature_K=300.0) / 2
    )


def test_a_negative_charge_conducts_as_much_as_a_positive_one():
    chloride = Carriers(species="Cl", charge=-1.0, number_density=1 / 40)
    assert nernst_einstein(0.01, carriers=chloride, temperature_K=300.0) > 0


def test_intervals_are_carried_through():
    found = conductivity(
        0.01,
        interval_68=Interval(0.009, 0.011, 0.6827),
        interval_95=Interval(0.008, 0.012, 0.95),
        carriers=LITHIUM,
        temperature_K=300.0,
    )
    assert found.interval_95.high == pytest.approx(1.2 * 15.4937, abs=1e-3)
    assert found.interval_68.low == pytest.approx(0.9 * 15.4937, abs=1e-3)


def test_no_charge_no_density_and_no_temperature_are_refused():
    with pytest.raises(TrajectoryError, match="carries no charge"):
        Carriers(species="S", charge=0.0, number_density=1.0)
    with pytest.raises(TrajectoryError, match="density must be positive"):
        Carriers(species="Li", charge=1.0, number_density=0.0)
    with pytest.raises(TrajectoryError, match="temperature must be positive"):
        nernst_einstein(1.0, carriers=LITHIUM, temperature_K=0.0)
