"""Simulations of others: what their own tools said, and what an honest verdict makes of it."""

from __future__ import annotations

import gzip
import json

import numpy as np
import walks

from sselmp.transport.verdict import assess


def displaced(path):
    """(F, N, 3) displacements [Å] and species of a pymatgen DiffusionAnalyzer's JSON."""
    stored = json.loads(path.read_text())
    positions = np.array(stored["displacements"]).transpose(1, 0, 2)
    species = [site["species"][0]["element"].rstrip("+-0123456789") for site in stored["structure"]["sites"]]
    return positions, np.array(species)


def judge(positions, species, mobile, *, spacing_ps):
    relative = positions - positions[:, species != mobile].mean(axis=1, keepdims=True)
    return assess([walks.motion(relative[:, species == mobile], spacing_ps=spacing_ps, species=mobile)])


def test_lgps_at_600_K_agrees_with_the_library_and_is_not_called_diffusive(test_data):
    # 20 ps of Li10GeP2S12 at 600 K: the library's line through it gives 1.1608e-6 cm²/s, without an error bar.
    path = test_data / "diffusion" / "pymatgen-analysis-diffusion" / "DiffusionAnalyzer.json"
    found = judge(*displaced(path), "Li", spacing_ps=0.02)
    assert found.verdict.kind == "not diffusive"
    # The slope still falls at 0.6 ps, the longest scale that 20 ps have; the library's line is at longer times.
    assert 1.1608e-2 < found.diffusivity.D < 5e-2
    assert 1.1608e-2 < found.verdict.upper_bound < 1e-1


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
