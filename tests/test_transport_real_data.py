"""Simulations of others: what their own tools said, and what an honest verdict makes of it."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import walks

from sselmp import units
from sselmp.transport.collective import charge_motion
from sselmp.transport.conductivity import Carriers, nernst_einstein
from sselmp.transport.msd import mean_squared_displacement
from sselmp.transport.verdict import assess


def displaced(path):
    """(F, N, 3) displacements [Å] and species of a pymatgen DiffusionAnalyzer's JSON."""
    stored = json.loads(path.read_text())
    positions = np.array(stored["displacements"]).transpose(1, 0, 2)
    species = [site["species"][0]["element"].rstrip("+-0123456789") for site in stored["structure"]["sites"]]
    return positions, np.array(species)


def moving(positions, species, mobile, *, spacing_ps):
    relative = positions - positions[:, species != mobile].mean(axis=1, keepdims=True)
    return walks.motion(relative[:, species == mobile], spacing_ps=spacing_ps, species=mobile)


def judge(positions, species, mobile, *, spacing_ps):
    return assess([moving(positions, species, mobile, spacing_ps=spacing_ps)])


def librarys_line(msd, lags):
    """D [Å²/ps] of a line with weights 1/t through the MSD at some of its lags, as the library fits by default.

    That takes lags from 1 ps to ions × frames / 30 frames (here two thirds of the run), every third of them.
    """
    times = msd.lags_ps[lags]
    return np.polyfit(times, msd.total[lags], 1, w=times**-0.5)[0] / 6.0


def test_lgps_at_600_K_agrees_with_the_library_and_is_not_called_diffusive(test_data):
    # 20 ps of Li10GeP2S12 at 600 K: the library's line through it gives 1.1608e-6 cm²/s, without an error bar.
    path = test_data / "diffusion" / "pymatgen-analysis-diffusion" / "DiffusionAnalyzer.json"
    found = judge(*displaced(path), "Li", spacing_ps=0.02)
    assert found.verdict.kind == "not diffusive"
    # The slope still falls at 0.6 ps, the longest scale that 20 ps have; the library's line is at longer times.
    assert 1.1608e-2 < found.diffusivity.D < 5e-2
    assert 1.1608e-2 < found.verdict.upper_bound < 1e-1


@pytest.fixture(scope="module")
def lgps(test_data):
    """Motion of the 20 Li, and the volume of the cell [Å³]."""
    path = test_data / "diffusion" / "pymatgen-analysis-diffusion" / "DiffusionAnalyzer.json"
    cell = json.loads(path.read_text())["structure"]["lattice"]["matrix"]
    return moving(*displaced(path), "Li", spacing_ps=0.02), abs(np.linalg.det(cell))


def test_the_librarys_D_conductivity_and_haven_ratio_of_lgps_follow_from_our_msd_fitted_in_its_way(lgps):
    # Numbers of pymatgen-analysis-diffusion 2026.9.23. (1.1608e-6 cm²/s, also quoted for this example, does not
    # belong to the same 74.165 mS/cm.)
    motion, volume = lgps
    lags = np.arange(50, 20 * 1000 // 30, 3)
    D, charge = (librarys_line(mean_squared_displacement([one]), lags) for one in (motion, charge_motion(motion)))
    assert pytest.approx(1.16129306e-6, rel=1e-7) == D * units.A2_PER_PS_IN_CM2_PER_S
    carriers = Carriers("Li", charge=1.0, number_density=motion.ions / volume)
    sigma = nernst_einstein(D, carriers=carriers, temperature_K=600.0) * units.S_PER_M_IN_MS_PER_CM
    assert sigma == pytest.approx(74.16536785, rel=1e-7)
    collective = nernst_einstein(charge, carriers=carriers, temperature_K=600.0) * units.S_PER_M_IN_MS_PER_CM
    assert collective == pytest.approx(232.82787997, rel=1e-7)
    assert D / charge == pytest.approx(0.31854161, rel=1e-7)


def test_our_D_of_lgps_is_that_of_the_librarys_line_at_the_same_lags_and_not_at_those_that_it_takes(lgps):
    motion, _ = lgps
    msd, found = mean_squared_displacement([motion]), assess([motion])
    assert found.diffusivity.window_ps == (0.64, 2.56)
    same = librarys_line(msd, np.arange(32, 129))
    assert abs(same - found.diffusivity.D) < found.diffusivity.error
    # Beyond, the slope goes on falling, which is why neither is quoted as D: the MSD of these 20 ps is sub-linear.
    assert librarys_line(msd, np.arange(50, 666, 3)) < found.diffusivity.interval_95.low
    assert "sub-linear" in found.verdict.reason


def test_na3ps4_at_800_K_moves_fast_but_its_two_picoseconds_prove_nothing(test_data):
    path = test_data / "diffusion" / "pymatgen-analysis-diffusion" / "cNa3PS4_pda.json"
    positions, species = displaced(path)
    found = judge(positions, species, "Na", spacing_ps=0.02)
    assert positions.shape == (100, 128, 3)
    assert not found.verdict.diffusive
    assert found.verdict.upper_bound > found.diffusivity.D > 0.1


def test_ordered_argyrodite_at_500_K_rattles_in_its_cages(test_data):
    path = test_data / "diffusion" / "argyrodite-aimd" / "Li6PS5Cl_0p_run1_XDATCAR.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    cell = np.array([[float(word) for word in line.split()] for line in lines[2:5]])
    counts = [int(word) for word in lines[6].split()]
    species = np.repeat(lines[5].split(), counts)
    starts = [at for at, line in enumerate(lines) if line.startswith("Direct")]
    scaled = np.array([[line.split()[:3] for line in lines[at + 1 : at + 1 + len(species)]] for at in starts], float)
    steps = np.diff(scaled, axis=0)
    unwrapped = scaled[0] + np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps - steps.round(), axis=0)])
    found = judge(unwrapped @ cell, species, "Li", spacing_ps=0.1)
    # Without site disorder Li circles within the cages around S: the MSD bends over below two hops squared.
    assert not found.verdict.diffusive
    assert "sub-linear" in found.verdict.reason
    assert found.msd.total[70] < 2 * 6.25
