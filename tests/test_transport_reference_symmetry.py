"""Space groups that are given, laid over runs that lie elsewhere, vibrate, and whose polyanions rotate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import periodic
import pytest
from scipy.spatial.transform import Rotation

from sselmp.errors import SettingsError, TrajectoryError
from sselmp.structures.crystallography import space_group_named
from sselmp.structures.supercell import repeat
from sselmp.structures.systems import load_system
from sselmp.transport.density import broadened, density, symmetrised
from sselmp.transport.grid import grid_of
from sselmp.transport.reference_symmetry import agreement, group_of_name, group_of_structure, placed
from sselmp.transport.surroundings import surroundings
from sselmp.transport.symmetry import space_group
from sselmp.transport.unit_cell import mean_framework

CRYSTAL = load_system("Li6PS5Cl").crystal
SHIFT = np.array([0.13, -0.31, 0.42])


def run_of(*, frames=60, repeats=(1, 1, 1), rotating=False, seed=0):
    """Li6PS5Cl away from its origin, with one Li of the cell only, vibrating; its PS4 turn at random if asked to."""
    rng = np.random.default_rng(seed)
    whole = repeat(CRYSTAL, repeats)
    at = np.broadcast_to(whole.fractional() + SHIFT / repeats, (frames, len(whole.species), 3)).copy()
    species = np.array(whole.species)
    if rotating:
        sulfur = np.flatnonzero(species == "S")
        for phosphorus in np.flatnonzero(species == "P"):
            apart = at[0, sulfur] - at[0, phosphorus]
            apart = (apart - np.round(apart)) @ whole.cell
            bound = np.linalg.norm(apart, axis=1) < 2.5
            for frame, turn in enumerate(Rotation.random(frames, random_state=rng)):
                at[frame, sulfur[bound]] = at[frame, phosphorus] + turn.apply(apart[bound]) @ np.linalg.inv(whole.cell)
    at += rng.normal(scale=0.1, size=at.shape) @ np.linalg.inv(whole.cell)
    keep = [*np.flatnonzero(species != "Li").tolist(), int(np.flatnonzero(species == "Li")[0])]
    return periodic.record(at[:, keep], species=species[keep].tolist(), cell=whole.cell)


def laid(run, repeats=(1, 1, 1)):
    around = surroundings(run, "Li")
    return around, placed(CRYSTAL, around, mobile="Li", repeats=repeats)


def averaged_density(run, around, group, repeats=(1, 1, 1)):
    grid = grid_of(around.cell, spacing_A=0.5, repeats=repeats, symmetry=group)
    found = broadened(density(run, "Li", grid=grid, drift=around.drift_A), width_A=0.3)
    return symmetrised(found, symmetry=group)


@pytest.mark.parametrize("repeats", [(1, 1, 1), (2, 1, 1)])
def test_the_group_of_a_structure_spreads_one_ion_over_its_whole_orbit_where_the_run_lies(repeats):
    run = run_of(repeats=repeats)
    around, place = laid(run, repeats)
    group = group_of_structure(place, mobile="Li")
    assert (group.symbol, group.order) == ("F-43m", 96)
    found = averaged_density(run, around, group, repeats)
    # the orbit of the one Li is all 24 sites of the structure, shifted as the run is
    sites = (CRYSTAL.fractional()[np.array(CRYSTAL.species) == "Li"] + SHIFT) % 1.0
    points = np.round(sites * found.grid.shape - found.grid.offset).astype(int) % found.grid.shape
    heights = found.values[tuple(points.T)]
    assert heights.min() > 0.4 * found.values.max()
    assert found.values.max() > 10 * found.values.mean()


def test_a_group_by_number_or_symbol_is_that_of_the_structure():
    run = run_of()
    around, place = laid(run)
    own = averaged_density(run, around, group_of_structure(place, mobile="Li"))
    for name in ("216", "F-43m", "F -4 3 m"):
        group = group_of_name(name, place, crystal=CRYSTAL)
        assert group.symbol == "F-43m"
        assert averaged_density(run, around, group).values == pytest.approx(own.values, abs=1e-12)
    assert averaged_density(run, around, group_of_name("1", place, crystal=CRYSTAL)).operations == 1


def test_polyanions_that_rotate_hide_the_symmetry_of_mean_positions_but_not_one_that_is_given():
    run = run_of(rotating=True, frames=300)
    around, place = laid(run)
    assert "S" in around.resting.species  # the free one
    assert len(around.resting.species) == 12
    group = group_of_structure(place, mobile="Li")
    assert agreement(run, group, around=around) > 0.8
    with pytest.raises(TrajectoryError, match="no space group is found"):
        space_group(mean_framework(run, mobile="Li", drift=around.drift_A), tolerance_A=0.3)
    heights = averaged_density(run, around, group)
    assert heights.values.max() > 10 * heights.values.mean()
    apart = place.alignment.shift - SHIFT
    shifts = apart[None] + np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    assert np.abs(shifts - np.round(shifts)).max(axis=1).min() < 0.01


def test_a_group_that_the_framework_does_not_have_is_refused():
    run = run_of()
    around, place = laid(run)
    right = agreement(run, group_of_structure(place, mobile="Li"), around=around)
    assert right > 0.95
    off = replace(group_of_structure(place, mobile="Li"), origin=place.alignment.shift + np.array([0.05, 0, 0]))
    with pytest.raises(TrajectoryError, match="does not have the space group F-43m"):
        agreement(run, off, around=around)
    with pytest.raises(TrajectoryError, match="does not have the space group Fd-3m") as told:
        agreement(run, group_of_name("227", place, crystal=CRYSTAL), around=around)
    assert "--alike" in str(told.value)
    with pytest.raises(TrajectoryError, match="does not keep the lengths and angles"):
        group_of_name("P6/mmm", place, crystal=CRYSTAL)


def test_a_group_of_the_unit_cell_wants_the_run_folded_into_it():
    run = run_of(repeats=(2, 1, 1))
    _, place = laid(run)
    with pytest.raises(SettingsError, match="the density's cell is larger") as told:
        group_of_name("216", place, crystal=CRYSTAL)
    assert "2x1x1 of these" in str(told.value)
    assert group_of_structure(place, mobile="Li").order == 64  # what the doubled cell leaves of 2 x 96 operations


def test_a_group_that_does_not_exist_is_told_with_those_like_it():
    assert space_group_named("225") == (225, "Fm-3m")
    assert space_group_named("P2_1/c")[0] == 14
    with pytest.raises(SettingsError, match="no space group 'F-43n'") as told:
        space_group_named("F-43n")
    assert "did you mean" in str(told.value)
    for name in ("0", "231", ""):
        with pytest.raises(SettingsError, match="no space group"):
            space_group_named(name)
