"""Campaigns of walks whose law is known, from trajectories to the conductivity at 300 K."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import walks

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.analysis import Extrapolated, analyse_transport
from sselmp.transport.arrhenius import ArrheniusFit, Refusal
from sselmp.transport.conductivity import Carriers, nernst_einstein
from sselmp.transport.study import Sample

EA = 0.20
VOLUME = float(np.linalg.det(walks.CELL))


def true_D(kelvin):
    return 10.0 * math.exp(-EA / (units.BOLTZMANN_EV_PER_K * kelvin))


def sample(kelvin, *, seed=1, frames=400, D=None, motion=None):
    rng = np.random.default_rng([int(kelvin), seed])
    mobile = walks.walk(rng, frames=frames, D=[true_D(kelvin) if D is None else D] * 3) if motion is None else motion
    return Sample(name=f"{kelvin}-{seed}", temperature_K=kelvin, trajectory=walks.trajectory(mobile))


def analyse(samples, **keywords):
    keywords = {"mobile_species": "Li", "charges": {"Li": 1.0}, "extrapolate_to_K": 300.0} | keywords
    return analyse_transport(samples, **keywords)


def caged(seed):
    return walks.cage(np.random.default_rng(seed), frames=400, ions=24)


def test_three_diffusive_temperatures_give_the_law_and_the_conductivity_at_300_K():
    result = analyse([sample(kelvin) for kelvin in (700.0, 900.0, 1100.0)])
    assert isinstance(result.arrhenius, ArrheniusFit)
    assert result.arrhenius.Ea_eV == pytest.approx(EA, abs=4 * result.arrhenius.Ea_error_eV)
    assert isinstance(result.extrapolated, Extrapolated)
    assert (
        result.extrapolated.extrapolation.interval_95.low
        < true_D(300)
        < result.extrapolated.extrapolation.interval_95.high
    )
    carriers = Carriers(species="Li", charge=1.0, number_density=24 / VOLUME)
    D = result.extrapolated.extrapolation.D
    expected = nernst_einstein(D, carriers=carriers, temperature_K=300.0)
    assert result.extrapolated.conductivity.sigma_S_per_m == pytest.approx(expected)
    assert result.extrapolated.density_from_K == 700.0


def test_a_temperature_that_is_not_diffusive_is_left_out_of_the_law_and_keeps_its_bound():
    samples = [sample(kelvin) for kelvin in (700.0, 900.0, 1100.0)]
    with_cage = analyse([sample(500.0, motion=caged(1)), *samples])
    assert [at.assessment.verdict.diffusive for at in with_cage.temperatures] == [False, True, True, True]
    assert with_cage.temperatures[0].conductivity is None
    assert with_cage.temperatures[0].assessment.verdict.upper_bound > 0
    assert with_cage.arrhenius.Ea_eV == analyse(samples).arrhenius.Ea_eV


def test_two_diffusive_temperatures_are_refused_in_words():
    result = analyse([sample(700.0, motion=caged(2)), sample(900.0), sample(1100.0)])
    assert isinstance(result.arrhenius, Refusal)
    assert isinstance(result.extrapolated, Refusal)
    assert "(900 K, 1100 K)" in result.extrapolated.reason


def test_two_seeds_at_each_of_two_temperatures_are_still_two_temperatures():
    result = analyse([sample(kelvin, seed=seed) for kelvin in (900.0, 1100.0) for seed in (1, 2)])
    assert len(result.temperatures) == 2
    assert isinstance(result.arrhenius, Refusal)


def test_seeds_are_averaged_and_sharpen_the_error():
    one = analyse([sample(900.0)]).temperatures[0].assessment.diffusivity
    many = analyse([sample(900.0, seed=seed) for seed in range(1, 10)]).temperatures[0]
    assert len(many.names) == 9
    assert many.assessment.diffusivity.error < 0.6 * one.error
    assert pytest.approx(true_D(900), abs=4 * many.assessment.diffusivity.error) == many.assessment.diffusivity.D


def test_a_seed_in_which_nothing_moved_counts_as_much_as_one_in_which_something_did():
    moving, still = sample(900.0, D=0.2), sample(900.0, seed=2, motion=caged(3))
    alone = analyse([moving]).temperatures[0].assessment
    together = analyse([moving, still]).temperatures[0].assessment
    assert pytest.approx(alone.diffusivity.D / 2, rel=0.2) == together.diffusivity.D


def test_a_law_above_the_bound_of_a_colder_run_is_cautioned_against():
    # At 600 K the law says 0.2 Å²/ps; the run there rattles, with a bound far below.
    samples = [sample(kelvin) for kelvin in (700.0, 900.0, 1100.0)]
    result = analyse([sample(600.0, motion=caged(4)), *samples])
    assert any("upper bound at 600 K" in caution for caution in result.cautions)
    assert analyse(samples).cautions == ()


def test_the_other_species_are_reported_as_the_framework():
    result = analyse([sample(900.0)])
    assert [msd.species for msd in result.samples[0].framework] == ["S"]
    assert result.samples[0].framework[0].total.max() < 1e-9
    assert result.samples[0].volume_A3 == pytest.approx(VOLUME)


def test_what_cannot_be_analysed_is_refused():
    with pytest.raises(TrajectoryError, match="no trajectory to analyse"):
        analyse([])
    with pytest.raises(TrajectoryError, match="no atom of the species 'Na'"):
        analyse([sample(900.0)], mobile_species="Na", charges={"Na": 1.0})
    with pytest.raises(TrajectoryError, match="carries no charge"):
        analyse([sample(900.0)], charges={"Li": 0.0})
    with pytest.raises(TrajectoryError, match="the same name"):
        analyse([sample(900.0), sample(900.0)])
    with pytest.raises(TrajectoryError, match="temperature must be positive"):
        analyse([sample(kelvin) for kelvin in (700.0, 900.0, 1100.0)], extrapolate_to_K=0.0)


def test_a_temperature_at_which_the_framework_melts_is_left_out_of_the_law():
    samples = [sample(kelvin) for kelvin in (600.0, 700.0, 800.0, 900.0)]
    hot = sample(1100.0)
    positions = hot.trajectory.positions.copy()
    framework = np.array(hot.trajectory.species) != "Li"
    steps = np.random.default_rng(9).normal(scale=0.4, size=(len(positions), int(framework.sum()), 3))
    positions[:, framework] += steps.cumsum(axis=0)
    melted = replace(hot, trajectory=replace(hot.trajectory, positions=positions))
    result = analyse([*samples, melted])
    verdict = result.temperatures[-1].assessment.verdict
    assert verdict.melted
    assert "framework melted" in verdict.reason
    assert isinstance(result.arrhenius, ArrheniusFit)
    assert result.arrhenius.melted_K == (1100.0,)
    assert [point.temperature_K for point in result.arrhenius.points] == [600.0, 700.0, 800.0, 900.0]
