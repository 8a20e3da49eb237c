"""How long it takes to follow 648 ions over 50,000 frames from site to site, and what memory that needs.

Run it with ``.venv/bin/python benchmarks/hops.py``: lithium rattles about and hops between the 24g sites of 3 x 3 x 3
cells of Li6PS5Cl; the trajectory lies in a file that is mapped into memory, as a long run's does.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sselmp.structures.systems import load_system
from sselmp.trajectory.record import Trajectory
from sselmp.transport.sites import lay_out
from sselmp.transport.surroundings import surroundings
from sselmp.transport.visits import follow

ANCHORS = 8


def hopping(path: Path, sites, *, frames: int, chance: float):
    """Positions of ions that hop to a random neighbouring site with a chance per frame, written frame by frame."""
    rng = np.random.default_rng(1)
    away = sites.fractional[:, None] - sites.fractional[None]
    distance = np.linalg.norm((away - np.rint(away)) @ sites.cell, axis=2)
    near = np.argsort(distance, axis=1)[:, 1:5]
    at, home = np.arange(len(sites)), sites.positions.copy()
    anchors = rng.random((ANCHORS, 3)) @ sites.cell
    stored = np.lib.format.open_memmap(path, "w+", dtype=np.float64, shape=(frames, len(sites) + ANCHORS, 3))
    hops = 0
    for frame in range(frames):
        going = np.flatnonzero(rng.random(len(sites)) < chance)
        to = near[at[going], rng.integers(0, 4, len(going))]
        step = sites.fractional[to] - sites.fractional[at[going]]
        home[going] += (step - np.rint(step)) @ sites.cell
        at[going] = to
        hops += len(going)
        stored[frame, : len(sites)] = home + rng.normal(scale=0.4, size=home.shape)
        stored[frame, len(sites) :] = anchors
    stored.flush()
    return hops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--memory", type=float, default=64.0, help="setting, MiB")
    chosen = parser.parse_args()
    crystal = load_system("Li6PS5Cl").crystal
    ours = np.array(crystal.species) == "Li"
    sites = lay_out(crystal.fractional()[ours], labels=["24g"] * 24, cell=crystal.cell * 3, repeats=(3, 3, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "positions.npy"
        hops = hopping(path, sites, frames=chosen.frames, chance=0.002)
        frames, memory = chosen.frames, chosen.memory
        positions = np.load(path, mmap_mode="r")
        trajectory = Trajectory(
            steps=np.arange(frames) * 10,
            times_ps=np.arange(frames) * 0.02,
            positions=positions,
            cells=np.broadcast_to(sites.cell, (frames, 3, 3)).copy(),
            species=("Li",) * len(sites) + ("S",) * ANCHORS,
        )
        del positions
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, worked = time.perf_counter(), time.process_time()
        around = surroundings(trajectory, "Li")
        visits = follow(trajectory, around, sites=sites, memory_MB=memory)
        wall, processor = time.perf_counter() - start, time.process_time() - worked
    found = len(visits.ion) - visits.ions
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{len(sites)} ions x {frames} frames: {wall:.2f} s ({processor:.2f} s of processor)")
    print(f"{wall / len(sites) / frames * 1e9:.0f} ns an ion-frame; {found} hops seen of {hops} made")
    print(f"peak memory {after / 1024:.0f} MiB, {before / 1024:.0f} MiB before (pages of the mapped file count)")


if __name__ == "__main__":
    main()
