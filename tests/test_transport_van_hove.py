"""Van Hove functions against closed forms, a naive double loop, and pymatgen-analysis-diffusion."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import periodic
import pytest
from scipy.stats import maxwell

from sselmp.errors import SettingsError, TrajectoryError
from sselmp.trajectory.paths import Paths
from sselmp.transport import msd
from sselmp.transport.density import density
from sselmp.transport.grid import grid_of
from sselmp.transport.pairs import Radii, radii_within
from sselmp.transport.unit_cell import mean_framework
from sselmp.transport.van_hove import Sampling, sample_lags, van_hove

STILL = np.zeros((1, 3))


def of(trajectory, *, lags, origins=10**6, step=0.25, species="Li", r_max=None, drift=None, **keywords):
    mean_cell = trajectory.cells.mean(axis=0)
    return van_hove(
        trajectory,
        species,
        radii=radii_within(mean_cell, r_max_A=r_max, step_A=step),
        sampling=Sampling(lags=np.array(lags), origins=origins, **keywords),
        drift=np.zeros((trajectory.frames, 3)) if drift is None else drift,
    )


@pytest.mark.parametrize("cell", [periodic.CUBE, periodic.TILTED], ids=["cube", "tilted"])
def test_an_ideal_gas_has_a_distinct_part_of_one(cell):
    rng = np.random.default_rng(1)
    found = of(periodic.record(rng.random((60, 40, 3)), cell=cell), lags=[0, 3], step=0.5)
    pairs = found.density_per_A3 * 40 * found.radii.volumes_A3 * found.origins[:, None]
    assert np.abs((found.distinct_part - 1.0) * np.sqrt(pairs)).max() < 4.5
    assert np.average(found.distinct_part[1], weights=found.radii.volumes_A3) == pytest.approx(1.0, abs=0.01)


def test_the_self_part_of_a_random_walk_is_gaussian():
    rng, width, lag = np.random.default_rng(2), 0.35, 4
    walk = np.cumsum(rng.normal(scale=width, size=(400, 60, 3)), axis=0)
    found = of(periodic.record(walk @ np.linalg.inv(periodic.TILTED), cell=periodic.TILTED), lags=[lag], step=0.1)
    variance = lag * width**2
    within = maxwell.cdf(found.radii.edges_A, scale=np.sqrt(variance))  # of the length of a Gaussian vector
    counted = found.self_part[0] * found.radii.volumes_A3 * 60 * found.origins[0]
    expected = np.diff(within) * 60 * found.origins[0]
    overlap = np.sqrt(lag)  # steps are shared by so many origins
    assert np.abs(counted - expected).max() < 5 * overlap * np.sqrt(expected.max())
    assert np.average(found.radii.middles_A**2, weights=counted) == pytest.approx(3 * variance, rel=0.02)
    middle = found.radii.middles_A < 1.5
    gaussian = np.exp(-(found.radii.middles_A**2) / (2 * variance)) / (2 * np.pi * variance) ** 1.5
    few = np.sqrt(np.maximum(expected[middle], 1.0))
    assert (np.abs(found.self_part[0] / gaussian - 1)[middle] * few).max() < 4.5 * overlap


def test_four_pi_r_squared_times_the_self_part_integrates_to_one_less_what_left():
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(scale=0.04, size=(120, 20, 3)), axis=0)
    found = of(periodic.record(walk), lags=[0, 5, 60], step=0.1)
    assert (found.radial_self * 0.1).sum(axis=1) == pytest.approx(1.0 - found.beyond, abs=1e-12)
    assert found.beyond[0] == found.beyond[1] == 0.0
    assert 0.05 < found.beyond[2] < 0.5


def test_a_rattling_crystal_has_its_peaks_where_its_neighbours_are():
    rng = np.random.default_rng(4)
    sites = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) / 4
    found = of(periodic.record(sites + rng.normal(scale=0.006, size=(80, 64, 3))), lags=[0, 20], step=0.1)
    a, r, shells = 11.0 / 4, found.radii.middles_A, found.radii.volumes_A3
    near = shells * found.density_per_A3 * found.distinct_part[1]
    for distance, count in ((a, 6), (a * 2**0.5, 12), (a * 3**0.5, 8)):
        peak = np.abs(r - distance) < 0.45
        assert near[peak].sum() == pytest.approx(count, rel=0.02)
        assert np.average(r[peak], weights=near[peak]) == pytest.approx(distance, abs=0.02)
    assert found.distinct_part[1, r < a - 0.5].max() == 0.0
    assert found.radial_self[1, r > 0.5].max() == 0.0


def test_an_ion_that_takes_anothers_place_shows_at_zero_distance():
    rows = np.zeros((2, 2, 3))
    rows[0, 1] = rows[1, 0] = (0.25, 0.0, 0.0)
    found = of(periodic.record(rows), lags=[0, 1], step=0.5)
    pairs = found.distinct_part * found.radii.volumes_A3 * found.density_per_A3
    assert (pairs[0, 5], pairs[1, 0]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert pairs.sum() == pytest.approx(2.0)


@pytest.mark.parametrize("cell", [periodic.CUBE, periodic.TILTED], ids=["cube", "tilted"])
@pytest.mark.parametrize("lag", [0, 2])
def test_the_fast_count_equals_the_naive_double_loop(cell, lag):
    rng = np.random.default_rng(5)
    trajectory = periodic.record(np.cumsum(rng.normal(scale=0.2, size=(5, 9, 3)), axis=0), cell=cell)
    found = of(trajectory, lags=[lag], step=0.3)
    moved, pairs = periodic.naive_van_hove(trajectory.positions, cell, lag=lag, edges=found.radii.edges_A)
    share = found.radii.volumes_A3 * (5 - lag) * 9
    assert found.self_part[0] * share == pytest.approx(moved, abs=1e-9)
    assert found.distinct_part[0] * share * found.density_per_A3 == pytest.approx(pairs, abs=1e-9)
    assert pairs.sum() > 40


def test_blocks_of_pairs_and_of_origins_change_nothing():
    rng = np.random.default_rng(6)
    trajectory = periodic.record(rng.random((6, 300, 3)), cell=periodic.TILTED)  # 90,000 pairs: more than a block
    whole, cut = of(trajectory, lags=[1, 3]), of(trajectory, lags=[1, 3], memory_bytes=1)
    assert np.array_equal(whole.distinct_part, cut.distinct_part)
    assert np.array_equal(whole.self_part, cut.self_part)
    inside = 4 / 3 * np.pi * whole.radii.edges_A[-1] ** 3 * whole.density_per_A3
    counted = (whole.distinct_part * whole.radii.volumes_A3).sum(axis=1) * whole.density_per_A3
    assert counted == pytest.approx(inside, rel=0.01)


def test_origins_are_spread_over_the_whole_trajectory():
    scaled = np.zeros((40, 2, 3))
    scaled[30:, :, 0] = 0.1  # one step late in the run
    found = of(periodic.record(scaled), lags=[1], origins=39, step=0.5)
    assert found.origins[0] == 39
    assert found.self_part[0, 2] * found.radii.volumes_A3[2] == pytest.approx(1 / 39)
    assert of(periodic.record(scaled), lags=[1, 30], origins=3).origins.tolist() == [3, 3]


def test_a_breathing_cell_moves_no_ion():
    breath = 1.0 + 0.02 * np.sin(np.arange(30))
    cells = periodic.TILTED * breath[:, None, None]
    sites = np.random.default_rng(7).random((12, 3)) + 3.0  # three cells away, where breathing would move them most
    found = of(periodic.record(np.broadcast_to(sites, (30, 12, 3)), cell=cells), lags=[7], step=0.1)
    assert found.radial_self[0, 0] * 0.1 == pytest.approx(1.0)


def test_a_drift_of_the_whole_is_no_motion():
    sites = np.random.default_rng(8).random((12, 3))
    drifting = sites + np.linspace(0, 0.5, 20)[:, None, None] * [1.0, 0.3, 0.0]
    trajectory = periodic.record(drifting, species=["Li"] * 6 + ["S"] * 6)
    removed = of(trajectory, lags=[10], step=0.5, drift=msd.drift(trajectory, mobile="Li"))
    assert removed.radial_self[0, 0] * 0.5 == pytest.approx(1.0)
    assert of(trajectory, lags=[10], step=0.5).radial_self[0, 0] == 0.0


def test_a_species_of_the_framework_can_be_asked_for_as_well():
    trajectory = periodic.record(np.random.default_rng(9).random((8, 6, 3)), species=["Li"] * 3 + ["S"] * 3)
    assert (of(trajectory, lags=[1], species="S").species, of(trajectory, lags=[1], species="S").ions) == ("S", 3)


def test_one_ion_has_no_distinct_part():
    found = of(periodic.record(np.random.default_rng(10).random((8, 1, 3))), lags=[1])
    assert (found.ions, found.distinct_part.max()) == (1, 0.0)


# recorded by tests/programs/record_diffusion_library.py with the version that the file names
REFERENCE = json.loads((Path(__file__).parent / "data" / "diffusion_library.json").read_text())


def test_it_agrees_with_pymatgen_analysis_diffusion():
    theirs = REFERENCE["van_hove"]
    positions, cell = np.array(REFERENCE["positions_A"]), np.array(REFERENCE["cell_A"])
    frames, ions = positions.shape[:2]
    r = np.array(theirs["r_A"])
    step, origins = r[1], theirs["origins"]
    smear = np.exp(-((r[:-1, None] - r) ** 2) / (2 * theirs["sigma_A"] ** 2)) / np.sqrt(2 * np.pi) / theirs["sigma_A"]
    squares = 4 * np.pi * r[:-1] ** 2
    squares[0] = np.pi * step**2  # what the library puts in place of zero
    for index, lag in enumerate(theirs["lags"]):
        part = periodic.record(positions[: origins + lag] @ np.linalg.inv(cell), cell=cell)
        found = van_hove(
            part,
            "Li",
            radii=Radii(step_A=step, count=len(r) - 1),
            sampling=Sampling(lags=np.array([lag]), origins=origins),
            drift=np.zeros((origins + lag, 3)),
        )
        assert found.origins[0] == origins
        moved = found.self_part[0] * found.radii.volumes_A3
        near = found.distinct_part[0] * found.radii.volumes_A3 * found.density_per_A3
        density = ions / np.linalg.det(cell)  # the library's ρ
        assert moved @ smear == pytest.approx(theirs["self"][index], abs=1e-9)
        assert (near / squares) @ smear / density == pytest.approx(theirs["distinct"][index], abs=1e-9)
    assert frames == max(theirs["lags"]) + origins


def test_a_radius_beyond_half_the_cell_is_refused():
    with pytest.raises(SettingsError, match="beyond half the cell") as told:
        radii_within(periodic.TILTED, r_max_A=5.2, step_A=0.1)
    assert "at most 5.107 Å" in str(told.value)
    narrow = np.stack([periodic.CUBE, periodic.CUBE * 0.9])
    assert radii_within(narrow, r_max_A=None, step_A=0.1).edges_A[-1] <= 4.95


@pytest.mark.parametrize(("r_max", "step"), [(5.0, 0.0), (-1.0, 0.1), (5.0, 6.0), (5.0, 1e-6), (float("nan"), 0.1)])
def test_radii_that_make_no_histogram_are_refused(r_max, step):
    with pytest.raises(SettingsError, match=r"radii must be positive|make no histogram"):
        radii_within(periodic.CUBE, r_max_A=r_max, step_A=step)


@pytest.mark.parametrize("longest", [5.0, 0.2, 1e9])
def test_fewer_frames_than_the_longest_lag_are_refused(longest):
    trajectory = periodic.record(np.zeros((10, 1, 3)))
    with pytest.raises(SettingsError, match="does not fit into the trajectory") as told:
        sample_lags(trajectory, longest_ps=longest, lags=5, origins=5)
    assert "0.5 to 4.5 ps: the 10 frames are 0.5 ps apart" in str(told.value)
    with pytest.raises(TrajectoryError, match="a lag is longer than the trajectory"):
        of(trajectory, lags=[0, 10])


def test_lags_are_even_and_end_at_the_longest():
    trajectory = periodic.record(np.zeros((101, 1, 3)))
    assert sample_lags(trajectory, longest_ps=20.0, lags=4, origins=5).lags.tolist() == [0, 10, 20, 30, 40]
    assert sample_lags(trajectory, longest_ps=None, lags=1000, origins=5).lags.tolist() == list(range(51))
    with pytest.raises(SettingsError, match="must be positive"):
        sample_lags(trajectory, longest_ps=None, lags=0, origins=5)


def test_an_absent_species_is_named_with_those_that_are_there():
    with pytest.raises(TrajectoryError, match="no atom of the species 'Na'") as told:
        of(periodic.record(np.zeros((3, 2, 3))), lags=[1], species="Na")
    assert "known: Li" in str(told.value)


def test_memory_is_bounded_by_its_setting():
    trajectory = periodic.record(np.random.default_rng(12).random((20_000, 20, 3)))
    peaks = []
    for memory in (2**22, 2**30):
        tracemalloc.start()
        of(trajectory, lags=[1], memory_bytes=memory)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    bench = 6 * 2**20  # the buffers for a block of pairs, whatever is set
    assert peaks[0] < 2**22 + bench
    assert peaks[1] > 2**25  # without the bound, the positions at all origins


def test_a_trajectory_kept_on_disk_by_atoms_gives_the_same():
    held = periodic.record(np.random.default_rng(13).normal(size=(50, 12, 3)), species=["Li"] * 7 + ["S"] * 5)
    paths = Paths(12, frames=50, on_disk=True)
    paths.add(held.positions.transpose(1, 2, 0))
    mapped = replace(held, positions=paths.positions())
    drift = msd.drift(held, mobile="Li")
    assert msd.drift(mapped, mobile="Li") == pytest.approx(drift)
    grid = grid_of(periodic.CUBE, spacing_A=1.0)
    one, two = (of(trajectory, lags=[0, 9], drift=drift) for trajectory in (held, mapped))
    assert np.array_equal(one.distinct_part, two.distinct_part)
    assert np.array_equal(one.self_part, two.self_part)
    one, two = (density(trajectory, "Li", grid=grid, drift=drift) for trajectory in (held, mapped))
    assert np.array_equal(one.values, two.values)
    one, two = (mean_framework(trajectory, mobile="Li", drift=drift) for trajectory in (held, mapped))
    assert one.scaled == pytest.approx(two.scaled)
