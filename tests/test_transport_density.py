"""Probability densities against orbits that are known, symmetry that is put in, and pymatgen-analysis-diffusion."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import periodic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sselmp import cells
from sselmp.errors import SettingsError, TrajectoryError
from sselmp.transport import msd
from sselmp.transport.density import broadened, density, symmetrised
from sselmp.transport.grid import grid_of
from sselmp.transport.symmetry import averaged, space_group
from sselmp.transport.unit_cell import Framework, mean_framework

BOHR_A = 0.529177210903
REFERENCE = json.loads((Path(__file__).parent / "data" / "diffusion_library.json").read_text())


def of(trajectory, *, spacing=1.0, species="Li", repeats=(1, 1, 1), symmetry=None, **keywords):
    grid = grid_of(trajectory.cells.mean(axis=0), spacing_A=spacing, repeats=repeats, symmetry=symmetry)
    return density(trajectory, species, grid=grid, drift=np.zeros((trajectory.frames, 3)), **keywords)


def integral(found):
    return found.values.sum() * cells.volume(found.grid.cell) / BOHR_A**3 / found.grid.points


def argyrodite(repeats=(1, 1, 1), *, mobile=None, frames=1, origin=0.0, disorder=False):
    """Scaled positions of the F-43m framework of Li6PS5Cl in a supercell, with Li at one general point of the cell."""
    faces = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    x = 0.62
    tetrahedron = np.array([[x, x, x], [x, -x, -x], [-x, x, -x], [-x, -x, x]])
    parts = {"Cl": faces, "P": faces + 0.5, "S": faces + 0.25}
    sites = np.concatenate([*parts.values(), *(faces + corner for corner in tetrahedron)])
    species = ["Cl"] * 4 + ["P"] * 4 + ["S"] * 20
    if disorder:
        species[0], species[8] = "S", "Cl"
    lithium = [[0.31, 0.02, 0.02]] if mobile is None else mobile
    shifts = np.stack(np.meshgrid(*[np.arange(n) for n in repeats], indexing="ij"), axis=-1).reshape(-1, 3)
    scaled = np.concatenate([(np.concatenate([sites, lithium]) + shift + origin) / repeats for shift in shifts])
    names = (species + ["Li"] * len(lithium)) * len(shifts)
    return periodic.record(
        np.broadcast_to(scaled, (frames, *scaled.shape)), species=names, cell=np.diag([10.0] * 3) * np.array(repeats)
    )


def test_the_density_integrates_to_the_ions_in_the_cell():
    scaled = np.random.default_rng(0).normal(size=(30, 14, 3))
    trajectory = periodic.record(scaled, species=["Li"] * 12 + ["S"] * 2, cell=periodic.TILTED)
    assert integral(of(trajectory)) == pytest.approx(12)
    assert integral(of(trajectory, repeats=(1, 3, 2))) == pytest.approx(2)
    assert of(trajectory, repeats=(1, 3, 2)).ions == 2


def test_each_ion_is_counted_at_the_nearest_point_also_across_the_cells_faces():
    scaled = np.array([[[0.04, 0.06, 0.96], [-1.04, 2.96, 7.5]]])  # ten points along each axis
    found = of(periodic.record(scaled, cell=np.diag([5.0] * 3)), spacing=0.5)
    assert found.values.shape == (10, 10, 10)
    assert np.argwhere(found.values > 0).tolist() == [[0, 0, 5], [0, 1, 0]]
    assert found.values[0, 0, 5] == pytest.approx(1 / (0.5 / BOHR_A) ** 3)


def test_the_density_of_a_circular_orbit_is_its_line_density():
    steps, radius = 3600, 3.0
    angle = 2 * np.pi * (np.arange(steps) + 0.5) / steps
    orbit = 5.5 + radius * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    found = of(periodic.record(orbit[:, None] / 11.0), spacing=0.25)
    points = np.stack(np.meshgrid(*[np.arange(44) * 0.25] * 3, indexing="ij"), axis=-1) - 5.5
    per_voxel = found.values * (0.25 / BOHR_A) ** 3
    off = np.hypot(np.hypot(points[..., 0], points[..., 1]) - radius, points[..., 2])
    assert per_voxel[off > 0.25 * 3**0.5 / 2].max() == 0.0
    turn = np.arctan2(points[..., 1], points[..., 0]) % (2 * np.pi)
    for quarter in range(4):
        here = (turn >= quarter * np.pi / 2) & (turn < (quarter + 1) * np.pi / 2)
        assert per_voxel[here].sum() == pytest.approx(0.25, abs=0.01)
    line = 1.0 / (2 * np.pi * radius)  # ions per length; an axis-parallel piece of it crosses a voxel in 0.25 Å
    assert per_voxel[np.abs(turn) < 0.02].max() == pytest.approx(0.25 * line, rel=0.05)


@pytest.mark.parametrize("memory", [1, 2**30])
def test_the_fast_binning_equals_a_naive_loop(memory):
    scaled = np.random.default_rng(1).normal(size=(7, 5, 3))
    trajectory = periodic.record(scaled, cell=periodic.TILTED)
    found = of(trajectory, spacing=1.7, memory_bytes=memory)
    naive = np.zeros(found.values.shape)
    for position in trajectory.positions.reshape(-1, 3):
        at = np.rint(position @ np.linalg.inv(periodic.TILTED) * naive.shape).astype(int) % naive.shape
        naive[tuple(at)] += 1
    voxel = np.linalg.det(periodic.TILTED) / naive.size / BOHR_A**3
    assert found.values * voxel * 7 == pytest.approx(naive)


def test_blocks_of_ions_change_nothing():
    scaled = np.random.default_rng(2).random((300, 700, 3))  # 210,000 positions: seven blocks
    trajectory = periodic.record(scaled)
    whole = of(trajectory, spacing=2.0)
    assert np.array_equal(whole.values, of(trajectory, spacing=2.0, memory_bytes=1).values)
    assert integral(whole) == pytest.approx(700)


def test_it_agrees_with_pymatgen_analysis_diffusion():
    theirs = REFERENCE["density"]
    cell, positions = np.array(theirs["cell_A"]), np.array(theirs["positions_A"])
    found = of(periodic.record(positions @ np.linalg.inv(cell), cell=cell), spacing=0.75)
    assert list(found.values.shape) == theirs["shape"]
    assert np.flatnonzero(found.values).tolist() == theirs["voxels"]
    filled = found.values.ravel()[theirs["voxels"]] / BOHR_A**3 / found.ions  # the library's integrates to one
    assert filled == pytest.approx(theirs["per_ion_per_A3"])


def test_a_drift_of_the_whole_does_not_smear_the_density():
    still = argyrodite(frames=1).positions[0]
    moved = still + np.linspace(0, 3, 50)[:, None, None] * [1.0, 0.5, 0.0]
    trajectory = periodic.record(moved / 10, species=argyrodite().species, cell=np.diag([10.0] * 3))
    grid = grid_of(np.diag([10.0] * 3), spacing_A=0.5)
    found = density(trajectory, "Li", grid=grid, drift=msd.drift(trajectory, mobile="Li"))
    assert np.count_nonzero(found.values) == 1


def test_folding_lays_the_cells_of_a_supercell_on_each_other():
    found = of(argyrodite((2, 3, 1)), spacing=0.5, repeats=(2, 3, 1))
    assert np.argwhere(found.values).tolist() == [[6, 0, 0]]
    assert integral(found) == pytest.approx(1)
    assert of(argyrodite((2, 3, 1)), spacing=0.5).values.max() == pytest.approx(found.values.max())


def test_the_folded_framework_is_that_of_the_unit_cell():
    rng = np.random.default_rng(3)
    still = argyrodite((2, 1, 2), frames=40)
    shaken = periodic.record(
        still.positions / (20, 10, 20) + rng.normal(scale=0.01, size=still.positions.shape),
        species=still.species,
        cell=np.diag([20.0, 10.0, 20.0]),
    )
    found = mean_framework(shaken, mobile="Li", drift=np.zeros((40, 3)), repeats=(2, 1, 2))
    expected = mean_framework(argyrodite(), mobile="Li", drift=np.zeros((1, 3)))
    assert sorted(found.species) == sorted(expected.species)
    apart = found.scaled[:, None] - expected.scaled
    apart -= np.round(apart)
    distances = np.linalg.norm(apart @ found.cell, axis=2)
    assert distances.min(axis=0).max() < 0.1
    for site, other in enumerate(distances.argmin(axis=1)):
        assert found.species[site] == expected.species[other]


def test_a_fold_that_the_framework_does_not_have_is_refused():
    with pytest.raises(SettingsError, match="does not repeat 3 times") as told:
        mean_framework(argyrodite((2, 1, 1)), mobile="Li", drift=np.zeros((1, 3)), repeats=(3, 1, 1))
    assert "0 of 56 atoms fall onto 2 others within 1 Å" in str(told.value)


@pytest.mark.parametrize("origin", [0.0, 0.137])
def test_a_density_is_averaged_over_the_frameworks_space_group_wherever_its_origin_is(origin):
    trajectory = argyrodite((2, 2, 2), origin=origin)
    framework = mean_framework(trajectory, mobile="Li", drift=np.zeros((1, 3)), repeats=(2, 2, 2))
    group = space_group(framework, tolerance_A=0.1)
    assert (group.symbol, group.order) == ("F-43m", 96)
    found = of(trajectory, spacing=0.45, repeats=(2, 2, 2), symmetry=group)
    even = symmetrised(found, symmetry=group)
    assert even.symmetry == "F-43m"
    assert integral(even) == pytest.approx(1)
    assert averaged(even.values, symmetry=group) == pytest.approx(even.values, abs=1e-12)
    # The site (0.31, 0.02, 0.02) is the general point of the mirror plane: 48 images of it, some on the same voxel.
    images = (np.argwhere(even.values) + found.grid.offset) / found.grid.shape - origin
    for turn in range(3):
        apart = images - np.roll([0.31, 0.02, 0.02], turn)
        assert np.abs(apart - np.round(apart)).max(axis=1).min() < 0.5 / found.grid.shape[0] + 1e-9


def test_hexagonal_axes_get_grids_of_one_size_and_screw_axes_their_fractions():
    # wurtzite: P6_3mc, translations of c/2
    a, c = 4.0, 6.6
    cell = np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])
    scaled = np.array([[1 / 3, 2 / 3, 0.1], [2 / 3, 1 / 3, 0.6], [1 / 3, 2 / 3, 0.475], [2 / 3, 1 / 3, 0.975]])
    group = space_group(Framework(cell=cell, species=("Zn", "Zn", "S", "S"), scaled=scaled), tolerance_A=0.01)
    assert group.symbol == "P6_3mc"
    grid = grid_of(cell, spacing_A=0.37, symmetry=group)
    assert grid.shape[0] == grid.shape[1] >= a / 0.37
    assert grid.shape[2] % 2 == 0
    once = averaged(np.random.default_rng(4).random(grid.shape), symmetry=group)
    assert averaged(once, symmetry=group) == pytest.approx(once, abs=1e-12)


def test_species_that_share_sites_count_as_one_if_told():
    framework = mean_framework(argyrodite(disorder=True), mobile="Li", drift=np.zeros((1, 3)))
    assert space_group(framework, tolerance_A=0.1).order < 96
    assert space_group(framework, tolerance_A=0.1, alike=("S", "Cl")).symbol == "F-43m"


def test_broadening_is_a_gaussian_and_keeps_the_ions():
    found = of(periodic.record(np.full((1, 1, 3), 0.5), cell=periodic.TILTED), spacing=0.25)
    wide = broadened(found, width_A=0.6)
    assert integral(wide) == pytest.approx(1)
    assert wide.broadening_A == 0.6
    peak = BOHR_A**3 / (2 * np.pi * 0.6**2) ** 1.5
    assert wide.values.max() == pytest.approx(peak, rel=1e-6)
    at = np.array(wide.values.shape) // 2 + [0, 3, -1]
    apart = ([0, 3, -1] / np.array(wide.values.shape)) @ periodic.TILTED
    assert wide.values[tuple(at)] == pytest.approx(peak * np.exp(-(apart @ apart) / (2 * 0.6**2)), rel=1e-6)
    assert broadened(found, width_A=0.0) is found


@settings(max_examples=20, deadline=None)
@given(width=st.floats(0.05, 2.5), seed=st.integers(0, 99))
def test_broadening_never_gives_a_negative_density(width, seed):
    found = of(periodic.record(np.random.default_rng(seed).random((2, 3, 3))), spacing=0.9)
    wide = broadened(found, width_A=width)
    assert wide.values.min() >= 0.0
    assert integral(wide) == pytest.approx(3)


def test_a_grid_too_fine_for_memory_is_refused_with_one_that_fits():
    with pytest.raises(SettingsError, match="too fine for the memory allowed") as told:
        grid_of(np.diag([40.0] * 3), spacing_A=0.05)
    message = str(told.value)
    assert "31,250 MiB" in message
    assert "allowed: 1,024 MiB" in message
    fits = float(message.split("spacing of ")[1].split(maxsplit=1)[0])
    assert grid_of(np.diag([40.0] * 3), spacing_A=fits).points * 64 <= 2**30


@pytest.mark.parametrize("spacing", [0.0, -0.2, float("nan"), float("inf")])
def test_a_spacing_that_is_not_positive_is_refused(spacing):
    with pytest.raises(SettingsError, match="positive spacing"):
        grid_of(periodic.CUBE, spacing_A=spacing)


def test_what_cannot_be_done_to_a_density_is_refused():
    trajectory = argyrodite()
    framework = mean_framework(trajectory, mobile="Li", drift=np.zeros((1, 3)))
    with pytest.raises(TrajectoryError, match="no atom of the species 'Na'"):
        of(trajectory, species="Na")
    with pytest.raises(SettingsError, match="cannot be broadened"):
        broadened(of(trajectory), width_A=3.0)
    with pytest.raises(SettingsError, match="tolerance of a symmetry must be positive"):
        space_group(framework, tolerance_A=0.0)
    with pytest.raises(SettingsError, match="the framework has no species 'Br'"):
        space_group(framework, tolerance_A=0.1, alike=("S", "Br"))
    alone = mean_framework(periodic.record(np.zeros((2, 3, 3))), mobile="Li", drift=np.zeros((2, 3)))
    with pytest.raises(TrajectoryError, match="no framework to take a symmetry from"):
        space_group(alone, tolerance_A=0.1)
    twice = Framework(cell=periodic.CUBE, species=("S", "S"), scaled=np.zeros((2, 3)))
    with pytest.raises(TrajectoryError, match="no space group is found"):
        space_group(twice, tolerance_A=0.1)


def test_memory_beside_the_grid_is_bounded_by_its_setting():
    trajectory = periodic.record(np.random.default_rng(5).random((3000, 700, 3)))
    still = np.zeros((3000, 3))
    grid = grid_of(periodic.CUBE, spacing_A=0.5)
    tracemalloc.start()
    density(trajectory, "Li", grid=grid, drift=still, memory_bytes=2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20 + 8 * 2**20  # of 50 MB of positions; 64 bytes a point, and a block's coordinates
