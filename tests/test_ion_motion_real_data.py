"""Ab-initio dynamics of ordered Li6PS5Cl at 500 K, of others: its cages, seen in densities and van Hove functions."""

from __future__ import annotations

import numpy as np
import pytest

from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files
from sselmp.transport import msd
from sselmp.transport.density import broadened, density, symmetrised
from sselmp.transport.grid import grid_of
from sselmp.transport.pairs import radii_within
from sselmp.transport.percolation import connection
from sselmp.transport.rdf import rdf, spread_frames
from sselmp.transport.symmetry import space_group
from sselmp.transport.unit_cell import mean_framework
from sselmp.transport.van_hove import sample_lags, van_hove


@pytest.fixture(scope="module")
def argyrodite(test_data):
    path = test_data / "diffusion" / "argyrodite-aimd" / "Li6PS5Cl_0p_run1_XDATCAR.gz"
    return read_files([path], Reading(spacing_ps=0.1))


def test_the_folded_framework_is_F43m_and_lithium_stays_in_closed_cages_around_its_free_sulfur(argyrodite):
    drift = msd.drift(argyrodite, mobile="Li")
    framework = mean_framework(argyrodite, mobile="Li", drift=drift, repeats=(2, 2, 2))
    assert {symbol: framework.species.count(symbol) for symbol in ("P", "S", "Cl")} == {"P": 4, "S": 20, "Cl": 4}
    group = space_group(framework, tolerance_A=0.3)
    assert group.symbol == "F-43m"
    grid = grid_of(argyrodite.cells.mean(axis=0), spacing_A=0.25, repeats=(2, 2, 2), symmetry=group)
    found = broadened(density(argyrodite, "Li", grid=grid, drift=drift), width_A=0.2)
    found = symmetrised(found, symmetry=group)
    assert connection(found.values, level=found.values.mean()).dimensions == 0
    free = [
        site
        for site, symbol in zip(framework.scaled, framework.species, strict=True)
        if symbol == "S" and _nearest(framework, site, "P") > 3.0
    ]
    assert len(free) == 4
    points = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    scaled = (points + grid.offset) / grid.shape
    apart = np.stack([scaled - site for site in free])
    distance = np.linalg.norm((apart - np.round(apart)) @ grid.cell, axis=-1).min(axis=0)
    # A shell of 2 to 3.5 Å around each free S, 56 % of the cell, holds nearly all the lithium; nothing is within.
    assert found.values[(distance > 2.0) & (distance < 3.5)].sum() > 0.9 * found.values.sum()
    assert found.values[distance < 1.5].sum() < 0.01 * found.values.sum()


def _nearest(framework, site, symbol):
    apart = framework.scaled[np.array(framework.species) == symbol] - site
    return np.linalg.norm((apart - np.round(apart)) @ framework.cell, axis=1).min()


def test_neighbours_are_at_the_distances_of_lithium_sulfides(argyrodite):
    frames = spread_frames(argyrodite, 20)
    radii = radii_within(argyrodite.cells, r_max_A=None, step_A=0.05)
    sulfur = rdf(argyrodite, "P", partner="S", radii=radii, frames=frames).first_shell
    assert sulfur.peak_A == pytest.approx(2.06, abs=0.05)
    assert sulfur.coordination == pytest.approx(4.0, abs=0.01)
    assert rdf(argyrodite, "Li", partner="S", radii=radii, frames=frames).first_shell.peak_A == pytest.approx(
        2.43, abs=0.1
    )


def test_lithium_hops_within_its_cage_and_others_take_its_place(argyrodite):
    found = van_hove(
        argyrodite,
        "Li",
        radii=radii_within(argyrodite.cells, r_max_A=None, step_A=0.1),
        sampling=sample_lags(argyrodite, longest_ps=None, lags=3, origins=20),
        drift=msd.drift(argyrodite, mobile="Li"),
    )
    r = found.radii.middles_A
    assert found.distinct_part[0, r < 1.5].max() == 0.0  # no two ions at one place at one time
    assert found.distinct_part[-1, r < 0.5].mean() > 1.0  # but one after the other
    assert found.beyond[-1] == 0.0
    assert 0.1 < (found.radial_self[-1, r > 2.0] * 0.1).sum() < 0.6
