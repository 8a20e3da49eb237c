"""The numbers that in.lammps is given: conversions, lengths, limits and seeds."""

from __future__ import annotations

import pytest
from argon_folder import argon, identity
from hypothesis import given
from hypothesis import strategies as st

from sselmp.errors import SettingsError
from sselmp.inputs.script import LARGEST_SEED, needs_tilts, number, run_length, script_values, thermostat_seed, word
from sselmp.settings import Dynamics, Output, Relaxation


def values(**dynamics):
    crystal = argon()
    return script_values(identity(crystal, **dynamics), crystal, elements=crystal.elements)


def test_settings_are_converted_to_metal_units():
    found = values(timestep_fs=0.5, thermostat_time_fs=150.0, barostat_time_fs=2500.0, pressure_bar=1.01325).dynamics
    assert (found.timestep_ps, found.thermostat_time_ps, found.barostat_time_ps) == ("0.0005", "0.15", "2.5")
    assert found.pressure_bar == "1.01325"
    assert float(found.bulk_modulus_bar) == pytest.approx(30.0e4)  # 1 GPa is 10 000 bar


def test_limits_of_the_guard_are_multiples_of_the_target_and_of_the_cell_as_read():
    found = values().guard
    assert float(found.hottest_K) == pytest.approx(8 * 40.0)
    assert float(found.smallest_A3) == pytest.approx((3 * 5.3) ** 3 / 1.5)
    assert float(found.largest_A3) == pytest.approx((3 * 5.3) ** 3 * 1.5)


def test_the_total_counts_equilibration_and_production_in_multiples_of_the_frames_interval():
    output = Output(trajectory_every=7)
    length = run_length(Dynamics(equilibration_ps=0.1, production_ps=1.0), output)
    assert length.equilibration % 7 == length.total % 7 == 0
    assert abs(length.equilibration - 50) <= 3.5
    assert abs(length.total - length.equilibration - 500) <= 3.5


def test_a_production_shorter_than_one_interval_is_refused_with_the_shortest_allowed():
    with pytest.raises(SettingsError, match=r"shorter than one interval(.|\n)*at least 0\.4 ps"):
        run_length(Dynamics(equilibration_ps=0.0, production_ps=0.1), Output(trajectory_every=200))


@given(st.integers(1, LARGEST_SEED))
def test_a_thermostats_seed_is_one_that_lammps_takes_and_not_the_velocities(seed):
    found = thermostat_seed(seed)
    assert 1 <= found <= LARGEST_SEED
    assert found != seed
    assert thermostat_seed(found) == seed  # so no two runs share one


@given(st.floats(1e-8, 1e8))
def test_numbers_are_read_back_to_twelve_digits(value):
    assert float(number(value)) == pytest.approx(value, rel=1e-11)


def test_numbers_have_no_tail_of_a_binary_fraction():
    assert (number(0.1 + 0.2), number(700.0), number(0.0)) == ("0.3", "700", "0")


def test_a_cell_needs_tilts_if_it_has_some_or_may_get_some():
    assert not needs_tilts(argon(), Relaxation(what="anisotropic"))
    assert needs_tilts(argon(), Relaxation(what="triclinic"))
    assert needs_tilts(argon(sheared=True), Relaxation())


def test_a_path_with_a_space_is_one_word_to_lammps():
    assert word("/a/b-c_1.toml") == "/a/b-c_1.toml"
    assert word("/a b/c$x.toml") == '"/a b/c$x.toml"'
