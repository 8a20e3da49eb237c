"""Ions followed from site to site: hand-made sequences, other cells, a naive follower, rates and what goes wrong."""

from __future__ import annotations

from dataclasses import replace

import argyrodite
import hopping
import numpy as np
import periodic
import pytest

from sselmp.errors import TrajectoryError
from sselmp.structures.systems import load_system
from sselmp.trajectory.paths import Paths
from sselmp.transport.barriers import RateAt, barrier_of
from sselmp.transport.cages import cages_around, free_atoms
from sselmp.transport.counting import pooled, rate_of
from sselmp.transport.hop_analysis import analyse_hops
from sselmp.transport.hop_correlation import correlation_of, simultaneity
from sselmp.transport.hops import cage_hops, hops_of, residences, total_rate
from sselmp.transport.site_sources import NamedSites, sites_of_crystal, sites_of_density, sites_of_user
from sselmp.transport.sites import lay_out, shortest_distance
from sselmp.transport.surroundings import surroundings
from sselmp.transport.visits import follow

CUBE = np.diag([10.0, 10.0, 10.0])


def rows(hops):
    table = np.column_stack([hops.ion, hops.frame, hops.origin, hops.target, hops.image])
    return [tuple(row) for row in table.tolist()]


def visits_of(unwrapped, sites, *, cell=None, drift=None):
    record = hopping.trajectory(np.asarray(unwrapped, float), cell=sites.cell if cell is None else cell, drift=drift)
    return follow(record, surroundings(record, "Li"), sites=sites)


def path(sites, *stops):
    """One ion that is at (site, image) for so many frames."""
    return np.concatenate([np.repeat([sites.fractional[s] + np.array(i)], n, axis=0) for s, i, n in stops])[:, None]


@pytest.mark.parametrize("cell", [CUBE, hopping.TRICLINIC], ids=["cubic", "triclinic"])
def test_a_hand_made_sequence_gives_exactly_its_hops_and_stays(cell):
    sites = hopping.grid_sites(cell)
    there = path(sites, (0, (0, 0, 0), 5), (1, (0, 0, 0), 3), (3, (0, 0, 0), 4), (1, (0, 0, 0), 8))
    visits = visits_of(there, sites)
    assert rows(hops_of(visits)) == [(0, 5, 0, 1, 0, 0, 0), (0, 8, 1, 3, 0, 0, 0), (0, 12, 3, 1, 0, 0, 0)]
    assert (visits.end - visits.begin).tolist() == [5, 3, 4, 8]
    assert visits.occupancy()[[0, 1, 3]].tolist() == [5 / 20, 11 / 20, 4 / 20]


@pytest.mark.parametrize("cell", [CUBE, hopping.TRICLINIC], ids=["cubic", "triclinic"])
def test_hops_across_the_cells_boundary_and_to_an_own_image_keep_their_images(cell):
    sites = hopping.grid_sites(cell)
    there = path(sites, (4, (0, 0, 0), 2), (0, (1, 0, 0), 2), (0, (1, 0, 1), 3), (2, (1, -1, 1), 2))
    assert rows(hops_of(visits_of(there, sites))) == [
        (0, 2, 4, 0, 1, 0, 0),
        (0, 4, 0, 0, 0, 0, 1),
        (0, 7, 0, 2, 0, -1, 0),
    ]


def test_an_ion_belongs_to_the_last_core_that_it_entered_until_it_enters_another():
    sites = hopping.grid_sites(CUBE, radius_A=1.0)
    ends = path(sites, (0, (0, 0, 0), 1), (1, (0, 0, 0), 1))[:, 0]
    along = np.array([0.0, 0.3, 0.6, 0.45, 0.3, 0.0, 0.5, 0.7, 0.9, 1.0])  # five of these are in neither core
    visits = visits_of((ends[0] + along[:, None] * (ends[1] - ends[0]))[:, None], sites)
    assert rows(hops_of(visits)) == [(0, 8, 0, 1, 0, 0, 0)]
    assert visits.outside_fraction == pytest.approx(6 / 10)


def test_a_breathing_and_tilting_cell_and_a_drift_make_no_hop():
    rng = np.random.default_rng(0)
    sites = hopping.grid_sites(hopping.TRICLINIC)
    frames = 60
    still = np.broadcast_to(sites.fractional + np.array([3, -2, 1]), (frames, 8, 3))
    breathing = hopping.TRICLINIC * (1 + 0.03 * np.sin(np.arange(frames))[:, None, None])
    breathing = breathing * hopping.TRICLINIC[0, 0] / breathing.mean(axis=0)[0, 0]
    drift = np.cumsum(rng.normal(scale=0.02, size=(frames, 3)), axis=0)
    # the drift's mean is where the framework is laid: sites are looked for there
    assert len(hops_of(visits_of(still, sites, cell=breathing, drift=drift - drift.mean(axis=0)))) == 0


def test_a_rattling_crystal_has_no_hop_at_all():
    rng = np.random.default_rng(1)
    sites = hopping.grid_sites(CUBE)  # 5 Å apart
    there = sites.fractional + rng.normal(scale=0.6, size=(400, 8, 3)) / 10.0
    visits = visits_of(there, sites)
    assert len(hops_of(visits)) == 0
    assert len(visits.ion) == 8
    found = residences(hops_of(visits), visits)[0]
    assert found.mean_ps == np.inf
    assert found.interval_95.low == pytest.approx(400 * 0.5 * 8 / 3.689, rel=1e-3)  # Garwood's limit for none


def test_following_by_table_agrees_with_trying_every_site_and_image():
    rng = np.random.default_rng(2)
    places = (np.array(list(np.ndindex(2, 2, 2))) + rng.uniform(-0.15, 0.15, (8, 3))) / 2
    apart = shortest_distance(places, hopping.TRICLINIC)[0]
    sites = lay_out(places, labels=list("abcdefgh"), cell=hopping.TRICLINIC, radius_A=0.449 * apart)
    wander = rng.random((1, 5, 3)) + np.cumsum(rng.normal(scale=0.12, size=(80, 5, 3)), axis=0)
    record = hopping.trajectory(wander, cell=hopping.TRICLINIC)
    found = rows(hops_of(follow(record, surroundings(record, "Li"), sites=sites)))
    assert len(found) > 20
    assert found == hopping.naive_hops(wander, sites)


def test_a_trajectory_on_disk_gives_the_same_hops_as_one_in_memory():
    rng = np.random.default_rng(4)
    sites = hopping.grid_sites(CUBE)
    there, _ = hopping.poisson_walk(rng, sites, frames=120, ions=5, chance=0.05)
    record = hopping.trajectory(there, cell=CUBE)
    room = Paths(len(record.species), frames=record.frames, on_disk=True)
    room.add(record.positions.transpose(1, 2, 0))
    mapped = replace(record, positions=room.positions())
    one, other = (follow(run, surroundings(run, "Li"), sites=sites) for run in (record, mapped))
    assert rows(hops_of(one)) == rows(hops_of(other))
    assert np.array_equal(one.in_core, other.in_core)


def test_simulated_hops_are_all_found():
    rng = np.random.default_rng(5)
    sites = hopping.grid_sites(CUBE)
    there, made = hopping.poisson_walk(rng, sites, frames=2000, ions=20, chance=0.01)
    assert len(hops_of(visits_of(there, sites))) == made


def covered(rng, *, draw, truth, exposure, of_frames=400, trials=400):
    inside = 0
    for _ in range(trials):
        interval = rate_of(draw(rng), of_frames=of_frames, exposure_ps=exposure).interval_95
        inside += interval.low <= truth <= interval.high
    return inside / trials


def test_the_interval_of_a_rate_holds_the_truth_for_independent_hops():
    def draw(rng):
        return rng.integers(0, 400, rng.poisson(30))

    assert 0.93 <= covered(np.random.default_rng(6), draw=draw, truth=0.3, exposure=100.0) <= 0.995


def test_the_interval_of_a_rate_holds_the_truth_for_hops_that_come_in_bursts():
    def draw(rng):
        bursts = rng.integers(0, 400, rng.poisson(25))
        return np.repeat(bursts, rng.geometric(0.3, len(bursts)))  # 3.3 hops each, as of an ion that jumps to and fro

    found = covered(np.random.default_rng(7), draw=draw, truth=25 / 0.3 / 100, exposure=100.0)
    naive = np.random.default_rng(8)
    poisson = np.mean([abs(len(draw(naive)) - 25 / 0.3) < 1.96 * (25 / 0.3) ** 0.5 for _ in range(300)])
    assert poisson < 0.8  # the root of the count is far too narrow
    assert found >= 0.91


def test_the_rate_of_simulated_ions_that_jump_back_is_held_by_its_interval():
    sites = hopping.grid_sites(CUBE)
    inside = []
    for seed in range(40):
        walk, _ = hopping.poisson_walk(np.random.default_rng(seed), sites, frames=300, ions=8, chance=0.02, back=0.5)
        visits = visits_of(walk, sites)
        interval = total_rate(hops_of(visits), visits).interval_95
        inside.append(interval.low < 0.02 * 299 / 300 / 0.5 < interval.high)
    assert np.mean(inside) >= 0.87  # three standard deviations below 95 %


def test_no_event_gives_the_classical_limit_and_pooled_runs_count_together():
    none = rate_of(np.zeros(0, dtype=np.int64), of_frames=100, exposure_ps=50.0)
    assert (none.per_ps, none.interval_95.low) == (0.0, 0.0)
    assert none.interval_95.high == pytest.approx(3.689 / 50, rel=1e-3)
    some = rate_of(np.array([3, 40, 77]), of_frames=100, exposure_ps=150.0)
    assert pooled([none, some]).per_ps == pytest.approx(3 / 200)


def test_rates_over_temperatures_give_back_their_barrier():
    rng = np.random.default_rng(9)
    rates = []
    for kelvin in (500.0, 600.0, 750.0, 1000.0):
        mean = 5.0 * np.exp(-0.25 / (8.617333e-5 * kelvin)) * 2e4
        frames = rng.integers(0, 1000, rng.poisson(mean))
        rates.append(RateAt(kelvin, rate_of(frames, of_frames=1000, exposure_ps=2e4)))
    found = barrier_of(rates)
    assert found.interval_95.low < 0.25 < found.interval_95.high
    assert found.error_eV < 0.02
    assert "three temperatures" in barrier_of(rates[:2]).reason


def test_jumps_back_and_the_correlation_factor_are_those_of_the_walk():
    rng = np.random.default_rng(10)
    sites = hopping.grid_sites(CUBE * 1.5, count=(3, 3, 3))
    free, _ = hopping.poisson_walk(rng, sites, frames=3000, ions=60, chance=0.02)
    back, _ = hopping.poisson_walk(rng, sites, frames=3000, ions=60, chance=0.02, back=0.5)
    one, two = (correlation_of(hops_of(visits_of(walk, sites)), sites) for walk in (free, back))
    assert one.back_probability == pytest.approx(1 / 6, abs=0.02)
    assert one.back_expected == pytest.approx(1 / 6, abs=0.01)
    assert one.factor == pytest.approx(1.0, abs=4 * one.factor_error)
    assert two.back_probability == pytest.approx(0.5 + 0.5 / 6, abs=0.02)
    # (1 + c)/(1 - c) with the mean cosine c = -1/2 of one hop with the next: Compaan and Haven
    assert two.factor == pytest.approx(1 / 3, abs=4 * two.factor_error)


def test_independent_ions_hop_at_once_as_often_as_by_chance_and_partners_more_often():
    rng = np.random.default_rng(11)
    sites = hopping.grid_sites(CUBE)
    walk, _ = hopping.poisson_walk(rng, sites, frames=4000, ions=16, chance=0.01)
    alone = visits_of(walk, sites)
    found = simultaneity(hops_of(alone), alone)
    assert found.interval_95.low < 1.0 < found.interval_95.high
    partners = np.concatenate([walk[:, :8], walk[:, :8]], axis=1)
    together = visits_of(partners, sites)
    assert simultaneity(hops_of(together), together).interval_95.low > 2.0


def cage_sites():
    """Six sites around each of two centres along a cell of 12 x 6 x 6 Å, and one site between the two."""
    cell = np.diag([12.0, 6.0, 6.0])
    arms = np.concatenate([np.eye(3), -np.eye(3)]) * 2.0
    centres = np.array([[3.0, 3.0, 3.0], [9.0, 3.0, 3.0]])
    places = np.concatenate([centres[0] + arms, centres[1] + arms, [[6.0, 0.0, 0.0]]])
    sites = lay_out(places / np.diag(cell), labels=["cage"] * 12 + ["between"], cell=cell, radius_A=0.6)
    return sites, cages_around(centres / np.diag(cell), sites, species=("S",), reach_A=2.5)


def test_cages_take_the_sites_around_their_centre_and_leave_those_between_out():
    _, cages = cage_sites()
    assert cages.sizes == (6, 6)
    assert cages.cage.tolist() == [0] * 6 + [1] * 6 + [-1]


def test_hops_within_a_cage_are_told_from_changes_of_cage_and_from_returns_over_a_site_between():
    sites, cages = cage_sites()
    here = (0, 0, 0)
    there = path(
        sites,
        (1, here, 3), (0, here, 3),  # within cage 0
        (9, here, 3),  # over to cage 1 (its arm along -x)
        (12, here, 3), (9, here, 3),  # to a site between and back: no change of cage
        (12, here, 3), (0, here, 3),  # over a site between to cage 0: one change, on arrival
        (3, (1, 0, 0), 10),  # to the image of cage 0 in the next cell: another cage
    )  # fmt: skip
    visits = visits_of(there, sites)
    found = cage_hops(hops_of(visits), visits, cages=cages)
    assert found.is_within.tolist() == [True, False, False, False, False, False, False]
    assert found.is_between.tolist() == [False, True, False, False, False, True, True]
    assert (found.within.count, found.between.count, found.other) == (1, 3, 4)
    assert found.ratio == pytest.approx(1 / 3)


@pytest.fixture(scope="module")
def ordered(test_data):
    record = argyrodite.trajectory(test_data)
    return record, surroundings(record, "Li"), load_system("Li6PS5Cl").crystal


def test_lithium_of_ordered_argyrodite_hops_within_the_cages_around_free_sulfur_only(ordered):
    record, around, crystal = ordered
    sites = sites_of_crystal(crystal, around, mobile="Li")
    assert (len(sites), sites.kinds, sites.repeats) == (192, ("24g",), (2, 2, 2))
    free = free_atoms(around.fractional, species=around.species, centres=("S",), cell=around.cell)
    cages = cages_around(around.fractional[free], sites, species=("S",))
    assert cages.sizes == (6,) * 32
    found = analyse_hops(record, around, sites=sites, cages=cages)
    # Morgan, Chem. Mater. 33 (2021) 2004: without anion disorder the cages are not connected.
    assert found.cages.within.count > 300
    assert found.cages.between.count == 0
    assert (found.network.dimension, found.unit_network.dimension) == (0, 0)
    assert found.residences[0].occupancy == pytest.approx(1.0, abs=0.03)


def test_the_densitys_maxima_are_the_sites_of_the_structure(ordered):
    record, around, crystal = ordered
    known = sites_of_crystal(crystal, around, mobile="Li")
    found = sites_of_density(record, around, mobile="Li", repeats=(2, 2, 2))
    assert len(found) == len(known)
    away = found.fractional[:, None] - known.fractional[None]
    nearest = np.linalg.norm((away - np.rint(away)) @ known.cell, axis=2).min(axis=1)
    assert nearest.max() < 0.8


def test_sites_of_the_users_get_all_their_images_and_land_on_the_structures(ordered):
    _, around, crystal = ordered
    known = sites_of_crystal(crystal, around, mobile="Li")
    named = NamedSites(labels=("T5a",), positions=((0.02, 0.25, 0.25),), space_group=216)
    found = sites_of_user(named, crystal, around=around)
    assert found.kinds == ("T5a",)
    assert np.allclose(np.sort(found.positions, axis=0), np.sort(known.positions, axis=0), atol=1e-6)


def test_the_shortest_distance_is_found_across_boundaries_and_to_an_own_image():
    rng = np.random.default_rng(12)
    for count in (1, 2, 7):
        points = rng.random((count, 3))
        pairs = [
            periodic.nearest_distance((points[i] - points[j]) @ hopping.TRICLINIC, hopping.TRICLINIC)
            for i in range(count)
            for j in range(i)
        ]
        own = min(
            np.linalg.norm(np.array(step) @ hopping.TRICLINIC) for step in np.ndindex(3, 3, 3) if step != (0, 0, 0)
        )
        assert shortest_distance(points, hopping.TRICLINIC)[0] == pytest.approx(min([*pairs, own]))


def test_sites_that_overlap_are_refused_also_across_the_boundary():
    with pytest.raises(TrajectoryError, match="two sites overlap") as error:
        lay_out(np.array([[0.01, 0.5, 0.5], [0.99, 0.5, 0.5]]), labels=["A", "B"], cell=CUBE)
    assert "sites 0 (A) and 1 (B) are 0.200 Å apart" in str(error.value)


def test_cores_without_room_between_them_are_refused_with_the_largest_radius():
    with pytest.raises(TrajectoryError, match="room between them") as error:
        hopping.grid_sites(CUBE, radius_A=2.4)
    assert "up to 2.250 Å" in str(error.value)


def test_an_absent_species_is_refused():
    record = hopping.trajectory(np.zeros((30, 1, 3)) + 0.1, cell=CUBE)
    with pytest.raises(TrajectoryError, match="no atom of the species 'Na'"):
        surroundings(record, "Na")


def test_too_few_frames_are_refused():
    sites = hopping.grid_sites(CUBE)
    one = hopping.trajectory(path(sites, (0, (0, 0, 0), 1)), cell=CUBE)
    with pytest.raises(TrajectoryError):
        follow(one, surroundings(one, "Li"), sites=sites)
    few = hopping.trajectory(path(sites, (0, (0, 0, 0), 4), (1, (0, 0, 0), 4)), cell=CUBE)
    with pytest.raises(TrajectoryError, match="20 frames or more"):
        analyse_hops(few, surroundings(few, "Li"), sites=sites)


def test_sites_where_no_ion_ever_is_are_refused():
    sites = hopping.grid_sites(CUBE, radius_A=0.5)
    with pytest.raises(TrajectoryError, match="no mobile ion was ever in the core"):
        visits_of(np.full((30, 1, 3), 0.5), sites)


def test_an_unknown_or_bonded_species_of_cage_is_refused(ordered):
    _, around, _ = ordered
    keywords = {"species": around.species, "cell": around.cell}
    with pytest.raises(TrajectoryError, match="no species 'Br'"):
        free_atoms(around.fractional, centres=("Br",), **keywords)
    with pytest.raises(TrajectoryError, match="every P of the framework is bonded"):
        free_atoms(around.fractional, centres=("P",), **keywords)


def test_a_structure_that_does_not_fit_the_run_is_refused(ordered):
    _, _, crystal = ordered
    record = hopping.trajectory(np.zeros((30, 1, 3)) + 0.1, cell=CUBE)
    with pytest.raises(TrajectoryError, match="does not fit"):
        sites_of_crystal(crystal, surroundings(record, "Li"), mobile="Li")
