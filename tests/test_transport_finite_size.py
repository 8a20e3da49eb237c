"""The correction for the size of a fluid's cell against published numbers, and its refusal for solids."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sselmp.errors import TrajectoryError
from sselmp.transport.arrhenius import Refusal
from sselmp.transport.finite_size import Corrected, Fluid, yeh_hummer

WATER = Fluid(temperature_K=298.0, viscosity_mPa_s=0.9, length_A=18.6)


def test_water_in_a_small_cube_is_corrected_by_a_seventh():
    # by hand in SI: 2.837297 · 1.380649e-23 · 298 / (6π · 0.9e-3 · 18.6e-10) = 3.70e-10 m²/s = 0.0370 Å²/ps
    found = yeh_hummer(0.23, error=0.01, fluid=WATER, phase="liquid")
    by_hand = 2.837297 * 1.380649e-23 * 298 / (6 * math.pi * 0.9e-3 * 18.6e-10)
    assert found.correction == pytest.approx(by_hand * 1e8, rel=1e-6)
    assert pytest.approx(0.2670, abs=2e-4) == found.D
    assert found.error == 0.01


@given(st.floats(1.0, 10.0), st.floats(0.1, 10.0))
def test_the_correction_falls_with_the_edge_and_with_the_viscosity(longer, thicker):
    base = yeh_hummer(0.2, error=0.0, fluid=WATER, phase="melt")
    other = yeh_hummer(0.2, error=0.0, fluid=Fluid(298.0, 0.9 * thicker, 18.6 * longer), phase="melt")
    assert isinstance(base, Corrected)
    assert other.correction == pytest.approx(base.correction / (longer * thicker))


def test_the_error_of_the_viscosity_is_carried_through():
    found = yeh_hummer(0.2, error=0.01, fluid=Fluid(298.0, 0.9, 18.6, viscosity_error_mPa_s=0.09), phase="liquid")
    assert found.error == pytest.approx(math.hypot(0.01, 0.1 * found.correction))


def test_a_solid_is_refused_with_the_reason():
    refused = yeh_hummer(0.2, error=0.01, fluid=WATER)
    assert isinstance(refused, Refusal)
    assert "framework that keeps its place does not flow" in refused.reason


def test_nonsense_is_refused():
    for fluid in (Fluid(0.0, 0.9, 18.6), Fluid(298.0, 0.0, 18.6), Fluid(298.0, 0.9, -1.0)):
        with pytest.raises(TrajectoryError, match="positive D, temperature, viscosity and edge"):
            yeh_hummer(0.2, error=0.01, fluid=fluid, phase="liquid")
