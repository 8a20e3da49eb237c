"""Differences between runs: known divergences, false alarms, what is found and what only looks like a difference."""

from __future__ import annotations

import argyrodite
import hopping
import numpy as np
import periodic
import pytest

from sselmp.errors import TrajectoryError
from sselmp.structures.systems import load_system
from sselmp.trajectory.record import Trajectory
from sselmp.transport.differences import compare, divergence, overlap
from sselmp.transport.run_comparison import compare_runs, pair_up
from sselmp.transport.site_sources import sites_of_crystal

CUBE = np.diag([10.0, 10.0, 10.0])


def test_divergence_and_overlap_of_equal_and_of_separate_distributions():
    p, q = np.array([1.0, 3.0, 0.0]), np.array([0.0, 0.0, 5.0])
    assert divergence(p, 7 * p) == pytest.approx(0.0, abs=1e-15)
    assert overlap(p, 7 * p) == pytest.approx(1.0)
    assert (divergence(p, q), overlap(p, q)) == (pytest.approx(1.0), pytest.approx(0.0))
    coin = 0.5 * (0.75 * np.log2(0.75 / 0.5) + 0.25 * np.log2(0.25 / 0.5)) * 2  # a coin of 3:1 against one of 1:3
    assert divergence(np.array([3.0, 1.0]), np.array([1.0, 3.0])) == pytest.approx(coin)


def blocks(rng, weights, *, count=12, draws=200, memory=0.0):
    """Histograms of blocks; with memory, a preference for some bins lasts over neighbouring blocks."""
    preference, found = np.zeros(len(weights)), []
    for _ in range(count):
        preference = memory * preference + 0.35 * (memory > 0) * rng.normal(size=len(weights))
        chances = weights * np.exp(preference)
        found.append(rng.multinomial(draws, chances / chances.sum()))
    return np.array(found, dtype=float)


UNIFORM = np.full(20, 0.05)
TILTED = np.linspace(0.55, 1.45, 20) / 20


@pytest.mark.parametrize("memory", [0.0, 0.6], ids=["independent blocks", "blocks with memory"])
def test_runs_that_do_not_differ_are_called_different_in_five_percent_at_most(memory):
    rng = np.random.default_rng(1)
    alarms = [
        compare(blocks(rng, UNIFORM, memory=memory), blocks(rng, UNIFORM, memory=memory), measure="divergence").differs
        for _ in range(100)
    ]
    assert np.mean(alarms) <= 0.05


def test_blocks_with_memory_are_noticed_where_exchanging_them_would_be_fooled():
    rng = np.random.default_rng(2)
    found = [
        compare(blocks(rng, UNIFORM, memory=0.6), blocks(rng, UNIFORM, memory=0.6), measure="divergence")
        for _ in range(40)
    ]
    assert np.mean([one.chance < 0.05 for one in found]) > 0.3
    assert np.mean([one.remembers for one in found]) > 0.5
    long = compare(
        blocks(rng, UNIFORM, count=80, memory=0.6), blocks(rng, UNIFORM, count=80, memory=0.6), measure="overlap"
    )
    assert max(long.blocks) < 80  # twice as long until they forget


def test_a_difference_is_found_and_its_size_is_the_true_one_without_the_noise():
    rng = np.random.default_rng(3)
    found = [compare(blocks(rng, UNIFORM), blocks(rng, TILTED), measure="divergence") for _ in range(40)]
    truth = float(divergence(UNIFORM, TILTED))
    assert np.mean([one.differs for one in found]) > 0.95
    assert np.mean([one.value for one in found]) > 1.1 * truth  # as measured, it holds the noise too
    assert np.mean([one.excess for one in found]) == pytest.approx(truth, rel=0.1)
    assert np.mean([one.interval_95.low < truth < one.interval_95.high for one in found]) > 0.85


def test_a_shift_of_a_mean_is_found_with_its_sign_and_an_interval_that_holds_it():
    rng = np.random.default_rng(4)
    inside, told = [], []
    for _ in range(100):
        one = compare(rng.normal(0.5, 0.1, (10, 1)), rng.normal(0.7, 0.1, (10, 1)), measure="shift")
        inside.append(one.interval_95.low < 0.2 < one.interval_95.high)
        told.append(one.differs and one.value > 0)
    assert 0.9 <= np.mean(inside) <= 0.99
    assert np.mean(told) > 0.8


def test_too_few_blocks_and_histograms_that_do_not_belong_together_are_refused():
    few = np.ones((4, 3))
    with pytest.raises(TrajectoryError, match="too few blocks"):
        compare(few, np.ones((9, 3)), measure="divergence")
    with pytest.raises(TrajectoryError, match="differ in bins"):
        compare(np.ones((9, 3)), np.ones((9, 4)), measure="divergence")
    with pytest.raises(TrajectoryError, match="is empty"):
        compare(np.ones((9, 3)), np.zeros((9, 3)), measure="overlap")


def named(found):
    return {(one.what.split(" at ")[0], one.difference.measure): one.difference for one in found}


def walk(seed, *, rattle_A=0.25, frames=400, shift=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    sites = hopping.grid_sites(CUBE, label="s")
    there, _ = hopping.poisson_walk(rng, sites, frames=frames, ions=8, chance=0.1, rattle_A=rattle_A)
    path = np.broadcast_to(np.array(shift), (frames, 3))
    return hopping.trajectory(there, cell=CUBE, drift=path), sites


def test_two_simulated_runs_alike_do_not_differ_wherever_their_cell_begins():
    first, sites = walk(5)
    second, _ = walk(6, shift=(0.31, 0.77, 0.12))
    one, two = pair_up(first, second, mobile="Li")
    found = compare_runs(one, two, sites=sites)
    assert {what for what, _ in named(found)} >= {"density", "van Hove, self part", "occupancies of the sites"}
    assert [item.what for item in found if item.difference.differs] == []


def test_a_run_in_a_larger_supercell_is_folded_onto_the_smaller_one():
    first, sites = walk(10)
    rng = np.random.default_rng(11)
    twice, _ = hopping.poisson_walk(rng, sites, frames=400, ions=16, chance=0.3)
    twice[:, 8:, 0] += 1
    two_cells = np.array([2, 1, 1])
    framework = np.concatenate([hopping.FRAMEWORK, hopping.FRAMEWORK + np.array([1, 0, 0])])
    still = np.broadcast_to(framework, (400, 6, 3))
    scaled = np.concatenate([twice, still], axis=1) / two_cells
    species = ("Li",) * 16 + ("S",) * 6
    second = periodic.record(scaled, species=species, cell=CUBE * two_cells[:, None], spacing_ps=0.5)
    one, two = pair_up(first, second, mobile="Li")
    assert two.repeats == (2, 1, 1)
    found = named(compare_runs(one, two, sites=sites))
    assert not found["density", "divergence"].differs
    assert not found["occupancies of the sites", "divergence"].differs


def test_ions_that_rattle_more_differ_in_density_and_van_hove_and_not_in_occupancies():
    first, sites = walk(7)
    second, _ = walk(8, rattle_A=0.5)
    found = named(compare_runs(*pair_up(first, second, mobile="Li"), sites=sites))
    assert found["density", "divergence"].differs
    assert found["van Hove, self part", "divergence"].differs
    assert not found["occupancies of the sites", "divergence"].differs


def test_too_few_frames_to_compare_are_refused():
    first, _ = walk(9, frames=30)
    with pytest.raises(TrajectoryError, match="too few frames to compare"):
        compare_runs(*pair_up(first, first, mobile="Li"))


def test_the_two_halves_of_a_real_run_do_not_differ(test_data):
    whole = argyrodite.trajectory(test_data)
    halves = [
        Trajectory(
            steps=whole.steps[part],
            times_ps=whole.times_ps[part],
            positions=whole.positions[part],
            cells=whole.cells[part],
            species=whole.species,
        )
        for part in (slice(0, 70), slice(70, 140))
    ]
    one, two = pair_up(halves[0], halves[1], mobile="Li", repeats=(2, 2, 2))
    sites = sites_of_crystal(load_system("Li6PS5Cl").crystal, one.around, mobile="Li")
    assert [item.what for item in compare_runs(one, two, sites=sites) if item.difference.differs] == []


def frozen(seed):
    """The framework of Li6PS5Cl, each atom a third of an ångström off its site, and Li that rattles on its own."""
    rng, crystal = np.random.default_rng(seed), load_system("Li6PS5Cl").crystal
    is_lithium = np.array(crystal.species) == "Li"
    off = np.where(is_lithium[:, None], 0.0, rng.normal(scale=0.2, size=(len(is_lithium), 3)))
    shake = rng.normal(scale=0.1, size=(50, len(is_lithium), 3))
    scaled = crystal.fractional() + (off + shake) @ np.linalg.inv(crystal.cell)
    return periodic.record(scaled, species=crystal.species, cell=crystal.cell)


def test_runs_are_not_turned_by_a_symmetry_of_the_crystal_that_fits_a_little_better():
    for seed in range(6):
        one, two = pair_up(frozen(2 * seed), frozen(2 * seed + 1), mobile="Li")
        apart = two.around.fractional - one.around.fractional
        assert np.linalg.norm((apart - np.round(apart)) @ one.around.cell, axis=1).max() < 3.0
