"""Li6PS5Cl whose Li exchange places with neighbours at known times, also in run folders; nothing is simulated."""

from __future__ import annotations

import numpy as np
import walks
import written

from sselmp import layout, manifest
from sselmp.structures.systems import load_system
from sselmp.trajectory.record import Trajectory, from_scaled

STEP = 10


def argyrodite_of_swaps(*, frames: int, every: int, seed: int = 1, rattle_A: float = 0.12) -> Trajectory:
    """One conventional cell, a frame every 20 fs: every so many frames two neighbouring Li exchange places."""
    crystal = load_system("Li6PS5Cl").crystal
    rng = np.random.default_rng(seed)
    lithium = np.flatnonzero(np.array(crystal.species) == "Li")
    at = np.broadcast_to(crystal.fractional(), (frames, len(crystal.species), 3)).copy()
    inverse = np.linalg.inv(crystal.cell)
    for frame in range(every, frames, every):
        one = rng.choice(lithium)
        apart = at[frame, lithium] - at[frame, one]
        apart -= np.round(apart)
        distance = np.linalg.norm(apart @ crystal.cell, axis=1)
        distance[lithium == one] = np.inf
        other, step = lithium[distance.argmin()], apart[distance.argmin()]
        at[frame:, one] += step
        at[frame:, other] -= step
    at += rng.normal(scale=rattle_A, size=at.shape) @ inverse
    return from_scaled(
        at,
        cell_rows=np.broadcast_to(crystal.cell, (frames, 3, 3)).copy(),
        steps=np.arange(frames) * STEP,
        timestep_ps=0.002,
        species=crystal.species,
    )


def frames_of(record: Trajectory) -> written.Frames:
    """A record as the writers of all formats take it."""
    return written.Frames(record.positions @ np.linalg.inv(record.cells[0]), record.cells, record.species)


def fill(folder, record: Trajectory) -> None:
    """Put a trajectory into a prepared run folder, as LAMMPS would have left it."""
    first = manifest.read(folder).equilibration_steps
    text = walks.dump_text(record, first_step=first, cell=record.cells[0])
    (folder / layout.trajectory_name(0)).write_text(text)
