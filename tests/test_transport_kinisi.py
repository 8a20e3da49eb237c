"""D and its error beside kinisi's, recorded by benchmarks/kinisi_agreement.py, and a verdict on its LAMMPS example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import walks

from sselmp.trajectory.frames import Reading
from sselmp.trajectory.reading import read_files
from sselmp.transport.diffusion import diffusivity
from sselmp.transport.msd import relative_motion
from sselmp.transport.scales import measure_scales
from sselmp.transport.verdict import assess

RECORDED = json.loads((Path(__file__).parent / "recorded" / "kinisi-2.1.0.json").read_text())


@pytest.fixture(scope="module")
def both():
    """(walks, 2, 2): D and its error, ours and kinisi's, on the same walks from the first frame on [Å²/ps]."""
    found = []
    for seed, their in enumerate(RECORDED["walks"]):
        steps = np.random.default_rng([9, seed]).normal(0.0, 0.2**0.5, (400, 16, 3))
        steps[0] = 0.0
        one = diffusivity(measure_scales([walks.motion(steps.cumsum(axis=0))]), 1)
        found.append([[one.D, one.error], their])
    return np.array(found)


def test_D_is_within_a_third_of_an_error_bar_of_kinisi(both):
    apart = np.abs(both[:, 0, 0] - both[:, 1, 0]) / both[:, 1, 1]
    assert np.median(apart) < 0.2
    assert np.sort(apart)[-3] < 1 / 3
    assert apart.max() < 0.6


def test_error_bars_are_within_a_quarter_of_those_of_kinisi(both):
    ours, theirs = both[:, 0, 1].mean(), both[:, 1, 1].mean()
    assert 0.75 < ours / theirs < 1.25


def test_the_crystal_of_kinisi_is_not_diffusive(test_data):
    folder = test_data / "diffusion" / "kinisi"
    reading = Reading(spacing_ps=1.25, topology=folder / "example_LAMMPS.data", species=("Li", "O"))
    motion = relative_motion(read_files([folder / "example_LAMMPS.dcd"], reading), "Li", mobile="Li")
    found = assess([motion])
    assert found.verdict.kind == "not diffusive"
    assert found.verdict.upper_bound > 9.1e-6  # Å²/ps: what kinisi 2.1.0 calls its D, from 5 ps on
