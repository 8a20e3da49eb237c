"""How long it takes to follow 648 ions over 50,000 frames from site to site, and what memory that needs.

Run it with ``.venv/bin/python benchmarks/hops.py``: lithium rattles about and hops between the 24g sites of 3 x 3 x 3
cells of Li6PS5Cl; the trajectory lies on disk, ordered by atoms, as the readers leave one that exceeds the memory
allowed.
"""

import argparse
import resource
import time

import numpy as np

from sselmp.structures.systems import load_system
from sselmp.trajectory.paths import Paths
from sselmp.trajectory.record import Trajectory
from sselmp.transport.sites import lay_out
from sselmp.transport.surroundings import surroundings
from sselmp.transport.visits import follow

ANCHORS = 8


def hopping(sites, *, frames: int, chance: float):
    """Unwrapped positions of ions that hop to a random neighbouring site with a chance per frame, and their hops."""
    rng = np.random.default_rng(1)
    away = sites.fractional[:, None] - sites.fractional[None]
    distance = np.linalg.norm((away - np.rint(away)) @ sites.cell, axis=2)
    near = np.argsort(distance, axis=1)[:, 1:5]
    room = Paths(len(sites) + ANCHORS, frames=frames, on_disk=True)
    made = 0
    for start in range(len(sites)):
        when = np.flatnonzero(rng.random(frames) < chance)
        at, path = start, np.zeros((frames, 3))
        path[0] = sites.positions[start]
        for frame in when[when > 0]:
            to = near[at, rng.integers(0, 4)]
            step = sites.fractional[to] - sites.fractional[at]
            path[frame] = (step - np.rint(step)) @ sites.cell
            at, made = to, made + 1
        shake = rng.normal(scale=0.4, size=(frames, 3))
        shake *= np.minimum(1.0, 1.19 / np.linalg.norm(shake, axis=1, keepdims=True))
        room.add((np.cumsum(path, axis=0) + shake).T[None])
    still = rng.random((ANCHORS, 3)) @ sites.cell
    room.add(np.repeat(still[:, :, None], frames, axis=2))
    return room.positions(), made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=50_000)
    chosen = parser.parse_args()
    crystal = load_system("Li6PS5Cl").crystal
    ours = np.array(crystal.species) == "Li"
    sites = lay_out(crystal.fractional()[ours], labels=["24g"] * 24, cell=crystal.cell * 3, repeats=(3, 3, 3))
    frames = chosen.frames
    positions, hops = hopping(sites, frames=frames, chance=0.002)
    trajectory = Trajectory(
        steps=np.arange(frames) * 10,
        times_ps=np.arange(frames) * 0.02,
        positions=positions,
        cells=np.broadcast_to(sites.cell, (frames, 3, 3)).copy(),
        species=("Li",) * len(sites) + ("S",) * ANCHORS,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, worked = time.perf_counter(), time.process_time()
    visits = follow(trajectory, surroundings(trajectory, "Li"), sites=sites)
    wall, processor = time.perf_counter() - start, time.process_time() - worked
    found = len(visits.ion) - visits.ions
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{len(sites)} ions x {frames} frames: {wall:.2f} s ({processor:.2f} s of processor)")
    print(f"{wall / len(sites) / frames * 1e9:.0f} ns an ion-frame; {found} hops seen of {hops} made")
    print(f"peak memory {after / 1024:.0f} MiB, {before / 1024:.0f} MiB before (making it)")


if __name__ == "__main__":
    main()
