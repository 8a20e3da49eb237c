"""Records what pymatgen-analysis-diffusion makes of small random walks, in an environment that holds it; prints JSON.

Usage: python record_diffusion_library.py > ../data/diffusion_library.json, which then names the library's version.
"""

import json
import sys
from importlib.metadata import version

import numpy as np
from pymatgen.analysis.diffusion.aimd.pathway import ProbabilityDensityAnalysis
from pymatgen.analysis.diffusion.aimd.rdf import RadialDistributionFunction
from pymatgen.analysis.diffusion.aimd.van_hove import VanHoveAnalysis
from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
from pymatgen.core import Lattice, Structure

TILTED = np.array([[9.0, 0.0, 0.0], [3.0, 8.5, 0.0], [-2.0, 2.5, 9.5]])
BOX = np.diag([9.0, 6.0, 7.5])  # a multiple of the interval along each axis: elsewhere the library's last voxel is odd
INTERVAL, ORIGINS, LAGS, SIGMA, R_MAX, GRID = 0.75, 4, (0, 5, 10), 0.2, 3.6, 25


def walk(cell):
    """(F, 7, 3) walk of five Li, and two S that stand still [Å]; rounded, so that the file holds all of it."""
    rng = np.random.default_rng(11)
    steps = rng.normal(scale=0.5, size=(ORIGINS + LAGS[-1], 7, 3))
    steps[0] = rng.random((7, 3)) @ cell
    steps[1:, 5:] = 0.0
    return np.cumsum(steps, axis=0).round(6)


def analyzer(positions, cell):
    start = Structure(Lattice(cell), ["Li"] * 5 + ["S"] * 2, positions[0], coords_are_cartesian=True)
    moved = (positions - positions[0]).transpose(1, 0, 2)
    return DiffusionAnalyzer(start, moved, "Li", 600, time_step=1, step_skip=100, smoothed=False, min_obs=1)


def main():
    positions = walk(TILTED)
    found = VanHoveAnalysis(
        analyzer(positions, TILTED),
        avg_nsteps=ORIGINS,
        ngrid=GRID,
        rmax=R_MAX,
        step_skip=LAGS[1],
        sigma=SIGMA,
        species=("Li",),
    )
    frames = [Structure(Lattice(TILTED), ["Li"] * 5 + ["S"] * 2, at, coords_are_cartesian=True) for at in positions]
    rdf = RadialDistributionFunction.from_species(
        frames, ngrid=GRID, rmax=R_MAX, species=("Li",), reference_species=("S",)
    )
    boxed = walk(BOX)
    start = Structure(Lattice(BOX), ["Li"] * 5 + ["S"] * 2, boxed[0], coords_are_cartesian=True)
    density = ProbabilityDensityAnalysis(start, boxed @ np.linalg.inv(BOX), interval=INTERVAL, species=("Li",))
    filled = np.flatnonzero(density.Pr)
    record = {
        "library": f"pymatgen-analysis-diffusion {version('pymatgen-analysis-diffusion')}",
        "generator": "tests/programs/record_diffusion_library.py",
        "cell_A": TILTED.tolist(),
        "positions_A": positions[:, :5].tolist(),
        "still_A": positions[0, 5:].tolist(),
        "van_hove": {
            "r_A": found.interval.tolist(),
            "lags": list(LAGS),
            "origins": ORIGINS,
            "sigma_A": SIGMA,
            "self": found.gsrt.tolist(),
            "distinct": found.gdrt.tolist(),
        },
        "rdf": {"r_A": rdf.interval.tolist(), "g": rdf.raw_rdf.tolist()},
        "density": {
            "cell_A": BOX.tolist(),
            "positions_A": boxed[:, :5].tolist(),
            "shape": list(density.Pr.shape),
            "voxels": filled.tolist(),
            "per_ion_per_A3": density.Pr.ravel()[filled].tolist(),
        },
    }
    json.dump(record, sys.stdout)
    print()


if __name__ == "__main__":
    main()
