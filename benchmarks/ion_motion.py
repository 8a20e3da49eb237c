"""Seconds for van Hove functions and densities, beside pymatgen-analysis-diffusion, in one process and one run.

Run it where that library is installed, with this checkout on the path:
``OMP_NUM_THREADS=1 PYTHONPATH=. SOME/ENVIRONMENT/bin/python benchmarks/ion_motion.py``. The library is run once, ours
before and after it; ``--small`` for a tenth of the origins, ``--alone`` to leave the library out.
"""

import argparse
import json
import os
import platform
import statistics
import time

import numpy as np

from sselmp.trajectory.record import from_scaled
from sselmp.transport.density import density
from sselmp.transport.grid import grid_of
from sselmp.transport.pairs import Radii
from sselmp.transport.van_hove import Sampling, van_hove

CELL = np.diag([20.0, 20.0, 20.0])
FRAMES, IONS, LAGS, R_MAX, SHELLS = 1000, 192, 20, 9.5, 95


def walk(frames, ions):
    """(F, n, 3) scaled coordinates of a random walk in CELL."""
    rng = np.random.default_rng(0)
    steps = rng.normal(scale=0.002, size=(frames, ions, 3))
    steps[0] = rng.random((ions, 3))
    return np.cumsum(steps, axis=0)


def trajectory(frames, ions):
    still = np.broadcast_to(np.random.default_rng(1).random((8, 3)), (frames, 8, 3))
    return from_scaled(
        np.concatenate([walk(frames, ions), still], axis=1),
        cell_rows=np.broadcast_to(CELL, (frames, 3, 3)).copy(),
        steps=np.arange(frames),
        timestep_ps=0.1,
        species=("Li",) * ions + ("S",) * 8,
    )


def seconds(work, repeats):
    """Wall and processor seconds of each repeat; the processor's are less disturbed by what else is running."""
    found = []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - wall, time.process_time() - processor))
    return found


def library(record, lags, *, origins):
    """The same lags by the library; its origins are consecutive."""
    from pymatgen.analysis.diffusion.aimd.van_hove import VanHoveAnalysis
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
    from pymatgen.core import Lattice, Structure

    skip = int(lags[1])
    frames = skip * (len(lags) - 1) + origins
    positions = record.positions[:frames]
    start = Structure(Lattice(CELL), record.species, positions[0], coords_are_cartesian=True)
    analyzer = DiffusionAnalyzer(
        start, (positions - positions[0]).transpose(1, 0, 2), "Li", 600, time_step=1, step_skip=100, smoothed=False
    )

    def work():
        VanHoveAnalysis(analyzer, avg_nsteps=origins, ngrid=SHELLS + 1, rmax=R_MAX, step_skip=skip, species=("Li",))

    return work


def medians(times):
    return tuple(statistics.median(kind) for kind in zip(*times, strict=True))


def report(name, times, *, per):
    print(
        json.dumps(
            {"what": name, "wall_s, cpu_s": [[round(t, 4) for t in one] for one in times], **per(*medians(times))}
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    origins = 5 if options.small else 50
    record = trajectory(FRAMES, IONS)
    lags = np.arange(LAGS) * ((FRAMES - origins) // LAGS)
    drift = np.zeros((FRAMES, 3))
    radii, sampling = Radii(step_A=R_MAX / SHELLS, count=SHELLS), Sampling(lags=lags, origins=origins)
    print(json.dumps({"machine": platform.processor() or platform.machine(), "load": os.getloadavg()[0]}))

    def ours():
        van_hove(record, "Li", radii=radii, sampling=sampling, drift=drift)

    pairs = LAGS * origins * IONS**2
    before = seconds(ours, 3)
    theirs = [] if options.alone else seconds(library(record, lags, origins=origins), 1)
    after = seconds(ours, 3)
    report(
        f"van Hove, {LAGS} lags x {origins} origins",
        before + after,
        per=lambda wall, cpu: {"ns_per_pair": [1e9 * s / pairs for s in (wall, cpu)]},
    )
    if theirs:
        report(
            "the same, library",
            theirs,
            per=lambda wall, cpu: {"times_ours": [wall / medians(before + after)[0], cpu / medians(before + after)[1]]},
        )
    long = trajectory(10_000, 648)
    grid = grid_of(CELL, spacing_A=0.2)
    still = np.zeros((10_000, 3))
    report(
        "density, 10,000 frames x 648 ions, 100^3 voxels",
        seconds(lambda: density(long, "Li", grid=grid, drift=still), 5),
        per=lambda wall, cpu: {"us_per_atom_frame": [1e6 * s / (10_000 * 648) for s in (wall, cpu)]},
    )


if __name__ == "__main__":
    main()
