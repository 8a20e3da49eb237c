"""Radial distributions and coordination numbers of crystals, gases and pymatgen-analysis-diffusion's own."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import periodic
import pytest

from sselmp.errors import SettingsError, TrajectoryError
from sselmp.transport.pairs import Radii, radii_within
from sselmp.transport.rdf import rdf, spread_frames

REFERENCE = json.loads((Path(__file__).parent / "data" / "diffusion_library.json").read_text())


def of(trajectory, centre, partner, *, step=0.25, frames=10**6):
    chosen = spread_frames(trajectory, frames)
    radii = radii_within(trajectory.cells[chosen], r_max_A=None, step_A=step)
    return rdf(trajectory, centre, partner=partner, radii=radii, frames=chosen)


def rock_salt(*, rattle=0.004, frames=30):
    """Two cells along each axis of rock salt with a = 5.5 Å."""
    sites = np.array(list(itertools.product(range(4), repeat=3)))
    scaled = sites / 4 + np.random.default_rng(0).normal(scale=rattle, size=(frames, 64, 3))
    return periodic.record(scaled, species=["Li" if sum(site) % 2 == 0 else "Cl" for site in sites])


@pytest.mark.parametrize("cell", [periodic.CUBE, periodic.TILTED], ids=["cube", "tilted"])
def test_an_ideal_gas_is_spread_evenly(cell):
    scaled = np.random.default_rng(1).random((80, 60, 3))
    trajectory = periodic.record(scaled, species=["Li"] * 25 + ["S"] * 35, cell=cell)
    for centre, partner, others in (("Li", "S", 35), ("Li", "Li", 24), ("S", "Li", 25)):
        found = of(trajectory, centre, partner, step=0.5)
        pairs = found.radii.volumes_A3 * found.density_per_A3 * 80 * trajectory.species.count(centre)
        assert np.abs((found.g - 1) * np.sqrt(pairs)).max() < 6.5  # each pair of one species is counted twice
        inside = 4 / 3 * np.pi * found.radii.edges_A[-1] ** 3 / np.linalg.det(cell)
        assert found.coordination[-1] == pytest.approx(others * inside, rel=0.03)


def test_rock_salt_has_six_and_twelve_neighbours():
    found = of(rock_salt(), "Li", "Cl", step=0.1)
    shell = found.first_shell
    assert shell.peak_A == pytest.approx(2.75, abs=0.06)
    assert 3.0 < shell.end_A < 4.6
    assert shell.coordination == pytest.approx(6)
    own = of(rock_salt(), "Li", "Li", step=0.1).first_shell
    assert own.peak_A == pytest.approx(2.75 * 2**0.5, abs=0.06)
    assert own.coordination == pytest.approx(12)


def test_the_coordination_number_is_the_integral_of_g():
    found = of(rock_salt(), "Cl", "Li")
    integral = np.cumsum(found.g * found.radii.volumes_A3) * found.density_per_A3
    assert found.coordination == pytest.approx(integral)


@pytest.mark.parametrize("cell", [periodic.CUBE, periodic.TILTED], ids=["cube", "tilted"])
def test_the_fast_count_equals_the_naive_double_loop_also_in_a_breathing_cell(cell):
    rng = np.random.default_rng(2)
    breathing = cell * (1 + 0.03 * rng.normal(size=(4, 1, 1)))
    trajectory = periodic.record(rng.normal(size=(4, 9, 3)), species=["Li"] * 5 + ["S"] * 4, cell=breathing)
    found = of(trajectory, "Li", "S", step=0.4)
    scaled = trajectory.positions @ np.linalg.inv(breathing.mean(axis=0))
    naive = [
        periodic.nearest_distance((scaled[frame, j] - scaled[frame, i]) @ breathing[frame], breathing[frame])
        for frame in range(4)
        for i in range(5)
        for j in range(5, 9)
    ]
    counted = np.diff(found.coordination, prepend=0.0) * 4 * 5
    assert counted == pytest.approx(np.histogram(naive, found.radii.edges_A)[0], abs=1e-9)
    assert counted.sum() > 20


def test_it_agrees_with_pymatgen_analysis_diffusion():
    cell, moving = np.array(REFERENCE["cell_A"]), np.array(REFERENCE["positions_A"])
    still = np.broadcast_to(REFERENCE["still_A"], (len(moving), 2, 3))
    scaled = np.concatenate([moving, still], axis=1) @ np.linalg.inv(cell)
    trajectory = periodic.record(scaled, species=["Li"] * 5 + ["S"] * 2, cell=cell)
    r = REFERENCE["rdf"]["r_A"]
    radii = Radii(step_A=r[1], count=len(r) - 1)
    found = rdf(trajectory, "S", partner="Li", radii=radii, frames=spread_frames(trajectory, 1000))
    assert found.g == pytest.approx(np.array(REFERENCE["rdf"]["g"][:-1]), abs=1e-9)


def test_frames_are_spread_over_the_trajectory():
    trajectory = rock_salt(frames=11)
    assert spread_frames(trajectory, 3).tolist() == [0, 5, 10]
    assert spread_frames(trajectory, 99).tolist() == list(range(11))
    with pytest.raises(SettingsError, match="at least one frame"):
        spread_frames(trajectory, 0)


def test_an_absent_species_is_named_and_a_lone_ion_has_no_shell():
    with pytest.raises(TrajectoryError, match="no atom of the species 'P'"):
        of(rock_salt(), "Li", "P")
    alone = of(periodic.record(np.zeros((2, 1, 3))), "Li", "Li")
    assert (alone.first_shell, alone.coordination[-1]) == (None, 0.0)
